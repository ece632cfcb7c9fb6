/**
 * Measures the processor time of waiting on a stream that has only pings, with the bar and without it. Meanwhile
 * `lab wait` requests the lab's state every ten seconds, `lab events` does not.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawn as spawnAtTerminal } from '@lydell/node-pty';
import { bin, cleanEnvironment } from '../test/support/program.js';
import type { Node, Row } from './measure.js';
import { labAt, withServer } from './serving.js';

/** Milliseconds before measuring, so that loading and compiling code is not counted. */
const settling = 5_000;
const watched = Number(process.env['BENCH_WAIT'] ?? 30) * 1000;

/** Milliseconds in a clock tick, the unit of /proc/PID/stat. */
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
        figure === null ? 'this system has no /proc' : `over ${watched / 1000} s, in steps of ${tick} ms`,
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

/** Percentage of one processor; null if it cannot be measured. */
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

/** The processor time of a process so far, in milliseconds. */
function processorTime(pid: number): number | null {
  try {
    // The name in parentheses can contain anything; user and system time are the 12th and 13th field after it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * tick;
  } catch {
    return null;
  }
}
