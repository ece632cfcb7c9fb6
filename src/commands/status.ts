/**
 * `lab status`: the lab's state, told once.
 */
import type { Ending } from '../display/display.js';
import { harmless } from '../display/text.js';
import type { LabState } from '../model/lab.js';
import type { Outcome } from '../model/outcome.js';
import { settledState } from './attach.js';
import type { Session } from './session.js';

const words = { interrupted: 'interrupted', hint: null };

export async function status(session: Session): Promise<Ending> {
  const subject = await session.subject(true);
  if (!subject.ok) return session.ending(session.failureOutcome(subject.failure, words));
  const { name, own } = subject.value;
  session.display.start({ command: 'status', user: name, controller: session.controller, request: null });
  const asked = await settledState(session, subject.value);
  if (!asked.ok) return session.ending(session.failureOutcome(asked.failure, words));
  if (asked.value === null) {
    const message = `there is no lab of ${name}`;
    return session.ending({
      kind: 'not-found',
      message,
      // Another user's lab is not for this token to create.
      error: { type: 'no_lab', message, status: 404, hint: own ? '`lab spawn` creates one.' : null },
    });
  }
  return session.ending(outcomeOf(asked.value), { lab: asked.value, text: describe(asked.value, name) });
}

function outcomeOf({ status: is }: LabState): Outcome {
  const message = `the lab is ${is}`;
  switch (is) {
    case 'running':
      return { kind: 'running', message };
    case 'failed':
      return {
        kind: 'failed',
        message: 'the lab has failed',
        error: { type: 'failed', message: 'the lab has failed', status: null, hint: '`lab wait` shows why.' },
      };
    default:
      return { kind: 'pending', message };
  }
}

function describe(lab: LabState, user: string): string[] {
  const rows: [string, string | null | undefined][] = [
    ['status', lab.status],
    ['user', user],
    ['image', lab.options?.image],
    ['size', lab.options?.size],
    ['url', lab.internal_url],
  ];
  return rows.flatMap(([key, value]) =>
    value === null || value === undefined ? [] : [harmless(`${key.padEnd(7)} ${value}`)],
  );
}
