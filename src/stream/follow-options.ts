/**
 * What following a stream needs to know. The types only; `follow.ts` follows.
 */
import type { Clock } from '../runtime/context.js';
import type { RetryOptions } from '../runtime/retry.js';
import type { Seen } from './seen.js';
import type { Source, WatchWake } from './source.js';

/** What to do after the normal end of a stream, once the state was read: stop, or reopen the stream with back-off. */
export type AfterEnd = 'stop' | 'reopen';

export interface FollowOptions {
  source: Source;
  clock: Clock;
  retry: RetryOptions;
  /** Stops following; the iteration then ends without an error. */
  signal: AbortSignal;
  /** A connection without a byte for this long is considered lost, in milliseconds; null for never. */
  idleTimeout: number | null;
  /** The state is requested after this long without an event, in milliseconds; null for never. */
  silence: number | null;
  afterEnd: AfterEnd;
  /** The frames of the operation that were seen before; default none. */
  seen?: Seen | undefined;
  /** After a suspend the state is requested at once. */
  watchWake?: WatchWake | undefined;
  /**
   * Receives the exact bytes of the body as they arrive; reading waits for it. A stream that is lost after that is not
   * reopened, because the bytes of two bodies must not be mixed.
   */
  onBytes?: ((bytes: Uint8Array) => Promise<void>) | undefined;
}
