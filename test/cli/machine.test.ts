/**
 * The real program on a machine, or against a peer, on which no request completes: it gives up after five
 * seconds if it never gets a response, and reports the cause.
 */
import assert from 'node:assert/strict';
import { platform } from 'node:os';
import { describe, it } from 'node:test';
import { bug, exitCode } from '../../src/model/outcome.js';
import { answering } from '../support/answering.js';
import { resultOf } from '../support/ndjson.js';
import { runLab, runShell } from '../support/program.js';
import { saying } from '../support/saying.js';

/** A deadline that is never reached: a program that retries until then never ends. */
const direct = ['--direct', '--user', 'rachel', '--timeout', '0'];
const environment = (origin: string): Record<string, string> => ({
  LAB_CONTROLLER: origin,
  LAB_TOKEN: 'gt-a-token-of-the-tests',
});

/** A controller that has one lab, which runs. */
const running = () =>
  answering((response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"status": "running"}');
  });

describe('a machine', { concurrency: 3 }, () => {
  it('on which WebAssembly is switched off is named as the cause, and nothing may have begun', async () => {
    await using server = await running();
    const env = { ...environment(server.origin), NODE_OPTIONS: '--jitless' };
    for (const command of ['spawn', 'status']) {
      const run = await runLab([command, ...direct, '-o', 'json'], env);
      assert.equal(run.code, 7, run.stderr);
      const { error } = resultOf(run.stdout);
      assert.match(
        error?.message ?? '',
        /: WebAssembly does not start on this machine \(WebAssembly is not defined\)$/,
      );
      assert.match(error?.hint ?? '', /without --jitless/);
      assert.equal(error?.type, 'machine');
      assert.doesNotMatch(run.stderr, /may still have started/);
    }
    assert.deepEqual(server.asked, []);
  });

  // macOS has no such limit.
  it('with too little address space is named as the cause', { skip: platform() !== 'linux' }, async () => {
    await using server = await running();
    const run = await runShell(
      `ulimit -v 8000000; lab status ${direct.join(' ')}`,
      environment(server.origin),
    );
    assert.equal(run.code, 7, run.stderr);
    assert.match(
      run.stderr,
      /✖ could not .*: WebAssembly does not start on this machine \(.*memory.*\)\n.*ulimit -v/i,
    );
    assert.deepEqual(server.asked, []);
  });
});

describe('a process', () => {
  // How many files Node needs depends on its version: with too few it does not begin, with enough all is well.
  it(
    'that may open too few files says so, wherever that stops it',
    { skip: platform() !== 'linux' },
    async () => {
      await using server = await running();
      const codes = new Map<number | null, string>();
      for (let files = 16; files < 32 && !codes.has(0); files++) {
        const script = `ulimit -n ${files}; exec "$node" "$lab" status ${direct.join(' ')}`;
        const run = await runShell(script, environment(server.origin));
        assert.doesNotMatch(run.stderr, /internal error/);
        codes.set(run.code, run.stderr);
      }
      assert.ok(codes.has(0), 'no number was enough');
      // Not every version of Node leaves a number at which it begins and the program does not.
      const said = codes.get(7);
      if (said !== undefined) {
        assert.match(said, /this process cannot open more files or connections \(EMFILE\)\n.*ulimit -n/);
      }
    },
  );
});

describe('an exception', () => {
  it('is a bug, unless the machine is short of something', () => {
    for (const code of ['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS']) {
      const outcome = bug(Object.assign(new Error('open'), { code }));
      assert.equal(exitCode(outcome), 7);
      assert.match(outcome.message, new RegExp(`^this (machine|process) .* \\(${code}\\)$`));
    }
    for (const error of [
      new TypeError('x'),
      Object.assign(new Error('open'), { code: 'ENOENT' }),
      'text',
      null,
    ]) {
      assert.equal(exitCode(bug(error)), 70);
    }
  });
});

describe('a response that is not valid HTTP', { concurrency: 3 }, () => {
  for (const [name, bytes] of [
    ['101', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['000', 'HTTP/1.1 000 Nothing\r\n\r\n'],
  ] as const) {
    it(`with status ${name} is called that, and no assertion is worded`, async () => {
      await using server = await saying(bytes);
      const run = await runLab(['status', ...direct], environment(server.origin));
      assert.equal(run.code, 7, run.stderr);
      assert.match(run.stderr, /✖ could not get the lab's status: the response is not valid HTTP\n/);
      assert.doesNotMatch(run.stderr, /==|assert/);
      assert.ok(server.asked.length > 2, 'it was not tried again');
    });
  }

  it('because its headers are too long names an option that helps', async () => {
    const body = '{"status": "running"}';
    await using server = await saying(
      `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(20_000)}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    const env = environment(server.origin);
    const run = await runLab(['status', ...direct], env);
    assert.equal(run.code, 7, run.stderr);
    const [, option = ''] = /longer than 16384 bytes\n.*NODE_OPTIONS=(--\S+)/.exec(run.stderr) ?? [];
    const helped = await runLab(['status', ...direct], { ...env, NODE_OPTIONS: option });
    assert.equal(helped.code, 0, helped.stderr);
  });
});
