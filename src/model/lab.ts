/**
 * A lab as commands see it, independent of the backend.
 *
 * Owns the phases. Leaves the mapping of a server's statuses to phases to the backend.
 */

/** What a lab is doing. */
export type Phase =
  /** The lab is being created. */
  | 'starting'
  | 'running'
  /** The lab is being deleted. */
  | 'stopping'
  /**
   * It did not start, or could not be deleted. It may also be reported while an operation is in progress; the event
   * stream decides.
   */
  | 'failed'
  /** Between two phases. It is brief and never an outcome: the state must be requested again. */
  | 'unsettled'
  /** A server that creates labs has it, but the Hub does not know it: it is of no use to a browser. */
  | 'orphaned'
  /** A phase that this program does not know: some operation is in progress. */
  | 'other';

export interface Lab {
  readonly phase: Phase;
  /** The server's own name for the phase, for display. Untrusted text. */
  readonly status: string;
  /** The URL of the lab; null while the server does not report it. */
  readonly url: string | null;
  /** Why it failed, if the state itself says so. Untrusted text. */
  readonly reason?: string;
  /** Whether nothing of it is left, so that only its failure is known. */
  readonly gone?: boolean;
  /** Whether a `failed` is certain, so that no event stream has to confirm it. */
  readonly isCertain?: boolean;
  /** Where the lab itself responds; null while the server does not report a usable address. */
  readonly address: LabAddress | null;
  /** When it was started, in milliseconds since the epoch; null if the server does not report it. */
  readonly started: number | null;
  /** The image that it was created with; null if the server does not report it. */
  readonly image: string | null;
  readonly size: string | null;
  /** The object that JSON output version 1 prints, with the server's own keys in their order. */
  readonly raw: RawLab;
}

/** The address of a lab, as something to connect to. */
export interface LabAddress {
  readonly url: string;
  /** Whether it may be opened in a browser: not if it is at a host that the server has no authority over. */
  readonly mayOpen: boolean;
  /** Whether a token may be sent there: only if the server has authority over the host. */
  readonly mayGetToken: boolean;
  /** Whether the host name was reported with capital letters. Browsers send lower case, so they may not reach it. */
  readonly hasCapitals: boolean;
  /** Whether another lab of the same user responds below this address while this lab does not run. */
  readonly isShared: boolean;
}

/** Whether there is no lab, or nothing is left of it but the record of its failure. */
export function isGone(lab: Lab | null): boolean {
  return lab === null || lab.gone === true;
}

/** Whether a lab has failed and no event stream has to confirm it. */
export function hasFailedForGood(lab: Lab | null | undefined): boolean {
  return lab?.phase === 'failed' && (lab.gone === true || lab.isCertain === true);
}

/** A lab in a list, as JSON output prints it. `status` and `url` only in a list of one user's labs. */
export interface ListedLab {
  user: string;
  /** The name of a named server; empty for the default one. */
  server: string;
  ready: boolean | null;
  started: string | null;
  last_activity: string | null;
  status?: string;
  url?: string | null;
}

/** JSON output version 1 promises these fields; a backend may have more. */
export interface RawLab {
  status: string;
  internal_url?: string | null | undefined;
  [field: string]: unknown;
}
