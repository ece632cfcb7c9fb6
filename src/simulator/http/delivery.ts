/**
 * Network faults between a spawn's stream and its readers.
 *
 * Owns which connection has which fault, as data. stream.ts applies it.
 */

export type Delivery =
  | { kind: 'plain' }
  /** The nth connection is dropped in the middle of the nth of these frames (counted from 0). */
  | { kind: 'cut'; at: readonly number[] }
  /** Connections opened before this frame stay open, but get nothing from this frame on. */
  | { kind: 'stall'; at: number }
  /** Nothing arrives, not even headers and pings, until the operation has ended; then everything at once. */
  | { kind: 'buffered' };

/** The faults of one connection: the frame at which it is cut or falls silent, and whether it is buffered. */
export interface Fate {
  cutAt: number;
  silentAt: number;
  held: boolean;
}

/** The faults of a connection that opens after `before` others, when the queue already has `length` frames. */
export function fateOf(delivery: Delivery, before: number, length: number): Fate {
  const fate: Fate = { cutAt: Infinity, silentAt: Infinity, held: false };
  switch (delivery.kind) {
    case 'plain':
      return fate;
    case 'cut':
      return { ...fate, cutAt: delivery.at[before] ?? Infinity };
    case 'stall':
      return { ...fate, silentAt: length <= delivery.at ? delivery.at : Infinity };
    case 'buffered':
      return { ...fate, held: true };
  }
}
