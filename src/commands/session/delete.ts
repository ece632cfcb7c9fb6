/**
 * Deletes a lab and shows the progress, for `stop` and for `spawn --on-conflict replace` before its create.
 *
 * The outcome comes from the DELETE and the state. The stream only shows progress, and is opened once the state
 * says `terminating`: before that it repeats the old spawn (contract, "What a client must survive", 4).
 */
import { isAborted, sleep } from '../../runtime/deadline.js';
import { isGone, type Lab } from '../../model/lab.js';
import type { Outcome } from '../../model/outcome.js';
import { askedWait, outcomeOf, type Result } from '../../model/result.js';
import { pause, pollInterval, settledState } from './following.js';
import type { Words } from './cut-short.js';
import type { Session } from './session.js';
import type { Removal, Subject } from '../../backends/backend.js';

export interface DeleteOptions {
  /** Return as soon as the deletion is in progress. */
  detach: boolean;
  words: Words;
}

/** The delay before checking whether the deletion has begun, in milliseconds. */
const firstLook = 200;

/** Deletes the lab. Repeats the DELETE if its response was lost, because the deletion continues regardless. */
export async function deleteLab(
  session: Session,
  subject: Subject,
  options: DeleteOptions,
): Promise<Outcome> {
  const retry = session.requests.retries();
  // After the first DELETE, a missing lab means success.
  let repeated = false;
  /** Whether the server may be deleting the lab. */
  let maybeDeleting = false;
  const { hostsCommand } = session.backend.lab(subject);
  if (hostsCommand) session.display.warn('this command runs in the lab that it stops, and ends with it');
  const detach = options.detach || hostsCommand;
  while (!session.signal.aborted) {
    const result = await removeWithProgress(session, subject, detach);
    const isUnderWay = result === 'under way' || (result.ok && result.value === 'under way');
    if (isUnderWay && detach) {
      return session.detached('deleting the lab', '`lab wait --for absent` follows it');
    }
    if (result === 'under way' || result.ok) {
      if (!isUnderWay) return gone();
      [maybeDeleting, repeated] = [true, true];
      const outcome = await untilDeleted(session, subject);
      if (outcome !== null) return outcome;
      retry.reset();
      continue;
    }
    const { failure } = result;
    if (failure.kind === 'failed') {
      const { operation, reason } = session.state;
      const why = reason === null || operation === 'spawn' ? '' : `: ${reason}`;
      const message = `${failure.error.message}${why}`;
      return { kind: 'failed', message, error: { ...failure.error, message } };
    }
    const isPossible = failure.effect === 'possible';
    maybeDeleting ||= isPossible;
    if (isAborted(session.signal)) break;
    if (failure.kind === 'not-found') {
      return repeated ? gone() : outcomeOf({ ...failure, error: { ...failure.error, hint: nothingThere } });
    }
    const conflict = failure.kind === 'conflict';
    const wait = conflict ? pollInterval : retry.after(failure);
    if (wait === null) return outcomeOf(failure);
    repeated = true;
    // If the DELETE was received, its response may only take longer than the idle timeout: not a problem yet.
    const heard = conflict || (isPossible && askedWait(failure) === null);
    if (heard) await pause(session, Math.max(wait, pollInterval));
    else await session.requests.waitToRetry(retry, failure, wait);
    // A DELETE that was certainly not received has changed nothing, so the state need not be requested.
    if (!conflict && !isPossible) continue;
    session.trace(1, `${failure.error.message}; checking the state before retrying`);
    const state = await session.requests.labState(subject);
    if (state.ok && isGone(state.value)) return gone();
    if (!state.ok && !isAborted(session.signal)) return outcomeOf(state.failure);
    // The deletion continues regardless of the requests, so their retries start over.
    if (state.ok && state.value?.phase === 'stopping') retry.reset();
  }
  const decides = (lab: Lab | null): Outcome | null => (isGone(lab) ? gone() : null);
  return session.cutShort(maybeDeleting ? { ...options.words, decides } : notAccepted(session));
}

function notAccepted({ server }: Session): Words {
  return { interrupted: `interrupted; ${server} has not accepted the deletion`, hint: null };
}

const nothingThere = 'There is no lab to delete.';

function gone(): Outcome {
  return { kind: 'absent', message: 'the lab is gone' };
}

/**
 * Waits for the end of an accepted deletion. Null if the lab turns out not to be deleted, or if the run was cut short.
 * A readable stream would not add anything: the state shows when the deletion is over.
 */
async function untilDeleted(session: Session, subject: Subject): Promise<Outcome | null> {
  for (;;) {
    await pause(session, pollInterval);
    if (isAborted(session.signal)) return null;
    const state = await settledState(session, subject);
    if (!state.ok) return isAborted(session.signal) ? null : outcomeOf(state.failure);
    const lab = state.value;
    if (lab === null || isGone(lab)) return gone();
    const { phase } = lab;
    if (phase !== 'stopping' && phase !== 'other') return null;
  }
}

/** Sends the DELETE, and shows the deletion's events until there is a response. */
async function removeWithProgress(
  session: Session,
  subject: Subject,
  detach: boolean,
): Promise<Result<Removal> | 'under way'> {
  const responded = new AbortController();
  const removal = session.requests
    .attempt((signal) => session.backend.lab(subject).remove(signal))
    .then((result) => {
      responded.abort();
      return result;
    });
  const begun = await hasBegun(session, subject, responded.signal);
  if (begun && detach) {
    // The deletion continues even if nothing waits for it.
    removal.catch(() => undefined);
    return 'under way';
  }
  const { events, streamsDeletions } = session.backend.lab(subject);
  if (events === null || !streamsDeletions || (!begun && !hasFailed(await removal))) return removal;
  const { clock } = session.context;
  const enough = new AbortController();
  let cancel = (): void => undefined;
  const response = removal.then((result) => {
    if (!hasFailed(result)) enough.abort();
    else
      cancel = clock.after(reasonTimeout, () => {
        enough.abort();
      });
    return result;
  });
  const use = { goal: 'delete', silence: null, afterEnd: 'stop', until: enough.signal } as const;
  const { operation: seen } = session.events;
  await session.events.follow(subject, { ...use, seen, known: { operation: 'deletion' } });
  const result = await response;
  cancel();
  return result;
}

/** How long to wait for the stream to give the reason of a failed deletion, in milliseconds. */
const reasonTimeout = 2_000;

function hasFailed(result: Result<unknown>): boolean {
  return !result.ok && result.failure.kind === 'failed';
}

/** Whether the deletion is in progress; false if the response to the DELETE arrived before that was visible. */
async function hasBegun(session: Session, subject: Subject, responded: AbortSignal): Promise<boolean> {
  const signal = AbortSignal.any([session.signal, responded]);
  for (let wait = firstLook; ; wait = Math.min(2 * wait, pollInterval)) {
    await sleep(session.context.clock, wait, signal);
    if (isAborted(signal)) return false;
    const state = await session.requests.lookAtLab(subject, signal);
    if (isAborted(signal)) return false;
    if (state.ok && state.value?.phase === 'stopping') return true;
  }
}
