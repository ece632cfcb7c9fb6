/**
 * Compares the time for a million events, from the wire to lines of output, with the shortest loop that does the same,
 * and with runs that also show progress.
 */
import { fileURLToPath } from 'node:url';
import { spawn as spawnAtTerminal } from '@lydell/node-pty';
import { bin, cleanEnvironment } from '../test/support/program.js';
import { ratio, sideBySide, time, type Node, type Row } from './measure.js';
import { labAt, withServer } from './serving.js';

const count = Number(process.env['BENCH_EVENTS'] ?? 1_000_000);
const script = fileURLToPath(new URL('shortest-stream.js', import.meta.url));

/** Few, because each takes seconds. */
const rounds = 3;

export function throughput({ binary }: Node): Promise<Row[]> {
  return withServer(async (origin) => {
    const env = labAt(origin, String(count));
    const events = (...more: string[]) => [bin, 'events', '-o', 'ndjson', ...more];
    const { loop, none, plain, bar } = await sideBySide(
      {
        loop: () => time(binary, [script, `${origin}/${count}/events`]),
        none: () => time(binary, events(), env),
        plain: () => time(binary, events('--progress', 'plain'), env),
        bar: () => timeAtTerminal(binary, events('--progress', 'bar'), env),
      },
      rounds,
    );
    const events_ = `${count} events`;
    return [
      ratio(`${events_} as ndjson, of the shortest loop`, none, 'the loop', loop, 1.5),
      ratio('the same with --progress plain', plain, 'without', none, 1.1),
      ratio('the same with --progress bar', bar, 'without', none, 1.1),
    ];
  });
}

/** Runs the program with a terminal as stderr, whose output is discarded, and /dev/null as stdout. */
function timeAtTerminal(binary: string, args: string[], env: Record<string, string>): Promise<number> {
  const begin = performance.now();
  const pty = spawnAtTerminal('sh', ['-c', 'exec "$0" "$@" >/dev/null', binary, ...args], {
    env: cleanEnvironment({ TERM: 'xterm', ...env }),
  });
  pty.onData(() => undefined);
  return new Promise((resolve) => {
    pty.onExit(() => {
      resolve(performance.now() - begin);
    });
  });
}
