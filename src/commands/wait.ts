/**
 * `lab wait`: attaches to whatever is going on with a lab, or is already over, and ends with the outcome.
 */
import type { Ending } from '../display/display.js';
import type { LabState } from '../model/lab.js';
import type { Outcome } from '../model/outcome.js';
import { failed, removed } from '../model/run.js';
import { followDeletion, followSpawn, pause, pollInterval, settledState } from './attach.js';
import type { Words } from './cut-short.js';
import type { Session } from './session.js';
import type { Subject } from './subject.js';
import { endingWithUrl } from './url.js';

export const goals = ['running', 'absent'] as const;
export type WaitGoal = (typeof goals)[number];

const words = { interrupted: 'interrupted; whatever goes on in the controller goes on', hint: null };

export async function wait(session: Session, goal: WaitGoal): Promise<Ending> {
  const subject = await session.subject(true);
  if (!subject.ok) return session.ending(session.failureOutcome(subject.failure, words));
  session.display.start({
    command: 'wait',
    user: subject.value.name,
    controller: session.controller,
    request: null,
  });
  const outcome = await (goal === 'running'
    ? waitForRunning(session, subject.value)
    : waitForAbsent(session, subject.value));
  if (goal === 'absent' || (outcome.kind !== 'running' && outcome.kind !== 'complete')) {
    return session.ending(outcome);
  }
  return endingWithUrl(session, subject.value, outcome);
}

async function waitForRunning(session: Session, subject: Subject): Promise<Outcome> {
  let seen: LabState | null = null;
  while (!session.signal.aborted) {
    const asked = await settledState(session, subject);
    if (!asked.ok) return session.failureOutcome(asked.failure, words);
    switch (asked.value?.status) {
      case undefined:
        return seen?.status === 'pending' ? removed(session.state.reason) : nothing(subject);
      case 'running':
        return { kind: 'running', message: 'the lab is running' };
      case 'failed':
        return failureOf(session, subject);
      case 'terminating':
        await followDeletion(session, subject);
        break;
      default: {
        const outcome = await followSpawn(session, subject);
        if (outcome !== null) return outcome;
      }
    }
    seen = asked.value;
  }
  return session.cutShort(words);
}

async function waitForAbsent(session: Session, subject: Subject): Promise<Outcome> {
  let deleting = false;
  let told = false;
  /** What is true of a lab that nobody deletes; null while somebody does. */
  let idle: string | null = null;
  while (!session.signal.aborted) {
    const asked = await settledState(session, subject);
    if (!asked.ok) return session.failureOutcome(asked.failure, absentWords(idle));
    if (asked.value === null) return { kind: 'absent', message: 'there is no lab' };
    if (deleting && asked.value.status === 'failed')
      return failed('the deletion failed', session.state.reason, 'delete_failed');
    if (asked.value.status === 'terminating') {
      deleting = true;
      idle = null;
      const outcome = await followDeletion(session, subject);
      if (outcome !== null) return outcome;
    } else {
      idle = `the lab is ${asked.value.status}, and is not being deleted`;
      if (!told) session.display.warn(`${idle} yet`);
      told = true;
      await pause(session, pollInterval);
    }
  }
  return session.cutShort(absentWords(idle));
}

function absentWords(idle: string | null): Words {
  return idle === null ? words : { ...words, timeUp: idle };
}

/** Why a lab failed: its stream repeats the whole story. */
async function failureOf(session: Session, subject: Subject): Promise<Outcome> {
  const outcome = subject.own
    ? await session.follow(subject, {
        goal: 'spawn',
        quiet: pollInterval,
        afterEnd: 'reopen',
        // It may be the deletion that was followed, and failed.
        seen: session.deletion,
      })
    : null;
  return outcome?.kind === 'failed' ? outcome : failed('the lab failed', session.state.reason);
}

function nothing({ name, own }: Subject): Outcome {
  const message = `there is no lab of ${name} to wait for`;
  // Another user's lab is not for this token to create.
  const hint = own ? '`lab spawn` creates one.' : null;
  return { kind: 'not-found', message, error: { type: 'no_lab', message, status: 404, hint } };
}
