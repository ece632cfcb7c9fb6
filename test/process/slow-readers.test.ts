/**
 * The real program with real pipes that are not read, temporarily or at all.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, it } from 'node:test';
import { answering } from '../support/answering.js';
import { resultOf } from '../support/ndjson.js';
import { bin, cleanEnvironment, runLab } from '../support/program.js';

/** For a program that would never end. */
const limited = { timeout: 60_000 };

const settings = (origin: string) => ({ LAB_CONTROLLER: origin, LAB_TOKEN: 'gt-a-token-of-the-tests' });

let kill = (): void => undefined;
afterEach(() => {
  kill();
});

interface Unread {
  stdout: Readable;
  stderr: Readable;
  signal: (signal: NodeJS.Signals) => void;
  exited: Promise<unknown[]>;
}

/** Starts `lab` with pipes that are not read from. */
function start(args: string, origin: string): Unread {
  const child = spawn(process.execPath, [bin, ...args.split(' ')], {
    env: cleanEnvironment(settings(origin)),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  kill = () => child.kill('SIGKILL');
  const signal = (each: NodeJS.Signals): void => void child.kill(each);
  return { stdout: child.stdout, stderr: child.stderr, signal, exited: once(child, 'exit') };
}

const event = 'event: info\r\ndata: {"message": "a message of some length", "progress": 3}\r\n\r\n';
const complete = 'event: complete\r\ndata: {"message": "up"}\r\n\r\n';

/** Sends this number of events, which is more than a pipe holds. */
function flood(response: ServerResponse, count: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(event.repeat(count));
}

describe('a reader of stdout that does not read', () => {
  const users = Array.from({ length: 20_000 }, (_, i) => `a-user-with-a-name-${i}`);
  const listing = (response: ServerResponse, { url }: { url: string }): void => {
    if (!url.endsWith('/labs')) return;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(users));
  };

  it('is waited for beyond the deadline, where the outcome was found in time', limited, async () => {
    await using server = await answering(listing);
    const run = start('list --timeout 2s -o json', server.origin);
    await once(run.stdout, 'readable');
    // Another run, whose deadline is later.
    const later = await runLab(['status', '-u', 'demo', '--timeout', '5s'], settings(server.origin));
    assert.equal(later.code, 7);
    const result = resultOf(await text(run.stdout));
    assert.deepEqual([result.outcome, result.users?.length], ['ok', users.length]);
    assert.deepEqual(await run.exited, [0, null]);
  });

  it('is left after a signal, by which the process then ends', limited, async () => {
    await using server = await answering(listing);
    const run = start('list -o json', server.origin);
    await once(run.stdout, 'readable');
    run.signal('SIGTERM');
    assert.deepEqual(await run.exited, [null, 'SIGTERM']);
  });

  for (const output of ['-o text', '-o ndjson', '--raw']) {
    it(`does not keep the program from ending at the deadline (${output})`, limited, async () => {
      await using server = await answering((response, { url }) => {
        if (url.endsWith('/events')) flood(response, 50_000);
        else response.writeHead(200, { 'content-type': 'application/json' }).end('{"status": "pending"}');
      });
      const run = start(`events -u demo --timeout 2s ${output}`, server.origin);
      assert.deepEqual(await run.exited, [124, null]);
    });
  }
});

describe('a reader of stderr that does not read', () => {
  it('changes neither the outcome nor the result', limited, async () => {
    await using server = await answering((response) => {
      flood(response, 50_000);
      response.end(complete);
    });
    const run = start('events -u demo --timeout 30s -o json --progress plain', server.origin);
    const result = resultOf(await text(run.stdout));
    assert.deepEqual([result.outcome, result.events], ['complete', 50_001]);
    assert.deepEqual(await run.exited, [0, null]);
  });

  it('gets the number of dropped lines when it reads again', limited, async () => {
    let sent = 0;
    let poured = (): void => undefined;
    const hasPoured = new Promise<void>((resolve) => (poured = resolve));
    let end = (): void => undefined;
    await using server = await answering((response) => {
      end = () => response.end(complete);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const pour = (): void => {
        // Far more than all intermediate buffers hold.
        if (sent >= 400_000) {
          poured();
          return;
        }
        sent += 2_000;
        response.write(event.repeat(2_000), pour);
      };
      pour();
    });
    const run = start('events -u demo --timeout 0 -o json --progress plain', server.origin);
    const result = text(run.stdout);
    await hasPoured;
    let messages = '';
    run.stderr.on('data', (chunk: Buffer) => (messages += chunk.toString()));
    while (!messages.includes('left out')) await once(run.stderr, 'data');
    end();
    assert.deepEqual(await run.exited, [0, null]);
    assert.equal(resultOf(await result).events, sent + 1);
    // More than once, if a busy machine lets the reader stop again.
    const notes = [...messages.matchAll(/^\((\d+) lines were left out because stderr was not read\)$/gm)];
    const leftOut = notes.reduce((sum, [, count]) => sum + Number(count), 0);
    const shown = messages.match(/ 3% {2}a message of some length$/gm)?.length ?? 0;
    assert.equal(shown + leftOut, sent);
    assert.match(messages, / up\n.*\n$/);
  });
});
