/** Measures the time from a frame on the wire to its line on stdout, and from the terminal event to the exit. */
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { toSse, type Event } from '../src/model/event.js';
import { bin, cleanEnvironment } from '../test/support/program.js';
import { median, runs, type Node, type Row } from './measure.js';

/** Milliseconds before the stream ends: a real stream does not end while the process is still busy with starting. */
const settling = 1000;

export async function latency({ binary }: Node): Promise<Row[]> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const delays: number[] = [];
  const ends: number[] = [];
  for (let run = 0; run < Math.ceil(runs / 4); run++) {
    const { delays: more, end } = await watchOne(server, binary);
    delays.push(...more);
    ends.push(end);
  }
  server.close();
  const row = (what: string, values: number[], goal: number): Row => ({
    what,
    measured: `median of ${values.length}`,
    figure: median(values),
    unit: 'ms',
    goal,
  });
  return [
    row('frame on the wire to line on stdout', delays, 5),
    row('terminal event to end of process', ends, 50),
  ];
}

/** Runs one process that follows a stream of fifty frames to its end. */
async function watchOne(server: Server, binary: string): Promise<{ delays: number[]; end: number }> {
  const stream = nextStream(server);
  const port = (server.address() as AddressInfo).port;
  const watching = spawn(binary, [bin, 'events', '-u', 'demo', '-o', 'ndjson'], {
    env: cleanEnvironment({ LAB_CONTROLLER: `http://127.0.0.1:${port}`, LAB_TOKEN: 'gt-bench' }),
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
  const write = await stream;
  await ready;
  const delays: number[] = [];
  for (let i = 0; i < 50; i++) {
    const shown = line(`"event ${i}"`);
    const sent = write({ type: 'info', message: `event ${i}`, progress: null });
    delays.push((await shown) - sent);
  }
  watching.stdout.resume();
  await sleep(settling);
  const sent = write({ type: 'complete', message: 'up', progress: null });
  return { delays, end: (await closed) - sent };
}

/** Resolves at the next request to a function that writes an event to the response and returns the time. */
function nextStream(server: Server): Promise<(event: Event) => number> {
  return new Promise((resolve) => {
    server.once('request', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      response.socket?.setNoDelay(true);
      resolve((event) => {
        response.write(toSse(event));
        if (event.type === 'complete') response.end();
        return performance.now();
      });
    });
  });
}
