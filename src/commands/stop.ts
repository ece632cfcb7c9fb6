/**
 * `lab stop`: deletes the lab and waits until it is gone.
 */
import type { Ending } from '../display/display.js';
import { deleteLab } from './session/delete.js';
import type { Session } from './session/session.js';

const words = {
  interrupted: 'detached; the deletion continues in the controller',
  hint: '`lab wait --for absent` follows it again.',
};

export async function stop(session: Session, { detach }: { detach: boolean }): Promise<Ending> {
  const subject = await session.subject(true);
  if (!subject.ok)
    return session.ending(session.failureOutcome(subject.failure, { ...words, interrupted: 'interrupted' }));
  session.display.start({
    command: 'stop',
    user: subject.value.name,
    controller: session.controller,
    request: null,
  });
  return session.ending(await deleteLab(session, subject.value, { detach, words }), { lab: null });
}
