/**
 * The real program as a child process: every ending that can be reached, its exit code, and its result object.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { startSimulator, type SimulatedController } from '../../src/simulator/server.js';
import { answering } from '../support/answering.js';
import { realClock } from '../support/clock.js';
import { resultOf } from '../support/ndjson.js';
import { bin, cleanEnvironment, runLab, runShell, startLab } from '../support/program.js';

let controller: SimulatedController;
let env: Record<string, string>;

before(async () => {
  controller = await startSimulator({ clock: realClock, speed: 100 });
  env = { LAB_CONTROLLER: controller.url, LAB_TOKEN: controller.token };
});
after(() => controller.close());

/** Each test has its own user at its own controller, so that none sees another's lab. */
async function withController<T>(
  scenario: string,
  use: (env: Record<string, string>, controller: SimulatedController) => Promise<T>,
  speed = 100,
): Promise<T> {
  const own = await startSimulator({ clock: realClock, speed, scenario });
  try {
    return await use({ LAB_CONTROLLER: own.url, LAB_TOKEN: own.token }, own);
  } finally {
    await own.close();
  }
}

interface Case {
  name: string;
  scenario?: string;
  speed?: number;
  /** A spawn is under way before the command begins. */
  underWay?: boolean;
  args: string[];
  code: number;
  outcome: string;
  stderr: RegExp;
}

const cases: Case[] = [
  {
    name: 'a lab that comes up',
    args: ['spawn'],
    code: 0,
    outcome: 'complete',
    stderr: /✔ Lab is running \(0:\d\d\)\n/,
  },
  {
    name: 'a replaced lab',
    scenario: 'recreate',
    args: ['spawn'],
    code: 0,
    outcome: 'complete',
    stderr: /Deleting existing failed lab/,
  },
  {
    name: 'frames that are no Events',
    scenario: 'malformed',
    args: ['spawn'],
    code: 0,
    outcome: 'complete',
    stderr: /skipped: unknown event type/,
  },
  { name: 'a detached spawn', args: ['spawn', '-d'], code: 0, outcome: 'detached', stderr: /`lab wait`/ },
  {
    name: 'a lab that fails',
    scenario: 'image-pull-failure',
    args: ['spawn'],
    code: 1,
    outcome: 'failed',
    stderr: /✖ Lab spawn failed: .*ImagePullBackOff/,
  },
  {
    name: 'a spawn that times out there',
    scenario: 'spawn-timeout',
    args: ['spawn'],
    code: 1,
    outcome: 'failed',
    stderr: /Lab spawn timed out after 3\.0/,
  },
  {
    name: 'a stream with a frame that is no Event, strictly',
    scenario: 'malformed',
    underWay: true,
    args: ['events', '--strict'],
    code: 1,
    outcome: 'failed',
    stderr: /invalid frame: /,
  },
  {
    name: 'events of a user never seen',
    args: ['events'],
    code: 4,
    outcome: 'not-found',
    stderr: /Unknown user demo/,
  },
  {
    name: 'a conflict',
    scenario: 'conflict',
    speed: 1,
    args: ['spawn', '--on-conflict', 'fail'],
    code: 5,
    outcome: 'conflict',
    stderr: /spawn already in progress/,
  },
  {
    name: 'an unknown image',
    args: ['spawn', '--tag', 'nope'],
    code: 6,
    outcome: 'refused',
    stderr: /Docker tag "nope" not found/,
  },
  {
    name: 'an unknown size',
    args: ['spawn', '--size', 'ginormous'],
    code: 6,
    outcome: 'refused',
    stderr: /Input should be 'fine'/,
  },
  {
    name: 'a size that the site lacks',
    args: ['spawn', '--size', 'gargantuan'],
    code: 6,
    outcome: 'refused',
    stderr: /Invalid lab size "gargantuan"[^]*--size/,
  },
  {
    name: 'a deadline',
    scenario: 'slow-pull',
    speed: 1,
    // Enough time for a busy machine to reach the controller.
    args: ['spawn', '--timeout', '5s'],
    code: 124,
    outcome: 'timeout',
    stderr: /timed out; the operation continues/,
  },
];

describe('endings', { concurrency: 4 }, () => {
  for (const { name, scenario = 'happy', speed, underWay, args, code, outcome, stderr } of cases) {
    it(`${name}: ${code}, as text, json and ndjson`, () =>
      withController(
        scenario,
        async (own, embedded) => {
          if (underWay === true) embedded.beginSpawn();
          const text = await runLab(args, own);
          assert.equal(text.code, code, text.stderr);
          assert.match(text.stderr, stderr);
          assert.doesNotMatch(text.stderr, /^ +at /m);
          const isUp = outcome === 'complete' && args[0] === 'spawn';
          assert.equal(
            text.stdout,
            isUp ? 'http://lab.userlabs-demo:8888/nb/user/demo/\n' : args[0] === 'spawn' ? '' : text.stdout,
          );
        },
        speed,
      ));
    for (const mode of ['json', 'ndjson']) {
      it(`${name}: ${code}, as ${mode}`, () =>
        withController(
          scenario,
          async (own, embedded) => {
            if (underWay === true) embedded.beginSpawn();
            const run = await runLab([...args, '-o', mode], own);
            assert.equal(run.code, code, run.stderr);
            const result = resultOf(run.stdout);
            assert.deepEqual([result.outcome, result.exit_code], [outcome, code]);
            assert.equal(result.error === undefined, code === 0);
            if (mode === 'json') assert.equal(run.stdout.split('\n').length, 2);
            if (outcome === 'complete') assert.equal(result.lab?.status, 'running');
          },
          speed,
        ));
    }
  }
});

describe('not authenticated', () => {
  it('a token that is not valid: 3', async () => {
    const run = await runLab(['spawn', '-o', 'json'], { ...env, LAB_TOKEN: 'gt-wrong' });
    assert.equal(run.code, 3);
    assert.equal(resultOf(run.stdout).error?.status, 401);
    assert.doesNotMatch(run.stdout + run.stderr, /gt-wrong/);
  });

  it("another user's lab: 3", async () => {
    const run = await runLab(['spawn', '--user', 'other'], env);
    assert.equal(run.code, 3);
    assert.match(run.stderr, /Permission denied/);
  });

  it('a refusal whose text never comes to its end: 3', async () => {
    await using server = await answering((response) => {
      response.writeHead(403, { 'content-type': 'text/html' }).write('<html>');
    });
    const run = await runLab(['status', '--user', 'demo', '--idle-timeout', '1s'], {
      ...env,
      LAB_CONTROLLER: server.origin,
    });
    assert.equal(run.code, 3);
    assert.match(run.stderr, /HTTP 403 Forbidden/);
  });

  it('a redirect to a login page: 3', async () => {
    await using server = await answering((response) => {
      response.writeHead(302, { location: 'https://login.example.org/' }).end();
    });
    const run = await runLab(['spawn'], { ...env, LAB_CONTROLLER: server.origin });
    assert.equal(run.code, 3);
    assert.match(run.stderr, /redirected to https:\/\/login\.example\.org/);
  });
});

describe('nothing known', { concurrency: 3 }, () => {
  it('connection refused: 7', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const run = await runLab(['spawn', '-o', 'ndjson'], {
      ...env,
      LAB_CONTROLLER: `http://127.0.0.1:${port}`,
    });
    assert.equal(run.code, 7);
    assert.equal(resultOf(run.stdout).outcome, 'unknown');
    assert.match(run.stderr, /the connection was refused/);
  });

  it('a response that is not from a controller: 7', async () => {
    await using server = await answering((response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    });
    const run = await runLab(['spawn'], { ...env, LAB_CONTROLLER: server.origin });
    assert.equal(run.code, 7);
    assert.match(run.stderr, /a web page[^]*Check that http/);
  });

  for (const command of [['status'], ['events', '--user', 'demo'], ['spawn', '--user', 'demo']]) {
    it(`a response that is not HTTP: 7, before the deadline (${command[0] ?? ''})`, async (t) => {
      const server = createServer((socket) => {
        t.after(() => socket.destroy());
        socket.on('error', () => undefined);
        socket.end('SSH-2.0-OpenSSH_9.9\r\n');
      });
      t.after(() => server.close());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const own = { ...env, LAB_CONTROLLER: `http://127.0.0.1:${port}` };
      const run = await runLab([...command, '-o', 'ndjson', '--timeout', '20s'], own);
      assert.equal(run.code, 7);
      const { error } = resultOf(run.stdout);
      assert.equal(error?.type, 'network');
      assert.match(error.message, /the server does not speak HTTP on this port$/);
    });
  }

  it('a controller that never responds: 7 at the deadline, wherever the user’s name comes from', async () => {
    await using server = await answering((response, { url }) => {
      if (url !== '/auth/api/v1/user-info') return;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"username": "demo"}');
    });
    for (const user of [['--user', 'demo'], []]) {
      const run = await runLab(['spawn', ...user, '--timeout', '1s'], {
        ...env,
        LAB_CONTROLLER: server.origin,
      });
      assert.equal(run.code, 7);
      assert.match(run.stderr, /timed out; outcome unknown/);
    }
  });

  it('a controller that is gone while `lab events --follow` waits: 7 at the deadline', async () => {
    await using server = await answering((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end('event: complete\ndata: {"message": "up"}\n\n', () => void server.close());
    });
    const run = await runLab(['events', '--follow', '--user', 'demo', '--timeout', '3s'], {
      ...env,
      LAB_CONTROLLER: server.origin,
    });
    assert.equal(run.code, 7);
    assert.match(run.stdout, /^complete/);
    assert.match(run.stderr, /timed out; outcome unknown: .*the connection was refused/);
  });
});

describe('signals', { concurrency: 4 }, () => {
  for (const [signal, code] of [
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    for (const mode of ['text', 'ndjson']) {
      it(`${signal} leaves with ${code} and the way back (${mode})`, () =>
        withController(
          'slow-pull',
          async (own) => {
            const run = startLab(['spawn', '-o', mode], own);
            await run.seen(/Created Kubernetes objects/);
            run.child.kill(signal);
            const { code: ended, stdout, stderr } = await run.finished;
            assert.equal(ended, code);
            assert.match(stderr, /the spawn continues in the controller\n.*`lab wait`.*`lab stop`/);
            if (mode === 'ndjson') {
              const result = resultOf(stdout);
              assert.deepEqual([result.outcome, result.exit_code], ['interrupted', code]);
            }
          },
          1,
        ));
    }
  }

  it('count while a token is awaited, and so does the deadline', async () => {
    for (const file of ['-']) {
      // The other end of stdin stays open, and sends nothing.
      const child = spawn(
        process.execPath,
        [bin, 'spawn', '--token-file', file, '--timeout', '300ms', '-o', 'json'],
        {
          env: cleanEnvironment(env),
          stdio: ['pipe', 'pipe', 'inherit'],
        },
      );
      const stdout = text(child.stdout);
      assert.deepEqual(await once(child, 'exit'), [7, null]);
      assert.equal(resultOf(await stdout).outcome, 'unknown');
    }
  });

  it('a second one exits immediately, even with unread output', async () => {
    await using server = await answering((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end('event: info\r\ndata: {"message": "x"}\r\n\r\n'.repeat(20_000));
    });
    // Nobody reads stdout, so there is always something left to be written.
    const child = spawn(process.execPath, [bin, 'events', '-u', 'demo', '-o', 'ndjson'], {
      env: cleanEnvironment({ ...env, LAB_CONTROLLER: server.origin }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'exit');
    await once(child.stdout, 'readable');
    child.kill('SIGTERM');
    assert.match(String(await once(child.stderr, 'data')), /interrupted/);
    child.kill('SIGTERM');
    // While Node itself is leaving, the signal's default action may be faster; a shell sees 143 either way.
    const [code, signal] = (await ended) as [number | null, string | null];
    assert.ok(code === 143 || signal === 'SIGTERM');
  });
});

describe('closed pipes', { concurrency: 4 }, () => {
  for (const args of [
    'spawn --demo',
    'spawn --demo -o ndjson',
    'events --demo',
    'events --demo --raw',
    'help exit-codes',
    'spawn --help',
    '--version',
  ]) {
    it(`lab ${args} | head -1 ends quietly`, async () => {
      const run = await runShell(
        `lab ${args} 2> >(grep -iE "epipe|error|at .*:" >&2) | head -1; exit "\${PIPESTATUS[0]}"`,
      );
      assert.ok(run.code === 141 || run.code === 0, `exit ${run.code}`);
      assert.equal(run.stderr, '');
      assert.equal(run.stdout.split('\n').length, 2);
    });
  }

  it('what still has to be written then is 141', async () => {
    const run = await runShell('lab spawn --demo -o ndjson | head -1 > /dev/null; exit "${PIPESTATUS[0]}"');
    assert.equal(run.code, 141);
  });

  it('a full disk is said as what it is', async () => {
    for (const command of [
      'help exit-codes',
      '--version',
      'spawn --demo immediate',
      'events --demo immediate -o ndjson',
      'controller',
    ]) {
      const run = await runShell(`lab ${command} > /dev/full`);
      assert.equal(run.code, 7, command);
      assert.match(run.stderr, /cannot write to stdout: no space left/);
      assert.doesNotMatch(run.stderr, /bug/);
    }
  });

  it('a stderr that cannot be written takes nothing from the result', async () => {
    const run = await runShell('lab spawn --demo immediate -o json 2> /dev/full');
    assert.equal(run.code, 0);
    assert.equal(resultOf(run.stdout).outcome, 'complete');
  });

  it('a closed stderr changes nothing', async () => {
    for (const closing of ['2>&-', '2> >(true)']) {
      const run = await runShell(`lab spawn --demo immediate ${closing}`);
      assert.equal(run.code, 0, closing);
      assert.equal(run.stdout, 'http://lab.userlabs-demo:8888/nb/user/demo/\n');
    }
  });
});
