/**
 * The source of events and states for the stream layer: one user's lab at a backend.
 */
import type { Lab } from '../model/lab.js';
import type { Redact } from '../model/redactor.js';
import type { Result } from '../model/result.js';
import type { EventStream } from './event-stream.js';

export interface Source {
  events(signal: AbortSignal): Promise<Result<EventStream>>;
  state(signal: AbortSignal): Promise<Result<Lab | null>>;
  /** Removes known secrets from the text of the stream. */
  redact: Redact;
}

/**
 * Calls back after the process was suspended, with the approximate duration in milliseconds; returns a function to
 * unsubscribe.
 */
export type WatchWake = (onWake: (sleptMs: number) => void) => () => void;
