/**
 * How benchmarks measure and what they report: the medians of programs that run in turns, so that a slow or busy
 * machine affects all of them alike.
 */
import { spawn } from 'node:child_process';
import { cleanEnvironment } from '../test/support/program.js';

/** The Node that runs the benchmarked programs. */
export interface Node {
  binary: string;
  version: string;
}

/** One line of the table. */
export interface Row {
  what: string;
  /** What was measured, in words, such as `71 ms, node -e 0 59 ms`. */
  measured: string;
  /** The figure to compare with the goal; null if it could not be measured, and `measured` says why. */
  figure: number | null;
  unit: 'x' | 'ms' | 'MiB' | '%';
  /** The maximum for the figure. */
  goal: number;
}

export type Benchmark = (node: Node) => Promise<Row[]>;

/** How often each program runs. */
export const runs = Number(process.env['BENCH_RUNS'] ?? 20);

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** Milliseconds from the start of a program to its end. */
export function time(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<number> {
  const begin = performance.now();
  // The user's own home, because Node's compile cache is in it and would otherwise never be used.
  const home = { HOME: process.env['HOME'] ?? '' };
  const child = spawn(program, args, { env: cleanEnvironment({ ...home, ...env }), stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(performance.now() - begin);
      else
        reject(new Error(`${program} ${args.join(' ')} ended with exit code ${code ?? 'null (a signal)'}`));
    });
  });
}

/** Medians of several programs that run in turns. */
export async function sideBySide<Name extends string>(
  programs: Record<Name, () => Promise<number>>,
  rounds = runs,
): Promise<Record<Name, number>> {
  const names = Object.keys(programs) as Name[];
  const times = new Map(names.map((name) => [name, [] as number[]]));
  for (let run = -1; run < rounds; run++) {
    for (const name of names) {
      const taken = await programs[name]();
      // The first round only warms the file cache.
      if (run >= 0) times.get(name)?.push(taken);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name) ?? [])])) as Record<
    Name,
    number
  >;
}

/** A row that compares a program's time with another's. */
export function ratio(what: string, own: number, other: string, base: number, goal: number): Row {
  const measured = `${own.toFixed(0)} ms, ${other} ${base.toFixed(0)} ms`;
  return { what, measured, figure: own / base, unit: 'x', goal };
}
