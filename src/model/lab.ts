/**
 * A lab as commands see it, whichever backend runs it.
 *
 * Owns the phases. Which words of a server mean which phase is decided in the backend.
 */

/** What a lab is doing. */
export type Phase =
  /** It is being created. */
  | 'starting'
  | 'running'
  /** It is being deleted. */
  | 'stopping'
  /** It did not start, or could not be deleted. It may also show while an operation is in progress; the event stream decides. */
  | 'failed'
  /** Between two phases. It lasts for a moment and is never an outcome: the state must be requested again. */
  | 'unsettled'
  /** A phase that this program does not know: some operation is in progress. */
  | 'other';

export interface Lab {
  readonly phase: Phase;
  /** The server's own word for the phase, for people. It comes from outside. */
  readonly status: string;
  /** Where the lab is; null while the server does not report it. */
  readonly url: string | null;
  /** What it was created with; null where the server does not report it. */
  readonly image: string | null;
  readonly size: string | null;
  /** The object that JSON output version 1 prints, with the server's own keys in their order. */
  readonly raw: RawLab;
}

/** JSON output version 1 promises these fields; a backend may have more. */
export interface RawLab {
  status: string;
  internal_url?: string | null | undefined;
  [field: string]: unknown;
}
