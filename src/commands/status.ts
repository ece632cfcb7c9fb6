/**
 * `lab status`: reports the lab's state once, and whether a lab that runs also responds.
 */
import type { Ending } from '../display/display.js';
import { sanitise } from '../model/text.js';
import { hasFailedForGood, type Lab } from '../model/lab.js';
import { labRuns, type Outcome } from '../model/outcome.js';
import { failed, labFailed } from '../model/reducer.js';
import { glance, settledState } from './session/following.js';
import { begin } from './session/begin.js';
import { noLab, orphanOnly } from './session/no-lab.js';
import { capitals, doesRespond, probeOnce, type Readiness } from './session/ready.js';
import type { Session } from './session/session.js';
import { nothingUnderThatName } from './status-all.js';
import type { Probed, Subject } from '../backends/backend.js';
import { isAborted } from '../runtime/deadline.js';

const words = { interrupted: 'interrupted', hint: null };

export async function status(session: Session): Promise<Ending> {
  const begun = await begin(session, { command: 'status', mayBeAnother: true, words });
  if (!begun.ok) return begun.ending;
  const { subject } = begun;
  const asked = await settledState(session, subject);
  if (!asked.ok) return session.ending(session.failureOutcome(asked.failure, words));
  const judged = await judge(session, subject, asked.value);
  if (session.signal.aborted) return session.ending(session.cutShort(words));
  const { lab } = judged;
  const runs = lab !== null && judged.outcome.kind === 'running';
  const probed = runs ? await probeOnce(session.backend.lab(subject), lab, session.signal) : null;
  // The outcome is known, even if the deadline passed during the probe.
  if (isAborted(session.context.signal)) return session.ending(session.cutShort(words));
  const ready = doesRespond(probed);
  const unready = runs && ready === false ? notResponding(session, subject, lab, probed) : null;
  if (runs && lab.address?.hasCapitals === true) session.display.warn(capitals);
  const none = lab === null && judged.outcome.kind === 'not-found';
  const outcome = unready ?? (none ? await nothingUnderThatName(session, subject) : judged.outcome);
  const isInText = lab !== null && unready === null && saysNoMore(outcome);
  const text = lab === null ? [] : describe(lab, subject.name, ready);
  return session.ending(outcome, { lab, text, isInText, more: readinessOf(probed) });
}

function readinessOf(probed: Probed | null): Readiness {
  if (probed === null) return {};
  return { ready: doesRespond(probed), ...(probed.kind === 'proof' ? { ready_check: probed.how } : {}) };
}

/** How long a lab may take to respond after it was started, in milliseconds. */
const startTime = 120_000;

/**
 * The outcome for a lab that is said to run and does not respond; null if the server's word counts. A Hub may say it for
 * good although nothing runs.
 */
function notResponding(
  { backend, server, context }: Session,
  subject: Subject,
  { started }: Lab,
  probed: Probed | null,
): Outcome | null {
  if (!backend.lab(subject).mustConfirmRunning) return null;
  const reason = probed?.reason ?? '';
  const isNew = started !== null && context.clock.now() - started < startTime;
  return isNew
    ? { kind: 'pending', message: `the lab is running, but does not respond yet: ${reason}` }
    : failed(`${server} says that the lab runs, but it does not respond: ${reason}`, null, 'not_ready');
}

export interface Judgement {
  /** The state that was judged: the last one read. */
  lab: Lab | null;
  outcome: Outcome;
}

/** What a state means. A `failed` state is judged together with the stream. */
export async function judge(session: Session, subject: Subject, lab: Lab | null): Promise<Judgement> {
  if (lab !== null && hasFailedForGood(lab)) return { lab, outcome: labFailed(lab, null) };
  if (lab?.phase !== 'failed') return { lab, outcome: outcomeOf(lab, subject) };
  if (session.backend.lab(subject).events === null) return { lab, outcome: failed(notSure, null) };
  const seen = await glance(session, subject, lab);
  switch (seen.kind) {
    case 'over':
      return {
        lab: seen.lab,
        outcome: seen.outcome.kind === 'failed' ? seen.outcome : outcomeOf(seen.lab, subject),
      };
    case 'state':
      return { lab: seen.lab, outcome: outcomeOf(seen.lab, subject) };
    case 'in progress':
      return { lab, outcome: { kind: 'pending', message: inProgress } };
    case 'unknown':
      return { lab, outcome: failed(seen.refused ? notSure : `${maybe}; \`lab wait\` decides`, null) };
  }
}

const inProgress = 'an operation is in progress; until it ends, the state is failed';
const maybe = "the lab's state is failed, but an operation may be in progress";
const notSure = "the lab's state is failed, which may be an operation in progress";

function outcomeOf(lab: Lab | null, subject: Subject): Outcome {
  switch (lab?.phase) {
    case undefined:
      return noLab(subject, `${subject.name} has no lab`);
    case 'orphaned':
      return orphanOnly(subject);
    case 'running':
      return labRuns;
    case 'failed':
      return failed(hasFailed, null);
    case 'starting':
    case 'stopping':
    case 'unsettled':
    case 'other':
      return { kind: 'pending', message: `the lab is ${lab.status}` };
  }
}

/** Whether an outcome adds nothing to the lab's status. */
function saysNoMore({ kind, message }: Outcome): boolean {
  return kind === 'running' || (kind === 'pending' && message !== inProgress) || message === hasFailed;
}

const hasFailed = 'the lab has failed';

function describe(lab: Lab, user: string, ready: boolean | null): string[] {
  const rows: [string, string | null][] = [
    ['status', lab.status],
    ['ready', ready === null ? null : ready ? 'yes' : 'no'],
    ['user', user],
    ['image', lab.image],
    ['size', lab.size],
    ['url', lab.url],
  ];
  return rows.flatMap(([key, value]) => (value === null ? [] : [sanitise(`${key.padEnd(7)} ${value}`)]));
}
