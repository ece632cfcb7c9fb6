/**
 * The answer to a question asked of the controller: a value, or a failure that says what it means.
 *
 * An expected ending is a value here; exceptions are left to bugs.
 */
import type { ErrorInfo, FailureKind, Outcome } from './outcome.js';

export interface Failure {
  /** The outcome that follows if nobody does anything about it. */
  kind: Exclude<FailureKind, 'usage' | 'bug' | 'timeout'>;
  error: ErrorInfo;
  /** Whether the same question may well be answered later: network errors, 408, 425, 429 and 5xx. */
  transient: boolean;
  /** Whether something that behaves like a controller (or its ingress) answered at all. */
  reached: boolean;
  /** Whether the request may have had its effect all the same: it was sent, and its answer is lost or says nothing. */
  maybeDone: boolean;
  /** Whether the response was plain text, as a controller sends it that has stumbled itself. */
  isPlainText?: boolean;
  /** From `Retry-After`, in milliseconds; null where there was none. */
  retryAfter: number | null;
}

export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };

export function outcomeOf(failure: Failure): Outcome {
  return { kind: failure.kind, message: failure.error.message, error: failure.error };
}
