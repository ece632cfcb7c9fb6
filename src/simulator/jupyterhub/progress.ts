/**
 * The progress of a spawn as an event stream: the newlines that keep it alive, what progress() yields, and the outcome.
 *
 * Owns one connection. Every connection runs progress() from its start, so nothing is kept for latecomers.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pythonJson } from './python-json.js';
import { connectionOf, httpDate, type HubReply } from './replies.js';
import type { Spawn } from './spawn.js';
import type { Timers } from './timers.js';

/** Milliseconds between two pairs of newlines. */
const keepAliveMs = 8000;

/** A streaming response, and its spawn. */
export interface ProgressStream {
  headers: HubReply['headers'];
  /** Null if the spawn is over; then `last` is the only event. */
  spawn: Spawn | null;
  /** The event with the outcome, or null if the stream ends without one. */
  last: () => unknown;
}

const requested = { progress: 0, message: 'Server requested' };

/** Writes the stream to its end. The returned function stops writing and leaves the stream open and silent. */
export function writeProgress(
  request: IncomingMessage,
  response: ServerResponse,
  { headers, spawn, last }: ProgressStream,
  timers: Timers,
): () => void {
  const cancels = new Set<() => void>();
  const stop = (): void => {
    for (const cancel of cancels) cancel();
    cancels.clear();
  };
  response.on('close', stop);
  const write = (text: string): void => {
    const { socket } = response;
    // One write is one chunk; corking the response would merge them.
    socket?.cork();
    response.write(text);
    socket?.uncork();
  };
  const tell = (event: unknown): void => {
    write(`data: ${pythonJson(event)}\n\n`);
  };
  const end = (): void => {
    stop();
    response.end();
  };

  response.sendDate = false;
  const all = headers.map(([name, value]) => [name, value ?? httpDate(timers.now())]);
  const more = [
    ['connection', connectionOf(request)],
    ['transfer-encoding', 'chunked'],
  ];
  response.writeHead(200, [...all, ...more].flat());
  if (spawn === null) {
    tell(last());
    end();
    return stop;
  }

  const keepAlive = (): void => {
    write('\n\n');
    cancels.add(timers.afterRealTime(keepAliveMs, keepAlive));
  };
  keepAlive();
  cancels.add(
    spawn.onOver(() => {
      const event = last();
      if (event !== null) tell(event);
      end();
    }),
  );
  const { progress } = spawn.story;
  if (progress.kind === 'burst') {
    tell(requested);
    let told = 0;
    const tellMore = (): void => {
      for (; told < spawn.happened; told++) tell(progress.events[told]?.[1]);
    };
    tellMore();
    cancels.add(spawn.onStartEnded(tellMore));
    return stop;
  }
  const steps = progress.steps()[Symbol.iterator]();
  const go = (): void => {
    for (let next = steps.next(); !next.done; next = steps.next()) {
      switch (next.value.kind) {
        case 'wait':
          cancels.add(timers.after(next.value.ms, go));
          return;
        case 'event':
          tell(withoutReady(next.value.event));
          break;
        case 'bug':
          end();
          return;
      }
    }
  };
  tell(requested);
  go();
  return stop;
}

/** Removes `ready`, the one key that a Spawner may not set. */
function withoutReady(event: unknown): unknown {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return event;
  return Object.fromEntries(Object.entries(event).filter(([key]) => key !== 'ready'));
}
