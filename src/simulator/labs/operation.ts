/**
 * An operation on a lab, and its possible results for the request that started it.
 *
 * Owns only the types; lab.ts runs operations.
 */

/** `spawn` or `delete`: the conflicting operation. */
export type CreateResult = 'created' | 'exists' | 'spawn' | 'delete';
export type DeleteResult = 'deleted' | 'failed' | 'unknown' | 'conflict';

export type Operation = {
  /** Stops the story. */
  cancel: () => void;
  /** Whether it emitted `failed`. The state can be `failed` without it. */
  failed: boolean;
  /** Whether its events reach the queue. A restarted controller does not report operations that it has forgotten. */
  reported: boolean;
  /** Whether it started before a restart. */
  monitored: boolean;
  /** Number of pod events so far. */
  podEvents: number;
} & (
  | { kind: 'spawn' }
  /** `exclusive`: it replaced a spawn, so a second DELETE cannot join it. */
  | { kind: 'delete'; exclusive: boolean; done: Promise<DeleteResult> }
);

/** The initial values of every operation. */
export const fresh = {
  cancel: () => undefined,
  failed: false,
  reported: true,
  monitored: false,
  podEvents: 0,
};
