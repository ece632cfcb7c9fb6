/**
 * What the commands have in common that attach to an operation in progress: following it until it is over, and what a
 * `failed` state comes to.
 *
 * The stream tells how an operation ends; the state tells what there is where no stream does. A `failed` state is never an
 * outcome by itself, because it also shows while an operation is in progress (contract, "What a client must survive",
 * 12). What it means while a stream is followed is the reducer's (`model/run.ts`, `onState`); here is what it means where
 * no stream can be read, or only for a moment.
 */
import type { Clock } from '../../runtime/context.js';
import { sleep } from '../../runtime/deadline.js';
import type { Lab, Phase } from '../../model/lab.js';
import { labRuns, type Outcome } from '../../model/outcome.js';
import { outcomeOf, type Result } from '../../model/result.js';
import { failed, removed, type Known } from '../../model/reducer.js';
import type { Session } from './session.js';
import type { Subject } from '../../backends/backend.js';

/** The state is read after this long without an event, in milliseconds: pings prove only that the connection lives. */
const silence = 10_000;

/** The same where the last state makes no sense without the stream, in milliseconds. */
const silenceInDoubt = 5_000;

/** Between two requests for the state where no stream says when to send one, in milliseconds. */
export const pollInterval = 1_000;

/** Waits a moment, or until the run is cut short. */
export function pause(session: Session, ms: number): Promise<void> {
  return sleep(session.context.clock, ms, session.signal);
}

/** The state, read again while it is the passing one. */
export async function settledState(session: Session, subject: Subject): Promise<Result<Lab | null>> {
  for (;;) {
    const answer = await session.requests.labState(subject);
    if (!answer.ok || answer.value?.phase !== 'unsettled' || session.signal.aborted) return answer;
    await pause(session, pollInterval);
  }
}

/** Follows the spawn that this command asked for. Null where the run was cut short. */
export function followSpawn(session: Session, subject: Subject): Promise<Outcome | null> {
  if (session.backend.lab(subject).events === null) return pollSpawn(session, subject);
  return session.events.follow(subject, {
    goal: 'spawn',
    silence,
    afterEnd: 'reopen',
    seen: session.events.operation,
  });
}

/** The same by the state alone, where there is no stream. */
async function pollSpawn(session: Session, subject: Subject): Promise<Outcome | null> {
  const failure = new LastingFailure(session.context.clock);
  for (;;) {
    const asked = await settledState(session, subject);
    if (session.signal.aborted) return null;
    if (!asked.ok) return outcomeOf(asked.failure);
    if (asked.value === null) return removed(null);
    if (asked.value.phase === 'running') return labRuns;
    if (failure.note(asked.value.phase)) return failed('the lab has failed', null);
    await pause(session, pollInterval);
  }
}

/**
 * Follows whatever is in progress until the lab runs or has failed. Null where there is no lab and none was `expected`, where
 * a deletion has ended, or where the run was cut short.
 */
export function followOperation(
  session: Session,
  subject: Subject,
  phase: Phase,
  expected: boolean,
): Promise<Outcome | null> {
  const isSpawn = phase === 'starting';
  return session.events.follow(subject, {
    goal: 'spawn',
    silence: isSpawn ? silence : phase === 'stopping' ? pollInterval : silenceInDoubt,
    afterEnd: 'reopen',
    seen: session.events.operation,
    known: { expected, mayBeOld: !isSpawn, operation: phase === 'stopping' ? 'deletion' : null },
    stopOn: (input, { expected: isExpected, endedClean, operation }) => {
      if (input.kind !== 'state') return null;
      const isGone = input.lab === null && !isExpected;
      return isGone || (endedClean && operation === 'deletion') ? 'leave' : null;
    },
  });
}

/**
 * Follows a deletion until its stream ends; an outcome only where it failed or the lab is gone. `isCertain`: whether the
 * operation in progress is known to be one.
 */
export function followDeletion(
  session: Session,
  subject: Subject,
  isCertain: boolean,
): Promise<Outcome | null> {
  return session.events.follow(subject, {
    goal: 'delete',
    silence: pollInterval,
    afterEnd: 'stop',
    seen: session.events.operation,
    known: { operation: isCertain ? 'deletion' : null },
  });
}

/** What the stream of a lab whose state is `failed` shows at a glance. */
export type Glance =
  /** The stream confirms that it failed, or the state has changed to another one that is final. */
  | { kind: 'over'; outcome: Outcome; lab: Lab }
  /** There is no operation, and the state is this one now. */
  | { kind: 'state'; lab: Lab | null }
  | { kind: 'in progress'; operation: Known['operation'] }
  /** The stream could not be read: `refused` says whether it never will be. */
  | { kind: 'unknown'; refused: boolean };

/** How long a glance takes at most, in milliseconds. */
const glanceTime = 2_000;

/** Looks for a moment at the stream of a lab of this state, which is `failed`. */
export async function glance(session: Session, subject: Subject, lab: Lab): Promise<Glance> {
  const seen = await session.events.glance(subject, glanceTime, { goal: 'spawn', known: inDoubt });
  const { outcome } = seen;
  if (outcome?.kind === 'unauthorized') return { kind: 'unknown', refused: true };
  if (outcome?.kind === 'failed' || outcome?.kind === 'running')
    return { kind: 'over', outcome, lab: seen.lab ?? lab };
  // The state was read again after the end of the stream.
  if (seen.stream === 'over' && seen.lab !== undefined) return { kind: 'state', lab: seen.lab };
  if (seen.completeInDoubt) return { kind: 'unknown', refused: false };
  if (seen.events > 0) return { kind: 'in progress', operation: seen.operation };
  return seen.stream === 'open' ? { kind: 'state', lab } : { kind: 'unknown', refused: false };
}

const inDoubt = { expected: false, mayBeOld: true };

/** A `failed` state that nothing else explains is believed after this long, in milliseconds, and so many answers. */
const lasting = 180_000;
const leastAnswers = 10;

/** A longer gap between two responses (ms) means that the process was suspended, or the controller unreachable. */
const longestGap = 10_000;

/** Whether a `failed` state has lasted, where no stream can be read that tells more. */
export class LastingFailure {
  readonly #clock: Clock;
  #answers = 0;
  #since = 0;
  #lastAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes one more answer; true where the lab has failed for so long that it will not recover. */
  note(phase: Phase): boolean {
    const now = this.#clock.monotonic();
    if (phase !== 'failed') {
      this.#answers = 0;
      return false;
    }
    if (this.#answers === 0) this.#since = now;
    else this.#since += Math.max(0, now - this.#lastAt - longestGap);
    this.#lastAt = now;
    this.#answers += 1;
    return this.#answers >= leastAnswers && now - this.#since >= lasting;
  }
}
