/**
 * `lab wait`: attaches to the lab's operation in progress, or to the remaining events of the last one, and ends with the
 * outcome.
 */
import type { Ending } from '../display/display.js';
import { hasFailedForGood, isGone, type Phase } from '../model/lab.js';
import { labRuns, type Outcome } from '../model/outcome.js';
import { deletionFailed, failed, labFailed, removed } from '../model/reducer.js';
import {
  followDeletion,
  followOperation,
  LastingFailure,
  pause,
  pollInterval,
  settledState,
} from './session/following.js';
import type { Words } from './session/cut-short.js';
import { begin } from './session/begin.js';
import { noLab, orphanOnly } from './session/no-lab.js';
import type { Session } from './session/session.js';
import type { Subject } from '../backends/backend.js';
import { untilConfirmed, type ReadyOptions, type RunningGoal } from './session/ready.js';
import { endingWithUrl } from './session/url.js';

const words: Words = { interrupted: 'interrupted; any operation in progress continues', hint: null };

/** Only a `failed` state is known; whether an operation is in progress is unknown. */
const lastFailed = { ...words, timeUp: 'last state: failed' };

export type WaitGoal = RunningGoal | 'absent';

/** `goal`: null for the default. */
export async function wait(
  session: Session,
  goal: WaitGoal | null,
  { readyTimeout = null }: Pick<ReadyOptions, 'readyTimeout'> = {},
): Promise<Ending> {
  const begun = await begin(session, { command: 'wait', mayBeAnother: true, words });
  if (!begun.ok) return begun.ending;
  const { subject } = begun;
  session.timeStages(false);
  if (goal === 'absent') return session.ending(await waitForAbsent(session, subject));
  const { outcome, readiness, isChecked } = await untilConfirmed(
    session,
    subject,
    { goal, readyTimeout, words },
    (again) => waitForRunning(session, subject, again),
  );
  if (outcome.kind !== 'running' && outcome.kind !== 'complete') {
    return session.ending(outcome, { more: readiness });
  }
  return endingWithUrl(session, subject, outcome, { isChecked, more: readiness });
}

/** `wasStarting`: whether a lab is known to have been started. */
async function waitForRunning(session: Session, subject: Subject, wasStarting: boolean): Promise<Outcome> {
  const failure = new LastingFailure(session.context.clock);
  const { events, streamsDeletions } = session.backend.lab(subject);
  let isReadable = events !== null;
  /** Whether a lab was starting. */
  let expected = wasStarting;
  let last: Phase | null = null;
  let asked = await settledState(session, subject);
  for (;;) {
    if (!asked.ok) return session.failureOutcome(asked.failure, wordsAfter(last));
    const phase = asked.value?.phase;
    if (phase === 'running') return labRuns;
    if (phase === undefined || phase === 'orphaned') {
      // If only the state can be read, the last one counts.
      const wasFailed = !isReadable && last === 'failed';
      if (expected && !wasFailed) return removed(session.state);
      return phase === 'orphaned' ? orphanOnly(subject) : nothing(subject, wasFailed);
    }
    if (asked.value !== null && hasFailedForGood(asked.value))
      return labFailed(asked.value, session.state.reason);
    expected ||= phase === 'starting';
    last = phase;
    if (phase === 'stopping' && !streamsDeletions) {
      session.trace(1, 'the lab is being stopped, which only its state shows');
    } else if (isReadable) {
      const outcome = await followOperation(session, subject, phase, expected);
      const { lab, expected: isExpected } = session.state;
      expected = isExpected;
      last = lab?.phase ?? last;
      if (outcome?.kind === 'unauthorized' && last === 'failed') isReadable = false;
      else if (outcome !== null) return outcome;
      if (lab === null || lab?.phase === 'orphaned') {
        asked = { ok: true, value: lab };
        continue;
      }
    } else if (failure.note(phase)) {
      return failed('the lab has failed', null);
    }
    await pause(session, pollInterval);
    if (session.signal.aborted) return session.cutShort(wordsAfter(last));
    asked = await settledState(session, subject);
  }
}

/** How often to check a failed lab again, in milliseconds: another client may be deleting it. */
const lookAgain = 15_000;

async function waitForAbsent(session: Session, subject: Subject): Promise<Outcome> {
  const { clock } = session.context;
  const failure = new LastingFailure(clock);
  const { events, streamsDeletions } = session.backend.lab(subject);
  let isReadable = events !== null && streamsDeletions;
  /** Whether a deletion was seen that has not ended. */
  let deleting = false;
  let lookedAt = -Infinity;
  let warned = false;
  let last = words;
  while (!session.signal.aborted) {
    const asked = await settledState(session, subject);
    if (!asked.ok) return session.failureOutcome(asked.failure, last);
    const lab = asked.value;
    if (lab === null || isGone(lab)) return { kind: 'absent', message: 'there is no lab' };
    const isForGood = hasFailedForGood(lab);
    if (isForGood && deleting) return deletionFailed(null);
    // What is left of a failed lab is there until somebody deletes it, and its events are those of the failure.
    const isFailed = lab.phase === 'failed' && !isForGood;
    const hasFailed = failure.note(lab.phase);
    deleting = lab.phase === 'stopping' || (deleting && isFailed);
    last = wordsAfter(lab.phase);
    let isIdle = !deleting && !isFailed;
    if (!isReadable && deleting && hasFailed) return deletionFailed(null);
    if (isReadable && (deleting || (isFailed && clock.monotonic() - lookedAt >= lookAgain))) {
      lookedAt = clock.monotonic();
      const outcome = await followDeletion(session, subject, deleting);
      if (outcome?.kind === 'unauthorized' && isFailed) isReadable = false;
      else if (outcome !== null) return outcome;
      deleting = session.state.operation === 'deletion';
      isIdle = !deleting && session.state.stream === 'over';
    }
    if (isIdle) {
      const idle = `the lab is ${lab.status}, and is not being deleted`;
      if (!isFailed) last = { ...words, timeUp: idle };
      if (!warned) session.display.warn(`${idle} yet`);
      warned = true;
    }
    await pause(session, pollInterval);
  }
  return session.cutShort(last);
}

function wordsAfter(last: Phase | null): Words {
  return last === 'failed' ? lastFailed : words;
}

function nothing(subject: Subject, wasFailed: boolean): Outcome {
  const more = wasFailed ? '; its last state was failed' : '';
  return noLab(subject, `${subject.name} has no lab to wait for${more}`);
}
