/**
 * Where the stream layer gets events and states from: one user's lab at some backend.
 */
import type { Lab } from '../model/lab.js';
import type { Redact } from '../model/redactor.js';
import type { Result } from '../model/result.js';
import type { EventStream } from './event-stream.js';

export interface Source {
  events(signal: AbortSignal): Promise<Result<EventStream>>;
  state(signal: AbortSignal): Promise<Result<Lab | null>>;
  /** Removes the secrets that it was given from the text of its stream. */
  redact: Redact;
}

/** Calls back when the process was suspended, with about how many milliseconds; returns the way to unsubscribe. */
export type WatchWake = (onWake: (sleptMs: number) => void) => () => void;
