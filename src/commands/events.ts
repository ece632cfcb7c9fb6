/**
 * `lab events`: the event stream itself, as it is, until it ends.
 */
import type { Ending } from '../display/display.js';
import type { Outcome } from '../model/outcome.js';
import type { Input } from '../model/run.js';
import type { Session } from './session.js';

export interface EventsOptions {
  /** A frame that is no Event ends the command. */
  strict: boolean;
  /** Sees the exact bytes of the body. */
  onBytes: ((bytes: Uint8Array) => Promise<void>) | null;
}

export async function events(session: Session, { strict, onBytes }: EventsOptions): Promise<Ending> {
  const words = { interrupted: 'interrupted', hint: null };
  const user = await session.user();
  if (!user.ok) return session.ending(session.failureOutcome(user.failure, words));
  session.display.start({
    command: 'events',
    user: user.value,
    controller: session.controller,
    request: null,
  });
  await session.follow(user.value, {
    // Who looks at the stream wants to see its silences too.
    quiet: null,
    ...(onBytes === null ? {} : { onBytes }),
    ...(strict ? { stopOn: malformed } : {}),
  });
  return session.ending(session.state.outcome ?? session.cutShort(words));
}

function malformed(input: Input): Outcome | null {
  if (input.kind !== 'skipped') return null;
  const message = `a frame is no Event: ${input.reason}`;
  return { kind: 'failed', message, error: { type: 'malformed', message, status: null, hint: null } };
}
