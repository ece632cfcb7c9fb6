/**
 * What a Hub says about one server: its entry among the user's servers, its progress stream, and why its last spawn failed.
 *
 * Owns how often the entry is requested: at most once a second for all that a command does. Leaves what follows from it to
 * `start.ts`, `stop.ts` and `server.ts`.
 */
import type { Lab } from '../../model/lab.js';
import type { Failure, Result } from '../../model/result.js';
import { isAborted } from '../../runtime/deadline.js';
import type { EventStream } from '../../stream/event-stream.js';
import type { HubClient, ServerId } from './client.js';
import { failure } from './outcomes.js';
import type { HubWorld } from './server.js';
import { failureIn } from './spawn-failure.js';
import { labOf } from './state.js';

interface World extends Pick<HubWorld, 'base' | 'clock' | 'redact' | 'pace'> {
  /** The Hub's public prefix; null if it is not known. */
  publicBase: URL | null;
}

export class Looks {
  readonly #client: HubClient;
  readonly #id: ServerId;
  readonly #world: World;

  constructor(client: HubClient, id: ServerId, world: World) {
    this.#client = client;
    this.#id = id;
    this.#world = world;
  }

  /** The server as the Hub lists it; null if it is not listed. */
  async listed(signal: AbortSignal): Promise<Result<Lab | null>> {
    const { base, publicBase, redact, pace } = this.#world;
    await pace?.turn(signal);
    if (isAborted(signal)) return { ok: false, failure: abandoned };
    const user = await this.#client.user(this.#id.user, signal);
    if (!user.ok) return user;
    const { servers } = user.value;
    if (servers === undefined) return { ok: false, failure: cannotSee(this.#id.user, base) };
    const model = servers[this.#id.server];
    // The default server responds to every path below the user's that has no route.
    const isShared = this.#id.server !== '' && servers['']?.stopped !== true && servers[''] !== undefined;
    return { ok: true, value: model === undefined ? null : labOf(model, publicBase, redact, isShared) };
  }

  /**
   * The progress stream. A `failed` at its end is believed if the server is no longer listed. If that cannot be found out
   * now, it is not: the state decides later.
   */
  events(signal: AbortSignal): Promise<Result<EventStream>> {
    const isStarting = async (): Promise<boolean> => {
      const lab = await this.listed(signal);
      return !lab.ok || lab.value !== null;
    };
    return this.#client.progress(this.#id, isStarting, signal);
  }

  /**
   * Why the last spawn of a server that is not listed failed; null if it has not failed. A failure means that this is not
   * known.
   */
  async lastFailure(signal: AbortSignal): Promise<Result<string | null>> {
    const { clock, redact } = this.#world;
    const open = (limited: AbortSignal): Promise<Result<EventStream>> =>
      this.#client.progress(this.#id, () => Promise.resolve(false), limited);
    const reason = await failureIn(open, clock, signal);
    return reason.ok && reason.value !== null ? { ok: true, value: redact(reason.value) } : reason;
  }
}

/** The caller no longer waits for the response, so nothing was sent. */
const abandoned: Failure = {
  ...failure('unknown', 'network', 'could not get the servers of the user'),
  retry: 'later',
  from: 'nobody',
};

/** A model without the key `servers` does not mean that there are none. */
export function cannotSee(user: string, base: URL): Failure {
  return failure(
    'unauthorized',
    'missing_scope',
    `could not get the servers of ${user}: the token lacks the scope read:servers`,
    `Create a new one with that scope at ${new URL('hub/token', base).href}.`,
  );
}
