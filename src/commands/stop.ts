/**
 * `lab stop`: deletes the lab and waits until it is gone.
 */
import type { Ending } from '../display/display.js';
import { begin } from './session/begin.js';
import { deleteLab } from './session/delete.js';
import type { Session } from './session/session.js';

export interface StopOptions {
  /** Return as soon as the deletion is in progress. */
  detach: boolean;
  /** The options of the command line that only some servers understand. */
  given?: readonly string[];
}

export async function stop(session: Session, { detach, given = [] }: StopOptions): Promise<Ending> {
  session.backend.checkSettings('stop', given);
  const words = {
    interrupted: `detached; the deletion continues in ${session.server}`,
    hint: '`lab wait --for absent` follows it again.',
  };
  const before = { ...words, interrupted: 'interrupted' };
  const begun = await begin(session, { command: 'stop', mayBeAnother: true, words: before });
  if (!begun.ok) return begun.ending;
  return session.ending(await deleteLab(session, begun.subject, { detach, words }), { lab: null });
}
