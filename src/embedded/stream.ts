/**
 * An event queue as a live response: the headers, one chunk per frame, and the pings.
 *
 * Owns the pace of one connection. What is sent belongs to the queue.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../context.js';
import type { EventQueue } from './queue.js';

const headers = {
  'cache-control': 'no-store',
  connection: 'keep-alive',
  'x-accel-buffering': 'no',
  'content-type': 'text/event-stream; charset=utf-8',
};

/**
 * Sends the whole queue and goes on until it ends or the client leaves. `pingMs` is in milliseconds.
 *
 * Returns a way to stop at once; what is left of the response is the caller's.
 */
export function stream(
  response: ServerResponse,
  queue: EventQueue,
  clock: Clock,
  pingMs: number,
): () => void {
  response.writeHead(200, headers);
  // A client must be able to tell "nothing has happened yet" from "no answer".
  response.flushHeaders();

  let sent = 0;
  let full = false;
  const pump = () => {
    while (!full) {
      const frame = queue.frames[sent];
      if (frame === undefined) break;
      sent += 1;
      // One write is one chunk. Corking the response would merge them.
      full = !response.write(frame);
    }
    if (queue.ended && sent === queue.frames.length) response.end();
  };
  const unsubscribe = queue.subscribe(pump);
  response.on('drain', () => {
    full = false;
    pump();
  });

  const ping = () => {
    if (!full && !response.writableEnded) response.write(`: ping - ${pythonTime(clock.now())}\r\n\r\n`);
    stopPing = clock.after(pingMs, ping);
  };
  let stopPing = clock.after(pingMs, ping);
  const stop = () => {
    unsubscribe();
    stopPing();
  };
  response.on('close', stop);
  pump();
  return stop;
}

/** Python's `str(datetime)` of an aware UTC time given in milliseconds since the epoch. */
function pythonTime(time: number): string {
  return new Date(time).toISOString().replace('T', ' ').replace('Z', '000+00:00');
}
