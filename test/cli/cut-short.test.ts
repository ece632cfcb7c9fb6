/**
 * What a run reports when a signal or the deadline ends it, or when it leaves by itself: the real program. It reports
 * that an operation continues only if that is true.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startSimulator, type SimulatorOptions } from '../../src/simulator/server.js';
import { answering } from '../support/answering.js';
import { realClock } from '../support/clock.js';
import { runLab, startLab, type Finished } from '../support/program.js';

/** With a controller at which a lab is being spawned. */
async function during<T>(
  options: Partial<SimulatorOptions>,
  use: (env: Record<string, string>) => Promise<T>,
): Promise<T> {
  const controller = await startSimulator({ clock: realClock, speed: 1, ...options });
  controller.beginSpawn();
  try {
    return await use({ LAB_CONTROLLER: controller.url, LAB_TOKEN: controller.token });
  } finally {
    await controller.close();
  }
}

/** Runs `lab` until something was seen, and interrupts it there. */
async function interrupted(
  args: readonly string[],
  at: RegExp,
  env: Record<string, string> = {},
): Promise<Finished> {
  const run = startLab(args, env);
  await run.seen(at);
  run.child.kill('SIGINT');
  return run.finished;
}

describe('a demo that is left', { concurrency: 2 }, () => {
  it('ends with the program, whose message promises nothing else', async () => {
    const left = await interrupted(['spawn', '--demo', 'slow-pull'], /Created Kubernetes objects/);
    assert.equal(left.code, 130);
    assert.match(left.stderr, /interrupted; the demo ends here\n$/);
    const late = await runLab(['wait', '--demo', 'slow-pull', '--timeout', '2s']);
    assert.equal(late.code, 124);
    assert.match(late.stderr, /timed out; the demo ends here\n {2}last event, at 0:0\d: info: .*\n$/);
    const detached = await Promise.all([
      runLab(['spawn', '--demo', '-d']),
      runLab(['stop', '--demo', 'immediate', '-d']),
    ]);
    assert.deepEqual(
      detached.map(({ code }) => code),
      [0, 0],
    );
    for (const { stderr } of [left, late, ...detached]) {
      assert.match(stderr, /; the demo ends here\n(?: {2}last event.*\n)?$/);
      assert.doesNotMatch(stderr, /`lab|goes on/);
    }
  });
});

describe('a deadline', { concurrency: 2 }, () => {
  it('says for `events` that there is no outcome, and for `--follow` that nothing new has started', async () => {
    await during({ scenario: 'slow-pull' }, async (env) => {
      const { code, stderr } = await runLab(['events', '--timeout', '2s'], env);
      assert.equal(code, 124);
      assert.match(stderr, /timed out; the stream has not reported an outcome\n {2}last event.*\n$/);
    });
    await during({ scenario: 'immediate', speed: 50 }, async (env) => {
      const { code, stderr } = await runLab(['events', '--follow', '--timeout', '3s'], env);
      assert.equal(code, 124);
      assert.match(
        stderr,
        /timed out; no new operation has begun\n {2}last event, at 0:0\d: complete: .*\n$/,
      );
    });
  });

  it('counts a response that the user is unknown as contact, after a restart too', async () => {
    let asked = 0;
    await using server = await answering((response) => {
      asked += 1;
      if (asked === 1) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end('event: complete\ndata: {"message": "up"}\n\n');
      } else if (asked < 4) {
        response.destroy();
      } else {
        response.writeHead(404, { 'content-type': 'application/json' });
        response.end('{"detail":[{"msg":"Unknown user demo","type":"unknown_user"}]}');
      }
    });
    const { code, stderr } = await runLab(['events', '--follow', '-u', 'demo', '--timeout', '5s'], {
      LAB_CONTROLLER: server.origin,
      LAB_TOKEN: 'gt-x',
    });
    assert.ok(asked > 4);
    assert.equal(code, 124, stderr);
    assert.match(stderr, /timed out; no new operation has begun\n {2}last event.*\n$/);
  });

  it('says for `wait --for absent` whether an operation is in progress', async () => {
    const wait = ['wait', '--for', 'absent', '--timeout', '2s'];
    await during({ scenario: 'immediate', speed: 50 }, async (env) => {
      assert.equal((await runLab(['wait'], env)).code, 0);
      const idle = await runLab(wait, env);
      assert.equal(idle.code, 124);
      assert.match(idle.stderr, /timed out; the lab is running, and is not being deleted\n$/);
      assert.equal((await runLab(['stop'], env)).code, 0);
    });
    await during({ scenario: 'immediate', speed: 0.1 }, async (env) => {
      assert.equal((await runLab(['wait'], env)).code, 0);
      assert.equal((await runLab(['stop', '-d'], env)).code, 0);
      const busy = await runLab(wait, env);
      assert.equal(busy.code, 124);
      assert.match(busy.stderr, /timed out; the operation continues in the controller\n {2}last event.*\n$/);
    });
  });
});

describe('an interruption', { concurrency: 2 }, () => {
  it('does not say of a lab that was refused so far that it may be created', () =>
    during({ scenario: 'immediate', speed: 0.1 }, async (env) => {
      assert.equal((await runLab(['wait'], env)).code, 0);
      assert.equal((await runLab(['stop', '-d'], env)).code, 0);
      const { code, stderr } = await interrupted(['spawn'], /Shutting down/, env);
      assert.equal(code, 130);
      assert.match(stderr, /interrupted; the controller has not accepted the request for a lab\n$/);
    }));

  it('does not claim that a deletion continues if it never reached the controller', async () => {
    const server = await answering(() => undefined);
    await server.close();
    const { code, stderr } = await interrupted(['stop', '-u', 'demo', '--direct', '-v'], /retrying/, {
      LAB_CONTROLLER: server.origin,
    });
    assert.equal(code, 130);
    assert.match(stderr, /interrupted; the controller has not accepted the deletion\n$/);
  });

  it('says for a create without a response that it may have started, and how to check', async () => {
    await using server = await answering((response, { method }) => {
      if (method === 'POST') response.destroy();
      else response.writeHead(503, { 'content-type': 'text/plain' }).end();
    });
    const { code, stderr } = await interrupted(['spawn', '-u', 'demo', '-v'], /retrying, attempt 2/, {
      LAB_CONTROLLER: server.origin,
      LAB_TOKEN: 'gt-x',
    });
    assert.equal(code, 130);
    assert.match(
      stderr,
      /it may have started to create the lab\n.*`lab status` shows whether there is a lab/,
    );
  });
});
