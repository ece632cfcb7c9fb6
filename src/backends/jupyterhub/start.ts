/**
 * Starts a server: checks the state, sends the POST, and finds out what became of it (contract, "Starting" and "What a
 * client must survive").
 *
 * Success does not mean that a server runs, and an error does not mean that no spawn began: the list of servers decides, and
 * the progress stream if the server is no longer listed. The `failed` of an earlier spawn stays in the progress stream until
 * the next one, so it counts only if it is new, or if the Hub itself responded with an error.
 */
import type { Clock } from '../../runtime/context.js';
import type { Lab } from '../../model/lab.js';
import { isAway, isFinal, type Failure, type Result } from '../../model/result.js';
import type { UserOptions } from '../../model/lab-request.js';
import { isAborted, sleep } from '../../runtime/deadline.js';
import type { Creation } from '../backend.js';
import type { HubClient, ServerId } from './client.js';
import type { Looks } from './looks.js';
import { failure, final, isAboutTheServer, isServerError, nameOf } from './outcomes.js';

export interface Start {
  client: HubClient;
  id: ServerId;
  userOptions: UserOptions;
  looks: Looks;
  clock: Clock;
}

/** What was known before the POST. */
interface Before {
  lab: Lab | null;
  /** Why the last spawn failed; null if it has not. */
  reason: string | null;
}

/** While a POST is held: the delays before the first and each later check whether it was accepted, in milliseconds. */
const firstLook = 500;
const nextLook = 1_000;

/** How often a full Hub is tried again if it does not say when, in milliseconds. */
const whileFull = 30_000;

export async function startServer(start: Start, signal: AbortSignal): Promise<Result<Creation>> {
  const { client, id, userOptions, looks } = start;
  const listed = await looks.listed(signal);
  // Nothing was sent, whatever became of this request.
  if (!listed.ok) return { ok: false, failure: { ...listed.failure, effect: 'none' } };
  const lab = listed.value;
  const inTheWay = lab === null ? null : conflictWith(lab, id);
  if (lab !== null && inTheWay !== null) return conflict(lab, inTheWay);
  const earlier = lab === null ? await looks.lastFailure(signal) : nothing;
  // Otherwise an earlier failure would look like that of this start.
  if (!earlier.ok) return { ok: false, failure: { ...earlier.failure, effect: 'none' } };
  const before: Before = { lab, reason: earlier.value };
  const responded = new AbortController();
  const response = client.start(id, userOptions, signal).finally(() => {
    responded.abort();
  });
  // The Hub holds its response for ten seconds, but the progress stream is available before that.
  const looking = AbortSignal.any([signal, responded.signal]);
  const first = await Promise.race([response, untilBegun(start, before, looking)]);
  if (!first.ok && first.failure.kind === 'failed') return first;
  if (!first.ok) return afterError(start, before, first.failure, signal);
  return accepted(lab !== null);
}

const nothing: Result<null> = { ok: true, value: null };

/**
 * Resolves when the Hub lists the server as starting, or a failure shows that it did start; never resolves if the signal
 * aborts first.
 */
async function untilBegun(
  { looks, clock }: Start,
  before: Before,
  signal: AbortSignal,
): Promise<Result<null>> {
  for (let wait = firstLook; ; wait = nextLook) {
    await sleep(clock, wait, signal);
    const lab = await looks.listed(signal);
    if (isAborted(signal)) return new Promise(() => undefined);
    if (lab.ok && lab.value?.phase === 'starting') return nothing;
    if (!lab.ok || lab.value !== null) continue;
    const reason = await looks.lastFailure(signal);
    if (isAborted(signal)) return new Promise(() => undefined);
    if (reason.ok && reason.value !== null && reason.value !== before.reason)
      return { ok: false, failure: spawnFailed(failure('failed', 'spawn_failed', ''), reason.value) };
  }
}

/** The result of a POST that got an error, or no response. */
async function afterError(
  { looks, clock, id }: Start,
  before: Before,
  error: Failure,
  signal: AbortSignal,
): Promise<Result<Creation>> {
  const isLost = error.from === 'nobody' && error.effect === 'possible';
  if (!isLost && !isAboutTheServer(error)) return { ok: false, failure: error };
  const wasRunning = before.lab?.phase === 'running';
  /** Nobody knows what became of the POST. It is not repeated if the Hub itself had an error. */
  const unknown: Result<Creation> = { ok: false, failure: isHubs(error) ? final(error) : error };
  const listed = await untilRead(() => looks.listed(signal), clock, signal);
  if (!listed.ok) {
    // Nothing newer is known than that it was running, and the command requests the state again.
    if (before.lab === null || !wasRunning || error.error.status !== 400) return unknown;
    return conflict(before.lab, { phase: 'running', failure: alreadyRunning(error) });
  }
  const lab = listed.value;
  switch (lab?.phase) {
    case undefined:
      break;
    case 'starting':
      return accepted(wasRunning);
    case 'running':
      // It may be the server that was there before.
      if (!isLost && !isServerError(error))
        return conflict(lab, { phase: 'running', failure: alreadyRunning(error) });
      if (!wasRunning) return accepted(false);
      return { ok: false, failure: isLost ? error : afterServerError(error) };
    case 'stopping':
    case 'failed':
    case 'unsettled':
    case 'orphaned':
    case 'other':
      return conflict(lab, conflictWith(lab, id) ?? { phase: 'unsettled', failure: error });
  }
  const reason = await untilRead(() => looks.lastFailure(signal), clock, signal);
  if (!reason.ok) return unknown;
  const isNew = reason.value !== before.reason || isHubs(error);
  if (reason.value !== null && isNew) return { ok: false, failure: spawnFailed(error, reason.value) };
  // It was refused because the server ran, and it has been stopped since.
  if (wasRunning && error.error.status === 400) {
    return { ok: false, failure: { ...error, retry: 'later', effect: 'none' } };
  }
  return { ok: false, failure: isLost ? error : afterServerError(error) };
}

/** Whether the Hub itself responded with an error of its own, as it does if a spawn fails while the POST is held. */
function isHubs(error: Failure): boolean {
  return error.error.type === 'hub_error' && isServerError(error);
}

/** Repeats a request until there is a response: without one, a POST would be repeated after a failure. */
async function untilRead<T>(
  read: () => Promise<Result<T>>,
  clock: Clock,
  signal: AbortSignal,
): Promise<Result<T>> {
  for (;;) {
    const result = await read();
    if (result.ok || isFinal(result.failure) || isAborted(signal)) return result;
    await sleep(clock, nextLook, signal);
  }
}

/** What an error means for a Hub that has no spawn in progress. Only a full Hub and an unreachable one are tried again. */
function afterServerError(error: Failure): Failure {
  if (error.error.type === 'too_many') {
    const retry = typeof error.retry === 'object' ? error.retry : { everyMs: whileFull };
    return { ...error, retry, effect: 'none', full: true };
  }
  return error.error.type === 'unavailable' && isAway(error) ? error : final(error);
}

/** What is in the way of a start, by the state alone; null if the Hub has to decide. */
function conflictWith({ phase }: Lab, id: ServerId): Pick<Conflict, 'phase' | 'failure'> | null {
  switch (phase) {
    case 'starting':
    case 'stopping':
      return { phase, failure: inProgress(id, phase === 'starting' ? 'being started' : 'being stopped') };
    case 'other':
      return { phase: 'unsettled', failure: inProgress(id, 'busy') };
    case 'running':
    case 'failed':
    case 'unsettled':
    case 'orphaned':
      return null;
  }
}

type Conflict = Creation & { kind: 'conflict' };

function conflict(lab: Lab, what: Pick<Conflict, 'phase' | 'failure'>): Result<Creation> {
  return { ok: true, value: { kind: 'conflict', lab, ...what } };
}

function accepted(replaced: boolean): Result<Creation> {
  return { ok: true, value: { kind: 'accepted', ...(replaced ? { replaced } : {}) } };
}

function inProgress(id: ServerId, doing: string): Failure {
  return failure('conflict', 'in_progress', `could not start ${nameOf(id)}: it is already ${doing}`);
}

function alreadyRunning(error: Failure): Failure {
  return { ...final(error), kind: 'conflict' };
}

function spawnFailed(error: Failure, reason: string): Failure {
  return {
    ...final(error),
    kind: 'failed',
    error: { ...error.error, type: 'spawn_failed', message: reason, hint: null },
  };
}
