/**
 * A frame of a stream of server-sent events, and the result of decoding it in a backend.
 */
import type { Event } from './event.js';
import type { EventType } from './event-types.js';
import type { Operation } from './operation.js';

/** A frame as received; `event` is null if it had no name. */
export interface RawFrame {
  event: string | null;
  data: string;
}

export type Decoded =
  /**
   * `operation`: the operation that the event identifies, if it is the first of its operation with a progress, or its
   * `failed` event; omitted if it identifies none. `isSummary`: it is an `error` that only sums up the one before.
   */
  | { kind: 'event'; event: Event; operation?: Operation; isSummary?: boolean }
  /** A heartbeat sent as an event instead of a comment. */
  | { kind: 'ping' }
  /** Not an Event. `type` is its type if that was readable. */
  | { kind: 'invalid'; reason: string; type: EventType | null };

/** Never throws. */
export type Decoder = (frame: RawFrame) => Decoded;
