/**
 * What comes of a request: a value, or a failure that says what it means.
 *
 * An expected ending is a value here; exceptions are left to bugs.
 */
import type { ErrorInfo, FailureKind, Outcome } from './outcome.js';

export interface Failure {
  /** The outcome that follows if nobody does anything about it. */
  kind: Exclude<FailureKind, 'bug' | 'timeout'>;
  error: ErrorInfo;
  /**
   * Whether the same request may well succeed later. `never`: it was refused, and will be again. `later`: with back-off.
   * `afterMs`: not before so many milliseconds from now (`Retry-After`), and with back-off.
   */
  retry: 'never' | 'later' | { afterMs: number };
  /**
   * Whether the request may have changed something all the same. `possible`: it was sent, and its response is lost or says
   * nothing about that, so the state has to be requested before it is sent again.
   */
  effect: 'none' | 'possible';
  /**
   * Who responded. `server`: the server that runs the labs, or a gateway in front of it that answers for it. `other`:
   * something else, such as another web site, or a server with a wrong certificate; if the server was never reached, its
   * address is probably wrong, and nothing is retried. `nobody`: there was no response, or a lost one; a server that was
   * never reached is tried for five seconds.
   */
  from: 'server' | 'other' | 'nobody';
  /** Which of the things that a lab was requested with was refused; left out where that is none, or not known. */
  refusedChoice?: 'image' | 'size';
  /** Whether the server failed over the request itself, so that repeating it may never help, although it looks temporary. */
  stumbled?: boolean;
}

/** Whether the request was refused, or can otherwise never succeed: waiting and repeating it are no use. */
export function isFinal({ retry }: Failure): boolean {
  return retry === 'never';
}

/** Whether there was a response that decides, even where the rest of its body did not come. */
export function isResponse(failure: Failure): boolean {
  return failure.from === 'server' || isFinal(failure);
}

/** Whether a gateway responded in place of a server, which is away and may come back. */
export function isAway({ from, error: { status } }: Failure): boolean {
  return from === 'server' && (status === 502 || status === 503 || status === 504);
}

/** Whether the server itself responded, and was not in trouble: an error of a gateway does not show that it is there. */
export function isFromHealthyServer({ from, error: { status } }: Failure): boolean {
  return from === 'server' && (status ?? 500) < 500;
}

/** How long the server asked to wait, in milliseconds; null where it did not. */
export function askedWait({ retry }: Failure): number | null {
  return typeof retry === 'object' ? retry.afterMs : null;
}

export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };

export function outcomeOf(failure: Failure): Outcome {
  return { kind: failure.kind, message: failure.error.message, error: failure.error };
}
