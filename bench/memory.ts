/** Measures the program's peak memory while it follows a normal spawn and a stream of a million events. */
import { spawn } from 'node:child_process';
import { bin, cleanEnvironment } from '../test/support/program.js';
import { measuring } from '../test/support/memory.js';
import { median, type Node, type Row } from './measure.js';
import { labAt, withServer } from './serving.js';

const rounds = 3;

export function memory({ binary }: Node): Promise<Row[]> {
  return withServer(async (origin) => {
    const bare = await peak(binary, ['-e', '0']);
    const following = (what: string): Promise<number> =>
      peak(binary, [bin, 'events', '-o', 'ndjson'], labAt(origin, what));
    const spawning = await following('spawn20');
    const few = await following('10000');
    const many = await following('1000000');
    const row = (what: string, own: number, other: string, base: number, goal: number): Row => ({
      what,
      measured: `${own.toFixed(0)} MiB, ${other} ${base.toFixed(0)} MiB, median of ${rounds}`,
      figure: own - base,
      unit: 'MiB',
      goal,
    });
    return [
      row('peak while following a spawn, over bare Node', spawning, 'bare Node', bare, 35),
      row('peak with a million events, over ten thousand', many, 'ten thousand', few, 20),
    ];
  });
}

async function peak(binary: string, args: string[], env: Record<string, string> = {}): Promise<number> {
  const peaks: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const measure = measuring();
    const child = spawn(binary, args, {
      env: cleanEnvironment({ ...env, ...measure.env }),
      stdio: 'ignore',
    });
    await new Promise((resolve) => child.on('close', resolve));
    peaks.push(measure.peak());
  }
  return median(peaks);
}
