/**
 * A frame of a stream of server-sent events, and what a backend's decoder makes of it.
 */
import type { Event } from './event.js';
import type { EventType } from './event-types.js';
import type { Operation } from './operation.js';

/** A frame as it was on the wire; `event` is null where it had no name. */
export interface RawFrame {
  event: string | null;
  data: string;
}

export type Decoded =
  /**
   * `operation`: which one the event shows, if it is the first of its operation with a progress, or its `failed` event; left
   * out where it shows none.
   */
  | { kind: 'event'; event: Event; operation?: Operation }
  /** A heartbeat that is sent as an event and not as a comment. */
  | { kind: 'ping' }
  /** Not an Event. `type` is its type where that much was readable. */
  | { kind: 'invalid'; reason: string; type: EventType | null };

/** Never throws. */
export type Decoder = (frame: RawFrame) => Decoded;
