/**
 * `lab events`: the event stream itself, as it is, until it ends.
 */
import { isAborted } from '../deadline.js';
import type { Ending } from '../display/display.js';
import type { Outcome } from '../model/outcome.js';
import type { Input } from '../model/run.js';
import { pause, pollInterval } from './attach.js';
import type { Session, Subject } from './session.js';

export interface EventsOptions {
  /** A frame that is no Event ends the command. */
  strict: boolean;
  /** After an operation has ended, wait for the next one. */
  follow: boolean;
  /** Sees the exact bytes of the body. */
  onBytes: ((bytes: Uint8Array) => Promise<void>) | null;
}

const words = { interrupted: 'interrupted', hint: null };

export async function events(session: Session, options: EventsOptions): Promise<Ending> {
  const subject = await session.subject(false);
  if (!subject.ok) return session.ending(session.failureOutcome(subject.failure, words));
  session.display.start({
    command: 'events',
    user: subject.value.name,
    controller: session.controller,
    request: null,
  });
  let outcome = await show(session, subject.value, options);
  while (options.follow && outcome !== null && isOver(outcome, options)) {
    outcome = await nextOperation(session, subject.value, statusAfter(outcome));
    if (outcome === null && !session.signal.aborted) outcome = await show(session, subject.value, options);
  }
  return session.ending(outcome ?? session.cutShort(words));
}

function show(
  session: Session,
  subject: Subject,
  { strict, onBytes }: EventsOptions,
): Promise<Outcome | null> {
  return session.follow(subject, {
    goal: 'events',
    // Who looks at the stream wants to see its silences too.
    quiet: null,
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

/** The state in which an operation leaves the lab; undefined for none. */
function statusAfter(outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case 'complete':
    case 'running':
      return 'running';
    case 'failed':
      return 'failed';
    default:
      return undefined;
  }
}

/**
 * Waits until the lab's state says that something new has happened; an outcome where it cannot be asked.
 *
 * The stream itself would only repeat what was shown.
 */
async function nextOperation(
  session: Session,
  subject: Subject,
  was: string | undefined,
): Promise<Outcome | null> {
  for (let is = was; is === was && is !== 'pending' && is !== 'terminating';) {
    await pause(session, pollInterval);
    if (isAborted(session.signal)) return null;
    const asked = await session.backend.ownState(session.signal);
    if (isAborted(session.signal)) return null;
    if (asked.ok) is = asked.value?.status;
    else if (!asked.failure.transient) return session.failureOutcome(asked.failure, words);
  }
  session.trace(1, `a new operation for ${subject.name}`);
  return null;
}

function malformed(input: Input): Outcome | null {
  if (input.kind !== 'skipped') return null;
  const message = `a frame is no Event: ${input.reason}`;
  return { kind: 'failed', message, error: { type: 'malformed', message, status: null, hint: null } };
}
