/**
 * One server at a Hub as a RemoteLab.
 *
 * Owns what the responses prove (contract, "Starting", "Stopping" and "What a client must survive"). Success does not mean
 * that a server runs or is gone, and an error does not mean that no spawn started: the models of the user's servers decide,
 * and the progress stream if the server is no longer listed.
 */
import type { ControllerOptions } from '../../http/transport.js';
import type { Lab } from '../../model/lab.js';
import type { Failure, Result } from '../../model/result.js';
import { isAborted, sleep } from '../../runtime/deadline.js';
import type { Creation, RemoteLab, Removal } from '../backend.js';
import type { UserOptions } from '../../model/lab-request.js';
import { probe } from '../probe.js';
import type { HubClient, ServerId } from './client.js';
import type { EventStream } from '../../stream/event-stream.js';
import { failureIn } from './spawn-failure.js';
import { failedLab, labOf, redactDeep } from './state.js';

export interface HubSettings {
  /** The name of a named server; empty for the default one. */
  server: string;
  userOptions: UserOptions;
  /** Whether to delete the name of a named server when it is stopped. */
  forget: boolean;
  /** The server that this program itself runs in; null or omitted if it runs elsewhere. */
  self?: ServerId | null;
}

/** What a server is requested with. `dispatcher`, `turn` and `trace` are those of its probes. */
export type HubWorld = Omit<ControllerOptions, 'credentials'>;

/** While a POST is held: the delays before the first and each later check whether it was accepted, in milliseconds. */
const firstLook = 500;
const nextLook = 1_000;

/** The number of checks, one per second, in which a server may still be ready after the Hub reported it stopped. */
const looksAfterStop = 3;

export function hubServer(
  client: HubClient,
  id: ServerId,
  { userOptions, forget }: HubSettings,
  world: HubWorld,
): RemoteLab {
  const { base, clock, redact } = world;

  /** The server as the Hub lists it; null if it is not listed. */
  async function listed(signal: AbortSignal): Promise<Result<Lab | null>> {
    const user = await client.user(id.user, signal);
    if (!user.ok) return user;
    const { servers } = user.value;
    if (servers === undefined) return { ok: false, failure: cannotSee(id.user, base) };
    const model = servers[id.server];
    // The default server responds to every path below the user's that has no route.
    const isShared = id.server !== '' && servers['']?.stopped !== true && servers[''] !== undefined;
    return { ok: true, value: model === undefined ? null : labOf(model, base, redact, isShared) };
  }

  const events: NonNullable<RemoteLab['events']> = (signal) =>
    client.progress(
      id,
      async () => {
        const lab = await listed(signal);
        return lab.ok && lab.value !== null;
      },
      signal,
    );

  /** Why the last spawn failed, if nothing has happened since. */
  function lastFailure(signal: AbortSignal): Promise<string | null> {
    const open = async (limited: AbortSignal): Promise<EventStream | null> => {
      const stream = await events(limited);
      return stream.ok ? stream.value : null;
    };
    return failureIn(open, clock, signal);
  }

  /** Resolves when the Hub lists the server as starting; never resolves if the signal aborts first. */
  async function untilStarting(signal: AbortSignal): Promise<Result<Creation>> {
    for (let wait = firstLook; ; wait = nextLook) {
      await sleep(clock, wait, signal);
      if (isAborted(signal)) return new Promise(() => undefined);
      const lab = await listed(signal);
      if (lab.ok && lab.value?.phase === 'starting') return accepted;
    }
  }

  /** The result of a start that got an error response. */
  async function refusedStart(failure: Failure, signal: AbortSignal): Promise<Result<Creation>> {
    if (!isAboutTheServer(failure)) return { ok: false, failure };
    const lab = await listed(signal);
    if (!lab.ok) return { ok: false, failure };
    if (lab.value !== null) {
      const { phase } = lab.value;
      if (isServerError(failure)) return phase === 'starting' ? accepted : { ok: false, failure };
      return {
        ok: true,
        value: { kind: 'conflict', phase: phase === 'other' ? 'unsettled' : phase, failure },
      };
    }
    const reason = failure.error.type === 'unavailable' ? null : await lastFailure(signal);
    if (reason !== null) return { ok: false, failure: spawnFailed(failure, reason) };
    // An error of the Hub itself will not go away by itself; a proxy's error may.
    return { ok: false, failure: failure.error.type === 'hub_error' ? final(failure) : failure };
  }

  /** Confirms that a server is stopped after the Hub said so: one that could not be cancelled stays ready. */
  async function confirmStopped(signal: AbortSignal): Promise<Result<Removal>> {
    for (let look = 1; look <= looksAfterStop; look++) {
      if (look > 1) await sleep(clock, nextLook, signal);
      const lab = await listed(signal);
      // A token that may not see the server has to rely on the Hub's response.
      if (!lab.ok)
        return { ok: true, value: lab.failure.error.type === 'missing_scope' ? 'gone' : 'under way' };
      if (lab.value === null) return { ok: true, value: 'gone' };
      if (lab.value.phase !== 'running') return { ok: true, value: 'under way' };
    }
    return { ok: false, failure: stillReady(id) };
  }

  return {
    shown: () => ({ user_options: userOptions === 'reuse' ? null : redactDeep(userOptions, redact) }),

    async create(_request, signal) {
      const answered = new AbortController();
      const response = client.start(id, userOptions, signal).finally(() => {
        answered.abort();
      });
      // The Hub holds its response for ten seconds, but the progress stream is available before that.
      const looking = AbortSignal.any([signal, answered.signal]);
      const first = await Promise.race([response, untilStarting(looking)]);
      if (first.ok) return accepted;
      return refusedStart(first.failure, signal);
    },

    async state(signal) {
      const lab = await listed(signal);
      if (!lab.ok || lab.value !== null) return lab;
      return { ok: true, value: (await lastFailure(signal)) === null ? null : failedLab() };
    },

    events,

    async remove(signal) {
      if (!forget) {
        const before = await listed(signal);
        if (before.ok && before.value === null) return { ok: false, failure: nothingThere(id) };
        if (!before.ok && before.failure.error.type !== 'missing_scope') return before;
      }
      const stopped = await client.stop(id, forget && id.server !== '', signal);
      if (stopped.ok) {
        return stopped.value === 'stopped' ? confirmStopped(signal) : { ok: true, value: 'under way' };
      }
      const { failure } = stopped;
      if (!isAboutTheServer(failure) || failure.error.type === 'unavailable') return stopped;
      const lab = await listed(signal);
      if (!lab.ok) return stopped;
      if (lab.value === null) return { ok: true, value: 'gone' };
      if (lab.value.phase === 'stopping') return { ok: true, value: 'under way' };
      return {
        ok: false,
        failure: { ...final(failure), kind: isServerError(failure) ? 'failed' : 'conflict' },
      };
    },

    choices: null,
    probe: (address, signal) => probe({ ...world, prefix: prefixOf(base) }, address, signal),
    mustConfirmRunning: true,
  };
}

/** The path of the Hub's public prefix, with a slash at the end. */
function prefixOf({ pathname }: URL): string {
  return pathname.replace(/\/*$/, '/');
}

const accepted: { ok: true; value: Creation } = { ok: true, value: { kind: 'accepted' } };

/** Whether an error may come from the spawn itself: not if the token was refused or no Hub was reached. */
function isAboutTheServer({ error: { type } }: Failure): boolean {
  return ['refused', 'too_many', 'hub_error', 'unavailable', 'forbidden'].includes(type);
}

function isServerError({ error: { status } }: Failure): boolean {
  return status !== null && (status >= 500 || status === 429);
}

function final(failure: Failure): Failure {
  return { ...failure, retry: 'never', effect: 'none' };
}

function spawnFailed(failure: Failure, reason: string): Failure {
  return {
    ...final(failure),
    kind: 'failed',
    error: { ...failure.error, type: 'spawn_failed', message: reason, hint: null },
  };
}

function failureOf(kind: Failure['kind'], type: string, message: string, hint: string | null): Failure {
  return {
    kind,
    error: { type, message, status: null, hint },
    retry: 'never',
    effect: 'none',
    from: 'server',
  };
}

/** A model without the key `servers` does not mean that there are none. */
function cannotSee(user: string, base: URL): Failure {
  return failureOf(
    'unauthorized',
    'missing_scope',
    `could not get the servers of ${user}: the token lacks the scope read:servers`,
    `Create a new one with that scope at ${new URL('hub/token', base).href}.`,
  );
}

function nothingThere({ user, server }: ServerId): Failure {
  const what = server === '' ? 'no server' : `no server ${server}`;
  return failureOf('not-found', 'not_found', `${user} has ${what}`, null);
}

function stillReady({ user, server }: ServerId): Failure {
  const which = server === '' ? 'the server' : `the server ${server}`;
  return failureOf(
    'failed',
    'still_ready',
    `the Hub says that it stopped ${which} of ${user}, but still lists it as ready`,
    'Its start could not be cancelled. Starting it again repairs that: `lab spawn`, then `lab stop`.',
  );
}
