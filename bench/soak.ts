/**
 * Checks that nothing accumulates during a long run on a bad network. Run it with `npm run soak`; SOAK_SECONDS is the
 * duration of the real run (default 120). Prints the measurements, and exits with 1 if something grew or an outcome is
 * wrong.
 *
 * Runs half an hour of `follow` on a fake clock, then the real program behind a proxy that cuts its connections every
 * few seconds.
 */
import { getEventListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decodeFrame as decode } from '../src/backends/nublado/operation.js';
import { labOf } from '../src/backends/nublado/state.js';
import { startSimulator } from '../src/simulator/server.js';
import { sleep } from '../src/runtime/deadline.js';
import { toSse } from '../src/model/event.js';
import { noSecrets } from '../src/model/redactor.js';
import { follow } from '../src/stream/follow.js';
import type { Source } from '../src/stream/source.js';
import { FakeClock, realClock } from '../test/support/clock.js';
import { startFaultProxy } from '../test/support/fault-proxy.js';
import { parseLines, resultOf } from '../test/support/ndjson.js';
import { startLab } from '../test/support/program.js';
import { temporaryFolder } from '../test/support/temporary.js';

const seconds = Number(process.env['SOAK_SECONDS'] ?? 120);
/** Milliseconds between two cuts. */
const cutEvery = 3000;
/** How much the heap may grow, in MiB: for code that is compiled late and for caches. */
const heapMargin = 5;

let wrong = 0;

function hold(what: string, holds: boolean): void {
  if (holds) return;
  wrong += 1;
  console.log(`  WRONG: ${what}`);
}

interface Sample {
  rss: number;
  heap: number;
  sockets: number;
  timers: number;
  listeners: number;
}

/** The medians of samples taken over some time, because the counts vary from one sample to the next. */
function typical(samples: readonly Sample[]): Sample {
  const median = (key: keyof Sample): number =>
    samples.map((sample) => sample[key]).sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? NaN;
  return {
    rss: median('rss'),
    heap: median('heap'),
    sockets: median('sockets'),
    timers: median('timers'),
    listeners: median('listeners'),
  };
}

async function realProgram(): Promise<void> {
  const file = join(temporaryFolder(), 'samples');
  // The scenario takes 62 seconds at normal speed.
  const controller = await startSimulator({
    clock: realClock,
    scenario: 'slow-pull',
    speed: 62 / seconds,
    pingSeconds: 1,
  });
  const proxy = await startFaultProxy(controller.origin);
  let cuts = 0;
  const cutting = setInterval(() => {
    cuts += 1;
    proxy.now(cuts % 2 === 0 ? 'drop' : 'reset');
  }, cutEvery);
  const report = new URL('soak-report.js', import.meta.url).href;
  const run = await startLab(['spawn', '-o', 'ndjson', '--timeout', '0', '--idle-timeout', '5s'], {
    LAB_CONTROLLER: proxy.through(controller.url),
    LAB_TOKEN: controller.token,
    NODE_OPTIONS: `--import=${report}`,
    SOAK_FILE: file,
  }).finished;
  clearInterval(cutting);
  await proxy.close();
  await controller.close();
  const samples = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Sample);

  const share = Math.ceil(samples.length / 5);
  // The first fifth is the warm-up.
  const [begin, end] = [typical(samples.slice(share, 2 * share)), typical(samples.slice(-share))];
  const result = resultOf(run.stdout);
  console.log(
    `the real program, ${Math.round(result.elapsed_ms / 1000)} s, ${cuts} cuts, ${proxy.connections} connections, ` +
      `${result.events} events, ${samples.length} samples: ${result.outcome}, exit ${run.code}`,
  );
  for (const key of ['rss', 'heap', 'sockets', 'timers', 'listeners'] as const) {
    const unit = key === 'rss' || key === 'heap' ? ' MiB' : '';
    console.log(`  ${key.padEnd(10)} ${begin[key].toFixed(1)}${unit} -> ${end[key].toFixed(1)}${unit}`);
  }
  hold('the outcome', run.code === 0 && result.outcome === 'complete');
  const messages = parseLines(run.stdout).flatMap((line) =>
    line.kind === 'event' ? [line.event.message] : [],
  );
  hold('each event once', new Set(messages).size === messages.length && messages.length === result.events);
  hold('the heap', end.heap - begin.heap < heapMargin);
  hold('sockets', end.sockets <= begin.sockets + 1);
  hold('timers', end.timers <= begin.timers + 1);
  hold('listeners', end.listeners <= begin.listeners);
  hold('warnings', !run.stderr.includes('Warning'));
}

/** Follows a spawn that emits an event every second for half an hour, over connections of a few seconds each. */
async function compressed(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const minutes = 30;
  const clock = new FakeClock();
  const signal = new AbortController();
  const seed = { value: 1 };
  const random = (): number => (seed.value = (seed.value * 48_271) % 2_147_483_647) / 2_147_483_647;
  const frames: Uint8Array[] = [];
  let connections = 0;

  const source: Source = {
    redact: noSecrets.redact,
    events: (aborted) => {
      connections += 1;
      const body = connection(clock, frames, clock.monotonic() + 1000 + random() * 4000, aborted);
      return Promise.resolve({ ok: true, value: { body, decode, replay: 'whole', heartbeat: 'comment' } });
    },
    state: () => Promise.resolve({ ok: true, value: labOf({ status: 'pending' }) }),
  };
  let shown = 0;
  const run = { over: false, inOrder: true };
  const following = (async () => {
    const left = (): null => null;
    const retry = { clock, random, contact: { reached: false }, left };
    const inputs = follow({
      source,
      clock,
      retry,
      signal: signal.signal,
      idleTimeout: 45_000,
      silence: 10_000,
      afterEnd: 'reopen',
    });
    for await (const batch of inputs) {
      for (const input of batch) {
        if (input.kind !== 'event') continue;
        shown += 1;
        run.inOrder &&= input.event.type === 'complete' || input.event.message === `event ${shown}`;
        run.over = input.event.type === 'complete';
      }
      if (run.over) return;
    }
  })();

  const heap = (): number => {
    gc();
    return process.memoryUsage().heapUsed / 2 ** 20;
  };
  let [warm, timers, listeners] = [NaN, 0, 0];
  for (let second = 1; !run.over && second <= minutes * 60 + 60; second++) {
    const last = second === minutes * 60;
    if (second <= minutes * 60) {
      const message = last ? 'done' : `event ${second}`;
      frames.push(Buffer.from(toSse({ type: last ? 'complete' : 'info', message, progress: null })));
    }
    for (let tick = 0; tick < 10; tick++) {
      clock.advance(100);
      await new Promise(setImmediate);
    }
    timers = Math.max(timers, clock.pending);
    listeners = Math.max(listeners, getEventListeners(signal.signal, 'abort').length);
    if (second === 180) warm = heap();
  }
  hold('the outcome', run.over);
  signal.abort();
  await following;
  const after = heap();
  console.log(`follow, ${minutes} min on a fake clock, ${connections} connections, ${shown} events`);
  console.log(`  heap       ${warm.toFixed(1)} MiB -> ${after.toFixed(1)} MiB`);
  console.log(`  timers     at most ${timers}, ${clock.pending} left`);
  console.log(`  listeners  at most ${listeners}, ${getEventListeners(signal.signal, 'abort').length} left`);
  hold('each event once and in order', run.inOrder && shown === minutes * 60);
  hold('the heap', after - warm < heapMargin);
  hold('timers', timers < 20 && clock.pending === 0);
  hold('listeners', listeners < 10 && getEventListeners(signal.signal, 'abort').length === 0);
}

/** One connection: all frames from the first, and those that are added while the connection lasts. */
async function* connection(
  clock: FakeClock,
  frames: readonly Uint8Array[],
  cutAt: number,
  aborted: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let sent = 0; ;) {
    const frame = frames[sent];
    if (frame !== undefined) {
      sent += 1;
      yield frame;
      continue;
    }
    if (aborted.aborted || clock.monotonic() >= cutAt) throw new Error('cut');
    await sleep(clock, 100, aborted);
  }
}

await compressed();
await realProgram();
console.log(wrong === 0 ? 'nothing grew' : `${wrong} wrong`);
process.exitCode = wrong === 0 ? 0 : 1;
