/**
 * The ending of a command whose lab has started: its URL is the result.
 */
import { startDeadline } from '../../runtime/deadline.js';
import type { Ending } from '../../display/display.js';
import type { Lab } from '../../model/lab.js';
import type { Outcome } from '../../model/outcome.js';
import type { Session } from './session.js';
import type { Subject } from '../../backends/backend.js';

/** How long to keep requesting the URL, in milliseconds. */
const timeout = 2_000;

/** `isChecked`: whether the state was read after the lab was known to run. `more`: fields of the JSON result. */
export async function endingWithUrl(
  session: Session,
  subject: Subject,
  outcome: Outcome,
  { isChecked, more }: { isChecked: boolean; more: NonNullable<Ending['more']> },
): Promise<Ending> {
  // The outcome does not depend on whether the URL can be read.
  session.settle(outcome);
  const lab = await askForUrl(session, subject, isChecked || outcome.kind === 'running');
  const url = lab?.url ?? null;
  if (url === null)
    session.display.warn(`the lab is running, but ${session.server} did not report the lab's URL`);
  return session.ending(outcome, { lab, text: url === null ? [] : [url], more });
}

/**
 * The lab's state, read until it has a URL or the time is over. A state read before a `complete` is outdated, even
 * `running`: it may be the state of a dead lab (contract, "What a client must survive", 13).
 */
async function askForUrl(session: Session, subject: Subject, isCurrent: boolean): Promise<Lab | null> {
  const known = session.state.lab ?? null;
  if (isCurrent && known?.phase === 'running' && known.url !== null) return known;
  const { context } = session;
  const limit = startDeadline(context.clock, timeout, context.signal);
  try {
    let lab = known;
    while (!limit.signal.aborted) {
      const result = await session.requests.lookAtLab(subject, limit.signal);
      if (result.ok) lab = result.value;
      if (lab !== null && lab.url !== null) break;
    }
    return lab;
  } finally {
    limit.cancel();
  }
}
