/**
 * Processor time while waiting on a stream that has only pings, with the bar and without it. `lab wait` asks the lab's
 * state every ten seconds meanwhile, `lab events` does not.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawn as spawnAtTerminal } from '@lydell/node-pty';
import { bin, cleanEnvironment } from '../test/support/program.js';
import type { Node, Row } from './measure.js';
import { labAt, withServer } from './serving.js';

/** What was loaded and compiled for the beginning is not waiting. */
const settling = 5_000;
const watched = Number(process.env['BENCH_WAIT'] ?? 30) * 1000;

/** Linux counts in these. */
const tick = 10;

export function waiting({ binary }: Node): Promise<Row[]> {
  return withServer(async (origin) => {
    const [bar, none, events] = await Promise.all([
      share(binary, ['wait', '--progress', 'bar'], labAt(origin, 'slow')),
      share(binary, ['wait', '--progress', 'none'], labAt(origin, 'slow')),
      share(binary, ['events', '-o', 'json', '--progress', 'none'], labAt(origin, 'slow')),
    ]);
    const row = (what: string, figure: number | null, goal: number): Row => ({
      what: `processor while waiting, ${what}`,
      measured:
        figure === null ? 'there is no /proc here' : `over ${watched / 1000} s, in steps of ${tick} ms`,
      figure,
      unit: '%',
      goal,
    });
    return [
      row('with the bar', bar, 0.5),
      row('without', none, 0.1),
      row('without, lab events', events, 0.1),
    ];
  });
}

/** Percent of one processor; null where it cannot be known. */
async function share(binary: string, args: string[], env: Record<string, string>): Promise<number | null> {
  const pty = spawnAtTerminal(binary, [bin, ...args], { env: cleanEnvironment({ TERM: 'xterm', ...env }) });
  pty.onData(() => undefined);
  await sleep(settling);
  const before = processorTime(pty.pid);
  await sleep(watched);
  const after = processorTime(pty.pid);
  pty.kill();
  return before === null || after === null ? null : (100 * (after - before)) / watched;
}

/** Milliseconds that a process has computed. */
function processorTime(pid: number): number | null {
  try {
    // The name in parentheses may hold anything; user and system time are the 12th and 13th field behind it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * tick;
  } catch {
    return null;
  }
}
