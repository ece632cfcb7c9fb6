/**
 * The start of every command about one lab: determines whose lab it is, then starts the display.
 */
import type { RemoteLab, Subject } from '../../backends/backend.js';
import type { Ending } from '../../display/display.js';
import type { Words } from './cut-short.js';
import type { Session } from './session.js';

export interface Beginning {
  /** Its name on the command line. */
  command: string;
  /** Whether the command can act for users other than the token's own. */
  mayBeAnother: boolean;
  /** The messages for a run that is cut short before it has begun. */
  words: Words;
  /** The content of its request, for JSON output; omitted if there is none. */
  request?: (lab: RemoteLab) => Record<string, unknown>;
}

export type Begun = { ok: true; subject: Subject; lab: RemoteLab } | { ok: false; ending: Ending };

export async function begin(session: Session, beginning: Beginning): Promise<Begun> {
  const { command, mayBeAnother, words, request } = beginning;
  const found = await session.subject(mayBeAnother);
  if (!found.ok) return { ok: false, ending: session.ending(session.failureOutcome(found.failure, words)) };
  const subject = found.value;
  const lab = session.backend.lab(subject);
  session.display.start({
    command,
    user: subject.name,
    address: session.address,
    request: request?.(lab) ?? null,
  });
  return { ok: true, subject, lab };
}
