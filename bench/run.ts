/**
 * The speeds that a user feels, printed as ratios of what was measured side by side in one run: the machine may
 * be slow or busy, but then it is so for both sides. Run it with `npm run bench`; BENCH_RUNS sets how often.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { toSse, type Event } from '../src/model/event.js';
import { bin, cleanEnvironment, startLab } from '../test/support/program.js';

const runs = Number(process.env['BENCH_RUNS'] ?? 20);
const shortest = fileURLToPath(new URL('shortest.js', import.meta.url));

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** Milliseconds from the start of a Node process to its end. */
function timeNode(args: readonly string[], env: Record<string, string> = {}): Promise<number> {
  const begin = performance.now();
  const child: ChildProcess = spawn(process.execPath, args, { env: cleanEnvironment(env), stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.on('close', (code) => {
      if (code === 0) resolve(performance.now() - begin);
      else reject(new Error(`node ${args.join(' ')} ended with ${code ?? 'a signal'}`));
    });
  });
}

/** Medians of several programs, taken in turns so that all see the same machine. */
async function sideBySide(programs: Record<string, () => Promise<number>>): Promise<Record<string, number>> {
  const times = Object.fromEntries(Object.keys(programs).map((name) => [name, [] as number[]]));
  for (let run = -1; run < runs; run++) {
    for (const [name, program] of Object.entries(programs)) {
      const time = await program();
      // The first round only warms the file cache.
      if (run >= 0) times[name]?.push(time);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
}

function report(name: string, own: number, other: string, base: number, goal: string): void {
  const ratio = (own / base).toFixed(2);
  console.log(
    `${name.padEnd(34)} ${own.toFixed(0).padStart(5)} ms   ${ratio.padStart(5)}x of ${other} (${base.toFixed(0)} ms)   goal: ${goal}`,
  );
}

async function startup(): Promise<void> {
  const times = await sideBySide({
    node: () => timeNode(['-e', '0']),
    version: () => timeNode([bin, '--version']),
    help: () => timeNode([bin, '--help']),
  });
  const node = times['node'] ?? NaN;
  report('lab --version', times['version'] ?? NaN, 'node -e 0', node, '1.25x');
  report('lab --help', times['help'] ?? NaN, 'node -e 0', node, 'none yet');
}

/** A controller in a process of its own, as in life, whose every spawn is instant. */
async function wholeSpawn(): Promise<void> {
  const serving = startLab(['controller', '--scenario', 'immediate', '--speed', '1e9']);
  await serving.seen(/LAB_TOKEN_FILE=.*\n/);
  const exported = Object.fromEntries(
    [...serving.output().matchAll(/^export (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]),
  ) as Record<string, string>;
  try {
    // Spawning over a running lab is a conflict.
    const fresh = async (program: () => Promise<number>): Promise<number> => {
      await remove(exported);
      return program();
    };
    const times = await sideBySide({
      shortest: () => fresh(() => timeNode([shortest], exported)),
      spawn: () => fresh(() => timeNode([bin, 'spawn', '-u', 'demo'], exported)),
    });
    report(
      'lab spawn, instant controller',
      times['spawn'] ?? NaN,
      "import 'undici'",
      times['shortest'] ?? NaN,
      'none yet',
    );
  } finally {
    serving.child.kill('SIGTERM');
    await serving.finished;
  }
}

/** Deletes the lab, so that the next spawn finds none. */
async function remove(exported: Record<string, string>): Promise<void> {
  const { readFile } = await import('node:fs/promises');
  const token = (await readFile(exported['LAB_TOKEN_FILE'] ?? '', 'utf8')).trim();
  await fetch(`${exported['LAB_CONTROLLER'] ?? ''}/spawner/v1/labs/demo`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${token}` },
  });
}

/** From a frame on the wire to its line on stdout, and from the terminal event to the end of the process. */
async function latency(): Promise<void> {
  const delays: number[] = [];
  const ends: number[] = [];
  for (let run = 0; run < Math.ceil(runs / 4); run++) {
    let write: (event: Event) => number = () => NaN;
    const opened = new Promise<void>((resolve) => {
      server.once('request', (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
        response.socket?.setNoDelay(true);
        write = (event) => {
          response.write(toSse(event));
          if (event.type === 'complete') response.end();
          return performance.now();
        };
        resolve();
      });
    });
    const watching = spawn(process.execPath, [bin, 'events', '-u', 'demo', '-o', 'ndjson'], {
      env: cleanEnvironment({ LAB_CONTROLLER: origin, LAB_TOKEN: 'gt-bench' }),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = new Promise<number>((resolve) => {
      watching.on('close', () => {
        resolve(performance.now());
      });
    });
    const line = (pattern: string): Promise<number> =>
      new Promise((resolve) => {
        const look = (chunk: Buffer): void => {
          if (!chunk.includes(pattern)) return;
          watching.stdout.off('data', look);
          resolve(performance.now());
        };
        watching.stdout.on('data', look);
      });
    const ready = line('"connection"');
    await opened;
    await ready;
    for (let i = 0; i < 50; i++) {
      const shown = line(`"event ${i}"`);
      const sent = write({ type: 'info', message: `event ${i}`, progress: null });
      delays.push((await shown) - sent);
    }
    watching.stdout.resume();
    const sent = write({ type: 'complete', message: 'up', progress: null });
    ends.push((await closed) - sent);
  }
  console.log(
    `frame on the wire to line on stdout  ${median(delays).toFixed(2)} ms (median of ${delays.length})   goal: 5 ms`,
  );
  console.log(
    `terminal event to end of process     ${median(ends).toFixed(1)} ms (median of ${ends.length})   goal: 50 ms`,
  );
}

const server = createServer();
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

console.log(`Node ${process.version}, medians of ${runs} runs`);
await startup();
await wholeSpawn();
await latency();
server.close();
