/**
 * An operation on a lab, and how it may end for whoever asked for it.
 *
 * Owns the types only; lab.ts runs operations.
 */

/** `exists`, or the operation that is in the way. */
export type CreateResult = 'created' | 'exists' | 'spawn' | 'delete';
export type DeleteResult = 'deleted' | 'failed' | 'unknown' | 'conflict';

export type Operation = {
  /** Stops the story where it is. */
  cancel: () => void;
  /** Whether `failed` was among its events. The state may say so without that. */
  failed: boolean;
  /** Whether its events reach the queue. What a restarted controller does not know of, it does not tell. */
  told: boolean;
  /** Whether its beginning lies before a restart. */
  monitored: boolean;
  /** How many events of the pod there were. */
  podEvents: number;
} & (
  | { kind: 'spawn' }
  /** `exclusive`: it took the place of a spawn, and then nobody else may join it. */
  | { kind: 'delete'; exclusive: boolean; done: Promise<DeleteResult> }
);

/** How every operation begins. */
export const fresh = { cancel: () => undefined, failed: false, told: true, monitored: false, podEvents: 0 };
