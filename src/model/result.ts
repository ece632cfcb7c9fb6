/**
 * The result of a request: a value, or a failure with its meaning.
 *
 * Expected failures are values here; exceptions are reserved for bugs.
 */
import type { ErrorInfo, FailureKind, Outcome } from './outcome.js';

export interface Failure {
  /** The outcome that follows if the failure is not handled. */
  kind: Exclude<FailureKind, 'bug' | 'timeout'>;
  error: ErrorInfo;
  /**
   * Whether the same request may succeed later. `never`: it was refused, and will be again. `later`: with back-off.
   * `afterMs`: after at least this many milliseconds (`Retry-After`), and with back-off. `everyMs`: about this often.
   */
  retry: 'never' | 'later' | { afterMs: number } | { everyMs: number };
  /**
   * Whether the failed request may still have changed something. `possible`: it was sent, and its response is lost or
   * inconclusive, so the state must be requested before the request is repeated.
   */
  effect: 'none' | 'possible';
  /**
   * Who responded. `server`: the server that runs the labs, or a gateway in front of it that responds in its place.
   * `other`: something else, such as another web site, or a server with a wrong certificate; if the server was never
   * reached, its address is probably wrong, and nothing is retried. `nobody`: there was no response, or it was lost;
   * requests to a server that was never reached are retried for five seconds.
   */
  from: 'server' | 'other' | 'nobody';
  /** Whether the connection was refused: the host is reachable, and nothing listens there. */
  refused?: boolean;
  /** The choice in the request for a lab that was refused; omitted if none was, or if it is unknown. */
  refusedChoice?: 'image' | 'size';
  /**
   * Whether the server failed while handling this request, so that a retry may never succeed, although the failure
   * looks temporary.
   */
  stumbled?: boolean;
  /**
   * Whether the server has no room for the request at the moment. It is repeated until the deadline, and this failure is the
   * outcome if that passes.
   */
  full?: boolean;
}

/** Whether the request was refused, or can otherwise never succeed: waiting and retrying do not help. */
export function isFinal({ retry }: Failure): boolean {
  return retry === 'never';
}

/** Whether there was a decisive response, even if its body is incomplete. */
export function isResponse(failure: Failure): boolean {
  return failure.from === 'server' || isFinal(failure);
}

/** Whether a gateway responded in place of the server, which is unreachable and may come back. */
export function isAway({ from, error: { status } }: Failure): boolean {
  return from === 'server' && (status === 502 || status === 503 || status === 504);
}

/**
 * Whether the server itself responded without a fault of its own: a gateway's error does not show that the server is
 * reachable.
 */
export function isFromHealthyServer({ from, error: { status } }: Failure): boolean {
  return from === 'server' && (status ?? 500) < 500;
}

/** The wait that the server requested (`Retry-After`), in milliseconds; null if it requested none. */
export function askedWait({ retry }: Failure): number | null {
  return typeof retry === 'object' && 'afterMs' in retry ? retry.afterMs : null;
}

export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure };

export function outcomeOf(failure: Failure): Outcome {
  return { kind: failure.kind, message: failure.error.message, error: failure.error };
}
