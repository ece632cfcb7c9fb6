/**
 * What the commands that attach to an operation in progress share: following it until it is over, and interpreting a
 * `failed` state.
 *
 * The stream reports how an operation ends; without a stream, the state shows the result. A `failed` state is never an
 * outcome by itself, because it also shows while an operation is in progress (contract, "What a client must survive",
 * 12). While a stream is followed, the reducer interprets it (`model/run.ts`, `onState`); this module interprets it if no
 * stream can be read, or only briefly.
 */
import type { Clock } from '../../runtime/context.js';
import { sleep } from '../../runtime/deadline.js';
import { hasFailedForGood, type Lab, type Phase } from '../../model/lab.js';
import { labRuns, type Outcome } from '../../model/outcome.js';
import { outcomeOf, type Result } from '../../model/result.js';
import { labFailed, removed, type Known } from '../../model/reducer.js';
import type { Session } from './session.js';
import type { Subject } from '../../backends/backend.js';

/** The state is read after this long without an event, in milliseconds: pings prove only that the connection lives. */
const silence = 10_000;

/** The same if the last state is inconclusive without the stream, in milliseconds. */
const silenceInDoubt = 5_000;

/** The interval between two requests for the state if no stream can be followed, in milliseconds. */
export const pollInterval = 1_000;

/** Waits a moment, or until the run is cut short. */
export function pause(session: Session, ms: number): Promise<void> {
  return sleep(session.context.clock, ms, session.signal);
}

/** The state, read again while it is only transitional. */
export async function settledState(session: Session, subject: Subject): Promise<Result<Lab | null>> {
  for (;;) {
    const result = await session.requests.labState(subject);
    if (!result.ok || result.value?.phase !== 'unsettled' || session.signal.aborted) return result;
    await pause(session, pollInterval);
  }
}

/** Follows the spawn that this command requested. Null if the run was cut short. */
export function followSpawn(session: Session, subject: Subject): Promise<Outcome | null> {
  if (session.backend.lab(subject).events === null) return pollSpawn(session, subject);
  return session.events.follow(subject, {
    goal: 'spawn',
    silence,
    afterEnd: 'reopen',
    seen: session.events.operation,
  });
}

/** The same using only the state, if there is no stream. */
async function pollSpawn(session: Session, subject: Subject): Promise<Outcome | null> {
  const failure = new LastingFailure(session.context.clock);
  for (;;) {
    const asked = await settledState(session, subject);
    if (session.signal.aborted) return null;
    if (!asked.ok) return outcomeOf(asked.failure);
    if (asked.value === null || asked.value.phase === 'orphaned') return removed(session.state);
    if (asked.value.phase === 'running') return labRuns;
    if (hasFailedForGood(asked.value) || failure.note(asked.value.phase)) return labFailed(asked.value, null);
    await pause(session, pollInterval);
  }
}

/**
 * Follows the operation in progress until the lab runs or has failed. Null if there is no lab and none was `expected`, if
 * a deletion has ended, or if the run was cut short.
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
 * Follows a deletion until its stream ends. Returns an outcome only if it failed or the lab is gone. `isCertain`: whether
 * the operation in progress is known to be a deletion.
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
  /** No operation is in progress, and this is the current state. */
  | { kind: 'state'; lab: Lab | null }
  | { kind: 'in progress'; operation: Known['operation'] }
  /** The stream could not be read: `refused` says whether it never will be. */
  | { kind: 'unknown'; refused: boolean };

/** How long a glance takes at most, in milliseconds. */
const glanceTime = 2_000;

/** Reads the stream briefly for a lab whose state, `lab`, is `failed`. */
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

/** An otherwise unexplained `failed` state is trusted after this long (ms) and this many responses. */
const lasting = 180_000;
const leastResponses = 10;

/** A longer gap between two responses (ms) means that the process was suspended, or the controller unreachable. */
const longestGap = 10_000;

/** Whether a `failed` state has lasted, for when no stream can be read that would show more. */
export class LastingFailure {
  readonly #clock: Clock;
  #responses = 0;
  #since = 0;
  #lastAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records one more response; true if the lab has been `failed` for so long that it will not recover. */
  note(phase: Phase): boolean {
    const now = this.#clock.monotonic();
    if (phase !== 'failed') {
      this.#responses = 0;
      return false;
    }
    if (this.#responses === 0) this.#since = now;
    else this.#since += Math.max(0, now - this.#lastAt - longestGap);
    this.#lastAt = now;
    this.#responses += 1;
    return this.#responses >= leastResponses && now - this.#since >= lasting;
  }
}
