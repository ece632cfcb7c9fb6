/** Measures the cost of a stream when one process follows 1 to 1,000 labs at once through the library. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Node, Row } from './measure.js';
import { withServer } from './serving.js';

const script = fileURLToPath(new URL('follow-many.js', import.meta.url));
const run = promisify(execFile);

interface Cost {
  /** Heap and external memory for each stream. */
  bytes: number;
  cpuMs: number;
  events: number;
  outcomes: Record<string, number>;
}

export function many({ binary }: Node): Promise<Row[]> {
  return withServer(async (origin) => {
    const taken = new Map<number, Cost>();
    for (const count of [1, 10, 100, 1000]) {
      const { stdout } = await run(binary, ['--expose-gc', script, origin, String(count)]);
      taken.set(count, JSON.parse(stdout) as Cost);
    }
    const perStream = (count: number): number => (taken.get(count)?.cpuMs ?? NaN) / count;
    const all = [...taken];
    const wrong = all.filter(
      ([count, { outcomes, events }]) => outcomes['complete'] !== count || events !== 13 * count,
    );
    const costs = all.map(([count, { bytes, cpuMs, events }]) => {
      const each = `${(bytes / 1024).toFixed(0)} KiB and ${(cpuMs / count).toFixed(1)} ms a stream`;
      return `${count}: ${each}, ${((1000 * cpuMs) / events).toFixed(0)} µs an event`;
    });
    return [
      {
        what: '1 to 1,000 streams at once, runs with a wrong outcome or event',
        measured: costs.join('; '),
        figure: wrong.length,
        unit: 'x',
        goal: 0,
      },
      {
        what: 'processor for a stream among 1,000, of one among 100',
        measured: `${perStream(1000).toFixed(1)} ms, ${perStream(100).toFixed(1)} ms`,
        figure: perStream(1000) / perStream(100),
        unit: 'x',
        goal: 1.2,
      },
    ];
  });
}
