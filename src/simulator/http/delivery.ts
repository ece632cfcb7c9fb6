/**
 * How a spawn's stream reaches those who watch it, where the network between does not simply hand it on.
 *
 * Owns what befalls which connection, as data. stream.ts acts on it.
 */

export type Delivery =
  | { kind: 'plain' }
  /** The first connections are dropped, one at each of these frames (counted from 0), half of which arrives. */
  | { kind: 'cut'; at: readonly number[] }
  /** Connections opened before this frame hear nothing any more from it on, and are left open. */
  | { kind: 'stall'; at: number }
  /** Nothing arrives, pings and headers included, until the operation has ended; then all at once. */
  | { kind: 'buffered' };

/** What will befall one connection: at which frame it is cut or falls silent, and whether it is held back. */
export interface Fate {
  cutAt: number;
  silentAt: number;
  held: boolean;
}

/** The fate of the connection that opens after `before` others, when there are `length` frames already. */
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
