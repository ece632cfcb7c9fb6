/**
 * `lab events`: the event stream itself, as it is, until it ends.
 */
import type { Ending } from '../display/display.js';
import { errorOutcome, type Outcome } from '../model/outcome.js';
import type { Input } from '../model/reducer.js';
import { Seen } from '../stream/seen.js';
import { begin } from './session/begin.js';
import type { Session } from './session/session.js';
import type { Subject } from '../backends/backend.js';

export interface EventsOptions {
  /** An invalid frame ends the command. */
  strict: boolean;
  /** After an operation has ended, wait for the next one. */
  follow: boolean;
  /** Receives the exact bytes of the body. */
  onBytes: ((bytes: Uint8Array) => Promise<void>) | null;
}

const words = { interrupted: 'interrupted', timeUp: 'the stream has not reported an outcome', hint: null };
const betweenOperations = { ...words, timeUp: 'no new operation has begun' };

export async function events(session: Session, options: EventsOptions): Promise<Ending> {
  const begun = await begin(session, { command: 'events', mayBeAnother: false, words });
  if (!begun.ok) return begun.ending;
  const { subject } = begun;
  let seen = new Seen();
  let outcome = await show(session, subject, options, seen);
  while (options.follow && outcome !== null && isOver(outcome, options)) {
    outcome = await session.events.untilNews(subject, seen);
    if (outcome !== null) break;
    if (session.signal.aborted) return session.ending(session.cutShort(betweenOperations));
    session.trace(1, `a new operation for ${subject.name}`);
    seen = new Seen();
    outcome = await show(session, subject, options, seen);
  }
  return session.ending(outcome ?? session.cutShort(words));
}

function show(
  session: Session,
  subject: Subject,
  { strict, onBytes }: EventsOptions,
  seen: Seen,
): Promise<Outcome | null> {
  return session.events.follow(subject, {
    goal: 'events',
    // Silences of the stream are part of the output, so they do not cause requests for the state.
    silence: null,
    afterEnd: 'stop',
    seen,
    ...(onBytes === null ? {} : { onBytes }),
    ...(strict ? { stopOn: malformed } : {}),
  });
}

/** Whether another operation may follow: this one has ended, or the user was never seen. */
function isOver(outcome: Outcome, { strict }: EventsOptions): boolean {
  switch (outcome.kind) {
    case 'ok':
    case 'complete':
    case 'running':
    case 'not-found':
      return true;
    case 'failed':
      return !(strict && outcome.error.type === 'malformed');
    default:
      return false;
  }
}

function malformed(input: Input): Outcome | null {
  if (input.kind !== 'skipped') return null;
  return errorOutcome('failed', 'malformed', `invalid frame: ${input.reason}`);
}
