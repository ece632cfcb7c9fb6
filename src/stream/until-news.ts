/**
 * Waits for the next operation: reads the queue of the ended operation repeatedly, until it contains something new.
 *
 * Owns how often the queue is read. Reports only the state of the connection; leaves the new events to `follow`.
 */
import { stamp, type Clock } from '../runtime/context.js';
import { isAborted, sleep } from '../runtime/deadline.js';
import type { RawFrame } from '../model/frame.js';
import type { Failure } from '../model/result.js';
import type { ConnectionState, Input } from '../model/reducer.js';
import { Retry, type RetryOptions } from '../runtime/retry.js';
import { Connection, type Unreadable } from './connection.js';
import type { Seen } from './seen.js';
import type { Source, WatchWake } from './source.js';
import { StreamReader } from './stream-reader.js';

export interface UntilNewsOptions {
  source: Omit<Source, 'state'>;
  clock: Clock;
  retry: RetryOptions;
  signal: AbortSignal;
  /** A connection without a byte for this long is considered lost, in milliseconds; null for never. */
  idleTimeout: number | null;
  /** The frames that were seen of the ended operation. */
  seen: Seen;
  watchWake?: WatchWake | undefined;
  /** Receives the inputs that show whether the server is reachable, and the response while there is no queue. */
  onInput: (input: Input) => void;
}

/**
 * Minimum time between two readings of the queue: in milliseconds, and as a multiple of the last reading's duration.
 */
const interval = 1_000;
const share = 10;

/** A stream that sends nothing for this long has sent its whole queue and is waiting, in milliseconds. */
const stillness = 100;

/** How a reading of the queue ended. */
type Look = { kind: 'news' } | { kind: 'nothing new'; readingMs: number } | Unreadable;

/** Resolves to null when there is something new or the signal aborts; to a failure if the queue cannot be read. */
export async function untilNews(options: UntilNewsOptions): Promise<Failure | null> {
  const { clock, signal, onInput } = options;
  const retry = new Retry(options.retry);
  const report = (state: ConnectionState, attempt: number, reason: string | null): void => {
    onInput({ ...stamp(clock), kind: 'connection', state, attempt, reason });
  };
  const waitToRetry = (reason: string, ms: number): Promise<void> => {
    report('retrying', retry.attempts, reason);
    return sleep(clock, ms, signal);
  };
  /** Whether there was no queue in between, so that a repeated end is another operation's. */
  let wasGone = false;
  while (!isAborted(signal)) {
    const look = await lookOnce(options, retry, wasGone, report);
    if (isAborted(signal)) break;
    switch (look.kind) {
      case 'news':
        return null;
      case 'nothing new':
        await sleep(clock, Math.max(interval, share * look.readingMs), signal);
        break;
      case 'lost':
        if (look.opened) report('lost', 1, look.reason);
        await waitToRetry(look.reason, retry.afterLoss());
        break;
      case 'failed': {
        const { failure } = look;
        if (failure.kind === 'not-found') {
          options.retry.contact.reached = true;
          wasGone = true;
          onInput({ ...stamp(clock), kind: 'response', from: 'server', failure });
          await sleep(clock, interval, signal);
          break;
        }
        const wait = retry.after(failure);
        if (wait === null) return failure;
        await waitToRetry(failure.error.message, wait);
      }
    }
  }
  return null;
}

async function lookOnce(
  options: UntilNewsOptions,
  retry: Retry,
  wasGone: boolean,
  report: (state: ConnectionState, attempt: number, reason: string | null) => void,
): Promise<Look> {
  const { source, clock, seen, watchWake, onInput } = options;
  const connection = new Connection(options);
  const unwatchWake = watchWake?.((sleptMs) => {
    connection.wake(sleptMs);
  });
  try {
    const opened = await connection.open(source);
    if (opened.kind !== 'open') return opened;
    options.retry.contact.reached = true;
    report('open', Math.max(1, retry.attempts), null);
    const { decode, replay, heartbeat } = opened.stream;
    const { redact } = source;
    /** A server that does not repeat its queue repeats how the operation ended. */
    const isOld = (frame: RawFrame): boolean => replay === 'unknown' && !wasGone && seen.endsWith(frame);
    const reader = new StreamReader({ decode, replay, heartbeat, redact, clock, seen, retry, isOld });
    const openedAt = clock.monotonic();
    let stillMs = 0;
    for (;;) {
      const askedAt = clock.monotonic();
      const next = await connection.next();
      const now = clock.monotonic();
      if (now - askedAt >= stillness) stillMs += now - askedAt;
      const isEnd = !(next instanceof Uint8Array);
      if (isEnd && next.kind !== 'clean') return next;
      const { inputs, frames } = isEnd ? reader.end() : reader.push(next);
      if (frames === 'new') return { kind: 'news' };
      for (const input of inputs) onInput(input.kind === 'heartbeat' ? input : bytesAt(input));
      if (isEnd) return { kind: 'nothing new', readingMs: now - openedAt - stillMs };
    }
  } finally {
    unwatchWake?.();
    await connection.close();
  }
}

/** A repeated frame decides nothing any more. */
function bytesAt({ at, time }: Input): Input {
  return { at, time, kind: 'bytes' };
}
