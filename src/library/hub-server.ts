/**
 * The state of a server at a Hub, as the library reports it: what every state has, with types, and without secrets.
 */
import type { Lab, Phase } from '../model/lab.js';
import type { Redact } from '../model/redactor.js';

/** The state of a server. What the Hub does not report is null. */
export interface HubServer {
  /** `starting`, `running`, `stopping`, `failed`; or `unsettled` or `other`, which will change. */
  phase: Phase;
  /** The phase as JSON output of the command line has it, or the Hub's own word for `other`. */
  status: string;
  /** Why it did not start. */
  reason: string | null;
  /** The public URL of the server, as the Hub reports it. */
  url: string | null;
  /** Its name; empty for the default server. */
  server: string;
  /** What the Hub is doing with it, in the Hub's words. */
  pending: string | null;
  ready: boolean | null;
  started: string | null;
  last_activity: string | null;
  user_options: unknown;
  [field: string]: unknown;
}

export function hubServerOf(
  { phase, status, reason, url, raw }: Lab,
  name: string,
  redact: Redact,
): HubServer {
  const { pending, ready, started, last_activity: lastActivity, user_options: userOptions } = raw;
  const text = (value: unknown): string | null => (typeof value === 'string' ? redact(value) : null);
  return {
    phase,
    status,
    reason: text(reason),
    url,
    server: name,
    pending: text(pending),
    ready: typeof ready === 'boolean' ? ready : null,
    started: text(started),
    last_activity: text(lastActivity),
    user_options: userOptions ?? null,
  };
}
