/**
 * Stops a server: sends the DELETE, and finds out what became of it (contract, "Stopping").
 *
 * The Hub reports success also for a server that it could not stop, so the list of servers decides.
 */
import type { Clock } from '../../runtime/context.js';
import { isFinal, type Failure, type Result } from '../../model/result.js';
import { sleep } from '../../runtime/deadline.js';
import type { Removal } from '../backend.js';
import type { HubClient, ServerId } from './client.js';
import type { Looks } from './looks.js';
import { failure, final, isAboutTheServer, isServerError, nameOf } from './outcomes.js';

export interface Stop {
  client: HubClient;
  id: ServerId;
  /** Whether to delete the name of a named server, too. */
  forget: boolean;
  looks: Looks;
  clock: Clock;
}

/** The number of checks, one per second, in which a server may still be ready after the Hub reported it stopped. */
const looksAfterStop = 3;
const nextLook = 1_000;

export async function stopServer(stop: Stop, signal: AbortSignal): Promise<Result<Removal>> {
  const { client, id, forget, looks } = stop;
  if (!forget) {
    const before = await looks.listed(signal);
    if (before.ok && before.value === null) return { ok: false, failure: nothingThere(id) };
    if (!before.ok && before.failure.error.type !== 'missing_scope') return before;
  }
  const stopped = await client.stop(id, forget && id.server !== '', signal);
  if (stopped.ok) {
    return stopped.value === 'stopped' ? confirmStopped(stop, signal) : { ok: true, value: 'under way' };
  }
  const { failure: error } = stopped;
  if (!isAboutTheServer(error) || error.error.type === 'unavailable') return stopped;
  const lab = await looks.listed(signal);
  // Refused because of another operation: that shows again when the state can be read.
  if (!lab.ok) return isServerError(error) || isFinal(lab.failure) ? stopped : inTheWay(error);
  if (lab.value === null) return { ok: true, value: 'gone' };
  if (lab.value.phase === 'stopping') return { ok: true, value: 'under way' };
  if (!isServerError(error)) return inTheWay(error);
  const hint = lab.value.phase === 'running' ? repairHint : null;
  return { ok: false, failure: { ...final(error), kind: 'failed', error: { ...error.error, hint } } };
}

/** Confirms that a server is stopped after the Hub said so: one that could not be cancelled stays ready. */
async function confirmStopped({ looks, clock, id }: Stop, signal: AbortSignal): Promise<Result<Removal>> {
  for (let look = 1; look <= looksAfterStop; look++) {
    if (look > 1) await sleep(clock, nextLook, signal);
    const lab = await looks.listed(signal);
    // A token that may not see the server has to rely on the Hub's response.
    if (!lab.ok)
      return { ok: true, value: lab.failure.error.type === 'missing_scope' ? 'gone' : 'under way' };
    if (lab.value === null) return { ok: true, value: 'gone' };
    if (lab.value.phase !== 'running') return { ok: true, value: 'under way' };
  }
  return { ok: false, failure: stillReady(id) };
}

const repairHint =
  'Its start could not be cancelled. Starting it again repairs that: `lab spawn`, then `lab stop`.';

function inTheWay(error: Failure): Result<Removal> {
  return { ok: false, failure: { ...final(error), kind: 'conflict' } };
}

function nothingThere({ user, server }: ServerId): Failure {
  const what = server === '' ? 'no server' : `no server ${server}`;
  return failure('not-found', 'not_found', `${user} has ${what}`);
}

function stillReady(id: ServerId): Failure {
  const message = `the Hub says that it stopped ${nameOf(id)}, but still lists it as ready`;
  return failure('failed', 'still_ready', message, repairHint);
}
