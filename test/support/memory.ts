/**
 * The real program, and its peak memory: its own, independent of the memory of the test process.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin, cleanEnvironment } from './program.js';
import { temporaryFolder } from './temporary.js';

const report = new URL('report-peak.js', import.meta.url).href;

export interface Measuring {
  /** What the program's environment needs. */
  env: Record<string, string>;
  /** MiB, once the program has ended. */
  peak(): number;
}

export function measuring(): Measuring {
  const file = join(temporaryFolder(), 'peak');
  return {
    env: { NODE_OPTIONS: `--import=${report}`, PEAK_FILE: file },
    peak: () => Math.round(Number(readFileSync(file, 'utf8'))),
  };
}

export interface Measured {
  code: number | null;
  /** The end of stdout and stderr: enough for the result, too little to hold millions of lines. */
  stdout: string;
  stderr: string;
  /** Lines on stdout. */
  lines: number;
  peakMiB: number;
}

/** How much of the output is kept, in characters. */
const kept = 100_000;

/** Runs `lab` to its end with pipes, or with stdout at /dev/null. */
export async function measureLab(
  args: readonly string[],
  env: Record<string, string>,
  stdout: 'pipe' | 'ignore' = 'pipe',
): Promise<Measured> {
  const measure = measuring();
  const child = spawn(process.execPath, [bin, ...args], {
    env: cleanEnvironment({ ...env, ...measure.env }),
    stdio: ['ignore', stdout, 'pipe'],
  });
  const seen = { code: null as number | null, stdout: '', stderr: '', lines: 0 };
  child.stdout?.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 0x0a) seen.lines += 1;
    seen.stdout = (seen.stdout + chunk.toString('latin1')).slice(-kept);
  });
  child.stderr?.on('data', (chunk: Buffer) => (seen.stderr = (seen.stderr + chunk.toString()).slice(-kept)));
  seen.code = await new Promise((resolve) => child.on('close', resolve));
  return { ...seen, peakMiB: measure.peak() };
}
