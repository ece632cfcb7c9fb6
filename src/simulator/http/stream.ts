/**
 * Sends an event queue as a streaming response: the headers, one chunk per frame, and the pings.
 *
 * Owns the pace of one connection, and applies its faults (delivery.ts). The frames belong to the queue.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../runtime/context.js';
import { fateOf } from './delivery.js';
import type { EventQueue, Frame } from '../labs/queue.js';

const headers = {
  'cache-control': 'no-store',
  connection: 'keep-alive',
  'x-accel-buffering': 'no',
  'content-type': 'text/event-stream; charset=utf-8',
};

/** A stream that never has to wait yields to the others after this many bytes. */
const turn = 2 ** 18;

export interface StreamOptions {
  clock: Clock;
  /** Milliseconds between two pings. */
  pingMs: number;
  /** Send pings as events, as older controllers did (contract, "The event stream"). */
  pingEvents: boolean;
}

/**
 * Sends the whole queue, until it ends or the client disconnects.
 *
 * Returns a function that stops immediately; the response itself is then the caller's.
 */
export function stream(
  response: ServerResponse,
  queue: EventQueue,
  { clock, pingMs, pingEvents }: StreamOptions,
): () => void {
  const { cutAt, silentAt, held } = fateOf(queue.delivery, queue.readers, queue.length);
  const read = queue.read();
  response.writeHead(200, headers);
  // A client must be able to distinguish "no events yet" from "no response".
  if (!held) response.flushHeaders();

  let sent = 0;
  let stopped = false;
  let resting = false;
  let left = turn;
  let stopResting = (): void => undefined;
  const buffered: Buffer[] = [];

  const mayWrite = () => !stopped && !resting && !response.writableNeedDrain;
  const write = (frame: Frame) => {
    if (held) buffered.push(Buffer.from(frame));
    else response.write(frame);
  };
  // Each write becomes one chunk. Corking the response would merge them, and so does Node 26 unless the socket is corked.
  const chunkwise = (writes: () => void) => () => {
    const { socket } = response;
    socket?.cork();
    writes();
    socket?.uncork();
  };
  const pump = chunkwise(() => {
    while (mayWrite()) {
      if (sent === silentAt && sent < queue.length) {
        stop();
        return;
      }
      const frame = read();
      if (frame === undefined) break;
      if (sent === cutAt) {
        stop();
        response.write(frame.slice(0, frame.length / 2));
        // Sends what was written, then a FIN, but no final chunk.
        response.socket?.destroySoon();
        return;
      }
      sent += 1;
      write(frame);
      left -= frame.length;
      if (left <= 0) rest();
    }
    if (queue.ended && sent === queue.length && !stopped) {
      if (held) response.write(Buffer.concat(buffered));
      response.end();
    }
  });
  // While the kernel accepts everything immediately, there is no `drain` event to yield at.
  const rest = () => {
    resting = true;
    stopResting = clock.after(0, () => {
      resting = false;
      left = turn;
      pump();
    });
  };
  const unsubscribe = queue.subscribe(pump);
  response.on('drain', pump);

  const ping = chunkwise(() => {
    const time = pythonTime(clock.now());
    if (mayWrite() && !response.writableEnded) {
      write(pingEvents ? `event: ping\r\ndata: ${time}\r\n\r\n` : `: ping - ${time}\r\n\r\n`);
    }
    stopPing = clock.after(pingMs, ping);
  });
  let stopPing = clock.after(pingMs, ping);
  const stop = () => {
    stopped = true;
    unsubscribe();
    stopPing();
    stopResting();
  };
  response.on('close', stop);
  pump();
  return stop;
}

/** Python's `str(datetime)` of a UTC time, given in milliseconds since the epoch. */
function pythonTime(time: number): string {
  return new Date(time).toISOString().replace('T', ' ').replace('Z', '000+00:00');
}
