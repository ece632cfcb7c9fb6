/**
 * The real program behind a bad network: however its connections fail, it reports the true outcome, and each
 * event once and in order.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { startSimulator, type SimulatedController } from '../../src/simulator/server.js';
import { answering } from '../support/answering.js';
import { realClock } from '../support/clock.js';
import { startFaultProxy, type Fault, type FaultProxy } from '../support/fault-proxy.js';
import { parseLines, resultOf } from '../support/ndjson.js';
import { runLab, startLab, type Finished } from '../support/program.js';

interface Stage {
  controller: SimulatedController;
  proxy: FaultProxy;
  env: Record<string, string>;
}

/** A controller, the proxy before it, and the environment in which the program knows only the proxy. */
async function onStage<T>(
  { scenario = 'happy', speed = 4 }: { scenario?: string; speed?: number },
  play: (stage: Stage) => Promise<T>,
): Promise<T> {
  const controller = await startSimulator({ clock: realClock, scenario, speed, pingSeconds: 15 });
  const proxy = await startFaultProxy(controller.origin);
  try {
    const env = { LAB_CONTROLLER: proxy.through(controller.url), LAB_TOKEN: controller.token };
    return await play({ controller, proxy, env });
  } finally {
    await proxy.close();
    await controller.close();
  }
}

interface Told {
  type: string;
  message: string;
  progress: number | null;
}

/** The queue as a plain HTTP client reads it, when the operation is over. */
async function queueOf({ url, token, user }: SimulatedController): Promise<Told[]> {
  const answer = await fetch(`${url}/spawner/v1/labs/${user}/events`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const frames = (await answer.text()).matchAll(/event: (\w+)\r\ndata: (.*)\r\n\r\n/g);
  return [...frames].map(([, type = '', json = '']) => ({
    progress: null,
    ...(JSON.parse(json) as { message: string }),
    type,
  }));
}

function shown({ stdout }: Finished): Told[] {
  const events = parseLines(stdout).flatMap((line) => (line.kind === 'event' ? [line] : []));
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  return events.map(({ event }) => event as Told);
}

/** The states of the connection, in order. */
function connections({ stdout }: Finished): string[] {
  return parseLines(stdout).flatMap((line) => (line.kind === 'connection' ? [line.state] : []));
}

/** A spawn that succeeded, and of which every event was reported once. */
async function assertWhole(run: Finished, controller: SimulatedController): Promise<void> {
  assert.equal(run.code, 0, run.stdout + run.stderr);
  assert.equal(resultOf(run.stdout).outcome, 'complete');
  const queue = await queueOf(controller);
  assert.ok(queue.length >= 10);
  assert.deepEqual(shown(run), queue);
  assert.equal(resultOf(run.stdout).events, queue.length);
}

/** In the middle of the frame of this progress. */
const at = (progress: number): string => `"progress": ${progress}`;

/** Connections that are kept open for later are gone as well. */
async function goAway(proxy: FaultProxy): Promise<void> {
  await proxy.refuse();
  proxy.now('drop');
}

const spawn = ['spawn', '-o', 'ndjson'];

describe('a spawn over a bad network ends as it would over a good one', { concurrency: 2 }, () => {
  for (const [name, manner] of [
    ['late', { delayMs: 150 }],
    ['byte by byte', { split: true }],
    ['at 2000 bytes per second', { bytesPerSecond: 2000 }],
  ] as const) {
    it(`when all arrives ${name}`, () =>
      onStage({}, async ({ controller, proxy, env }) => {
        proxy.manner = () => manner;
        const run = await runLab(spawn, env);
        await assertWhole(run, controller);
        assert.deepEqual(connections(run), ['open']);
        assert.ok(proxy.bytes.down > 1000, 'it went through the proxy');
      }));
  }

  for (const fault of [
    'drop',
    'reset',
    'half-close-client',
    'half-close-server',
  ] as const satisfies Fault[]) {
    it(`when two streams end in the middle of an event: ${fault}`, () =>
      onStage({}, async ({ controller, proxy, env }) => {
        const struck = [proxy.strike({ fault, after: at(48) })];
        void struck[0]?.then(() => struck.push(proxy.strike({ fault, after: at(67) })));
        const run = await runLab(spawn, env);
        await Promise.all(struck);
        assert.equal(struck.length, 2);
        await assertWhole(run, controller);
        const twice = Array.from({ length: 2 }, () => ['lost', 'retrying', 'resumed']).flat();
        assert.deepEqual(connections(run), ['open', ...twice]);
      }));
  }

  it('when it ends in the middle of `complete`', () =>
    onStage({}, async ({ controller, proxy, env }) => {
      const struck = proxy.strike({ fault: 'drop', after: 'event: compl' });
      const run = await runLab(spawn, env);
      await struck;
      await assertWhole(run, controller);
    }));

  it('when the connection turns into a black hole', () =>
    onStage({}, async ({ controller, proxy, env }) => {
      const struck = proxy.strike({ fault: 'black-hole', after: at(48) });
      const run = await runLab([...spawn, '--idle-timeout', '1s'], env);
      await struck;
      await assertWhole(run, controller);
      const lost = parseLines(run.stdout).find((line) => line.kind === 'connection' && line.state === 'lost');
      assert.equal(lost?.kind === 'connection' && lost.reason, 'no byte for 1 s');
      assert.deepEqual(connections(run).slice(-1), ['resumed']);
    }));

  it('when connections are refused for a while', () =>
    onStage({}, async ({ controller, proxy, env }) => {
      const run = startLab(spawn, env);
      await run.seen(/"progress":48/);
      await goAway(proxy);
      // It has found more than once that the server is not listening.
      await run.seen(/"retrying","attempt":3/);
      await proxy.accept();
      const finished = await run.finished;
      await assertWhole(finished, controller);
      assert.deepEqual(connections(finished).slice(0, 2), ['open', 'lost']);
      assert.match(finished.stdout, /"retrying","attempt":2,"reason":"[^"]*the connection was refused/);
    }));

  it('when the controller restarts, and emits again what it still knows', () =>
    onStage({ scenario: 'restart', speed: 1 }, async ({ controller, env }) => {
      const run = await runLab(spawn, env);
      assert.equal(run.code, 0, run.stdout + run.stderr);
      assert.equal(resultOf(run.stdout).outcome, 'complete');
      const states = connections(run);
      assert.deepEqual(
        [states.slice(0, 2), states.slice(-2)],
        [
          ['open', 'lost'],
          ['resumed', 'replaced'],
        ],
      );
      const queue = await queueOf(controller);
      const events = shown(run);
      const lines = parseLines(run.stdout);
      const replaced = lines.findIndex((line) => line.kind === 'connection' && line.state === 'replaced');
      const after = lines.slice(replaced).filter(({ kind }) => kind === 'event').length;
      // The beginning of the new queue was already shown if it is the same.
      assert.deepEqual(events.slice(-after), queue.slice(-after));
      assert.deepEqual(events.slice(0, queue.length - after), queue.slice(0, queue.length - after));
      assert.equal(new Set(events.map(({ message }) => message)).size, events.length, 'each once');
    }));
});

describe('without an outcome', { concurrency: 2 }, () => {
  it('if every connection is refused from the start: unknown, exit 7', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const run = await runLab(spawn, {
      LAB_CONTROLLER: `http://127.0.0.1:${port}`,
      LAB_TOKEN: 'a-token',
      LAB_USER: 'demo',
    });
    assert.equal(run.code, 7, run.stdout);
    const result = resultOf(run.stdout);
    assert.equal(result.outcome, 'unknown');
    assert.match(result.message, /the connection was refused/);
    // Far below the deadline, which is 15 minutes.
    assert.ok(result.elapsed_ms < 60_000);
  });

  it('where the connection is lost and does not come back in time: unknown, exit 7', () =>
    onStage({ speed: 1 }, async ({ proxy, env }) => {
      // On a busy machine too, it is gone before the last look.
      const running = startLab([...spawn, '--timeout', '12s'], env);
      await running.seen(/"progress":30/);
      await goAway(proxy);
      const run = await running.finished;
      assert.equal(run.code, 7, run.stdout);
      assert.equal(resultOf(run.stdout).outcome, 'unknown');
      assert.deepEqual(connections(run).slice(0, 3), ['open', 'lost', 'retrying']);
    }));

  it('if the controller is reachable until the deadline: timeout, exit 124', () =>
    onStage({ scenario: 'slow-pull', speed: 1 }, async ({ env }) => {
      const run = await runLab([...spawn, '--timeout', '5s'], env);
      assert.equal(run.code, 124, run.stdout);
      assert.equal(resultOf(run.stdout).outcome, 'timeout');
    }));

  it('if it reports the state until the end, but never its events: the same', async () => {
    await using server = await answering((response, { method, url }) => {
      const json = { 'content-type': 'application/json' };
      if (method === 'POST') response.writeHead(201).end('null');
      else if (url.endsWith('/events')) response.writeHead(503).end();
      else if (url.endsWith('/user-status')) response.writeHead(200, json).end('{"status": "pending"}');
      else response.writeHead(200, json).end('{"username": "demo"}');
    });
    const env = { LAB_CONTROLLER: server.origin, LAB_TOKEN: 'gt-a.b' };
    const run = await runLab([...spawn, '--timeout', '3s'], env);
    assert.equal(run.code, 124, run.stdout);
    assert.ok(connections(run).includes('retrying'));
  });
});

describe('the scenarios of the demo', { concurrency: 2 }, () => {
  interface Scenario {
    name: string;
    args?: string[];
    outcome?: 'complete' | 'running';
    /** What happens to the connection, if that is certain. */
    states?: string[];
    events: number;
  }
  const again = ['lost', 'retrying', 'resumed'];
  const scenarios: Scenario[] = [
    { name: 'cut', events: 13, states: ['open', ...again, ...again] },
    { name: 'stall', args: ['--idle-timeout', '2s'], events: 13 },
    { name: 'ping-only', outcome: 'running', events: 0, states: ['open'] },
    { name: 'buffered', events: 13, states: ['open'] },
    { name: 'hostile', events: 30, states: ['open'] },
    { name: 'malformed', events: 13, states: ['open'] },
    { name: 'rate-limit', events: 13, states: ['retrying', 'retrying', 'open'] },
  ];
  for (const { name, args = [], outcome = 'complete', states, events } of scenarios) {
    it(`${name}: each event once`, async () => {
      const run = await runLab([...spawn, '--demo', name, ...args]);
      assert.equal(run.code, 0, run.stdout + run.stderr);
      assert.equal(resultOf(run.stdout).outcome, outcome);
      assert.equal(shown(run).length, events);
      assert.equal(resultOf(run.stdout).events, events);
      if (states !== undefined) assert.deepEqual(connections(run), states);
    });
  }

  it('restart: the events before it, and the new ones', async () => {
    const run = await runLab([...spawn, '--demo', 'restart']);
    assert.equal(run.code, 0, run.stdout + run.stderr);
    assert.equal(resultOf(run.stdout).outcome, 'complete');
    assert.deepEqual(connections(run).slice(-2), ['resumed', 'replaced']);
  });

  it('flood: a million events in order', async () => {
    const running = startLab([...spawn, '--demo', 'flood']);
    // Too much to keep: checked line by line as it arrives.
    running.child.stdout?.removeAllListeners('data');
    let [rest, next, last, events] = ['', 1, '', 0];
    running.child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.includes('"kind":"event"')) events += 1;
        if (line.includes(`"Extracted file ${next} of `)) next += 1;
      }
      last = lines.at(-1) ?? last;
    });
    const { code } = await running.finished;
    assert.equal(code, 0);
    const result = resultOf(`${last}\n`);
    assert.deepEqual([result.outcome, result.events, events], ['complete', 1_000_003, 1_000_003]);
    assert.equal(next, 1_000_001);
  });
});
