/**
 * `lab status --all`: all labs of a user, where the server allows more than one; and the names of those that there are, for a
 * command that found no lab under the name that it was given.
 */
import type { Subject } from '../backends/backend.js';
import type { Ending } from '../display/display.js';
import type { ListedLab } from '../model/lab.js';
import type { Outcome } from '../model/outcome.js';
import { sanitise } from '../model/text.js';
import { begin } from './session/begin.js';
import { noLab } from './session/no-lab.js';
import type { Session } from './session/session.js';

const words = { interrupted: 'interrupted', hint: null };

export async function statusOfAll(session: Session): Promise<Ending> {
  session.backend.checkSettings('status', ['--all']);
  const begun = await begin(session, { command: 'status', mayBeAnother: true, words });
  if (!begun.ok) return begun.ending;
  const { subject } = begun;
  const { labsOf } = session.backend;
  if (labsOf === null) throw new Error('a backend with one lab for each user has to say so in checkSettings');
  const asked = await session.requests.ask((signal) => labsOf(subject.name, signal));
  if (!asked.ok) return session.ending(session.failureOutcome(asked.failure, words));
  const labs = asked.value;
  if (labs.length === 0) {
    return session.ending(noLab(subject, `${subject.name} has no lab`), { lab: null, more: { labs } });
  }
  const message = labs.length === 1 ? 'there is 1 lab' : `there are ${labs.length} labs`;
  const extra = { lab: null, text: table(labs).map(sanitise), isInText: true, more: { labs } };
  return session.ending({ kind: 'ok', message }, extra);
}

/** The outcome without a lab of the given name; it names the others, if there are any. */
export async function nothingUnderThatName(session: Session, subject: Subject): Promise<Outcome> {
  const none = noLab(subject, `${subject.name} has no lab`);
  const { labsOf } = session.backend;
  if (labsOf === null || none.kind !== 'not-found') return none;
  const asked = await session.requests.ask((signal) => labsOf(subject.name, signal));
  const names = asked.ok ? asked.value.map(({ server }) => server || 'the default one') : [];
  if (names.length === 0) return none;
  const message = `${subject.name} has no lab of this name; there are: ${names.join(', ')}`;
  const hint = '--server-name chooses one of them, and `lab status --all` shows all.';
  return { ...none, message, error: { ...none.error, message, hint } };
}

function table(labs: readonly ListedLab[]): string[] {
  const rows = labs.map(({ server, status = '', url = null }) => [server || '(default)', status, url ?? '']);
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = [width(0), width(1), 0];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
