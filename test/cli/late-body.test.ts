/**
 * The real program against responses whose body never ends: status and headers decide how they are interpreted.
 */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { answering, type Answering } from '../support/answering.js';
import { startLab, runLab } from '../support/program.js';

const direct = ['--direct', '--user', 'rachel'];

/** Every request gets this response, with an endless body. */
const open = (status: number, headers: Record<string, string>, body = '{"detail": '): Promise<Answering> =>
  answering((response) => {
    response.writeHead(status, headers).write(body);
  });

const environment = ({ origin }: Answering): Record<string, string> => ({
  LAB_CONTROLLER: origin,
  LAB_TOKEN: 'gt-a-token-of-the-tests',
});

describe('a refusal whose body never ends', { concurrency: 3 }, () => {
  for (const command of ['status', 'list', 'images', 'events', 'spawn']) {
    it(`ends ${command} as one`, async () => {
      await using server = await open(403, { 'content-type': 'application/json' });
      // A deadline that is never reached: a program that waits for the body never ends.
      const run = await runLab([command, ...direct, '--timeout', '0'], environment(server));
      assert.equal(run.code, 3, run.stderr);
      assert.match(run.stderr, /✖ could not .*: HTTP 403 Forbidden\n/);
      assert.equal(server.asked.length, 1);
    });
  }

  it('is one also where the deadline passes before its text has come', async () => {
    await using server = await open(403, { 'content-type': 'application/json' });
    const run = await runLab(['status', ...direct, '--timeout', '2s'], environment(server));
    assert.equal(run.code, 3, run.stderr);
  });
});

describe('a response that is not an event stream', { concurrency: 3 }, () => {
  for (const [headers, is] of [
    [{ 'content-type': 'text/plain' }, 'text/plain'],
    [{ 'content-type': 'text/event-streamx' }, 'text/event-streamx'],
    [
      { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' },
      'compressed (gzip), which was not requested',
    ],
  ] as const) {
    it(`but ${is}, and stays open, is called that at once`, async () => {
      const answer = (response: ServerResponse, { method, url }: { method: string; url: string }): void => {
        if (method === 'POST') response.writeHead(201, { 'content-type': 'application/json' }).end('null');
        else if (url.endsWith('/events')) response.writeHead(200, headers).write(': open\n\n');
        else response.writeHead(200, { 'content-type': 'application/json' }).end('{"status": "pending"}');
      };
      await using server = await answering(answer);
      const run = startLab(['spawn', ...direct, '--timeout', '0', '-v'], environment(server));
      const said = `the response is ${is} (HTTP 200 OK)`.replace(/[()]/g, '\\$&');
      await run.seen(new RegExp(`retrying, attempt 1: could not read rachel's event stream: ${said}`));
      run.child.kill('SIGTERM');
      assert.equal((await run.finished).code, 143);
    });
  }
});
