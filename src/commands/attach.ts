/**
 * What `spawn`, `wait` and `stop` have in common: following what goes on with a lab until it is over.
 *
 * The state decides what goes on; the stream tells its progress, and can be read only by its own user. What
 * each answer means for a command is the command's.
 */
import { sleep } from '../deadline.js';
import type { LabState } from '../model/lab.js';
import type { Outcome } from '../model/outcome.js';
import type { Result } from '../model/result.js';
import type { Session } from './session.js';
import type { Subject } from './subject.js';

/** The state is asked after this long without an event, in milliseconds: pings prove only that the connection lives. */
export const quiet = 10_000;

/** Between two questions for the state where no stream tells when to ask, in milliseconds. */
export const pollInterval = 1_000;

/** A lab passes through `terminated` in a moment, in milliseconds; one that stays is asked about as often as any other. */
const passing = 250;

/** Waits a moment, or until the run is cut short. */
export function pause(session: Session, ms: number): Promise<void> {
  return sleep(session.context.clock, ms, session.signal);
}

/** The state, asked again while it is the passing one. */
export async function settledState(session: Session, subject: Subject): Promise<Result<LabState | null>> {
  for (let wait = passing; ; wait = Math.min(2 * wait, pollInterval)) {
    const answer = await session.labState(subject);
    if (!answer.ok || answer.value?.status !== 'terminated' || session.signal.aborted) return answer;
    await pause(session, wait);
  }
}

/** Follows a spawn that is under way; null where the state has to be asked again, or the run was cut short. */
export async function followSpawn(session: Session, subject: Subject): Promise<Outcome | null> {
  if (subject.own) return session.follow(subject, { goal: 'spawn', quiet, afterEnd: 'reopen' });
  await pause(session, pollInterval);
  return null;
}

/** Follows a deletion that is under way until its stream ends; an outcome only where it failed or the lab is gone. */
export async function followDeletion(session: Session, subject: Subject): Promise<Outcome | null> {
  if (!subject.own) {
    await pause(session, pollInterval);
    return null;
  }
  const outcome = await session.follow(subject, {
    goal: 'delete',
    quiet: pollInterval,
    afterEnd: 'stop',
    seen: session.deletion,
  });
  // The stream's end comes a moment before the lab's.
  if (outcome === null) await pause(session, passing);
  return outcome;
}
