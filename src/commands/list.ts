/**
 * `lab list`: the users with running labs, one name a line.
 */
import type { Ending } from '../display/display.js';
import { sanitise } from '../model/text.js';
import type { Session } from './session/session.js';

export async function list(session: Session): Promise<Ending> {
  session.display.start({ command: 'list', user: null, address: session.address, request: null });
  const asked = await session.requests.ask((signal) => session.backend.list(signal));
  if (!asked.ok) {
    return session.ending(session.failureOutcome(asked.failure, { interrupted: 'interrupted', hint: null }));
  }
  const { users, labs } = asked.value;
  const message = users.length === 1 ? '1 lab is running' : `${users.length} labs are running`;
  return session.ending(
    { kind: 'ok', message },
    { text: users.map(sanitise), more: { users, ...(labs === undefined ? {} : { labs }) } },
  );
}
