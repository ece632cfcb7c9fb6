/**
 * `LabClient`: one user's lab at one controller, for other Node programs.
 *
 * Owns what such a program may leave out (the dispatcher, signals) and the promise about tokens. What is asked and
 * what answers mean is the controller room's. Nothing is loaded or sent before the first question.
 */
import type { Dispatcher } from 'undici';
import { parseControllerUrl, parseToken, parseUser } from '../config/parse.js';
import { UsageError } from '../model/usage-error.js';
import type { NubladoClient } from '../backends/nublado/client.js';
import { createBody } from '../backends/nublado/create-body.js';
import type { LabState } from '../backends/nublado/schemas.js';
import type { Choices } from '../model/choices.js';
import { isSafe } from '../model/host.js';
import { createRedactor, type Redactor } from '../model/redactor.js';
import type { Result } from '../model/result.js';
import type { ImageChoice } from '../model/lab-request.js';
import { systemClock } from '../runtime/system-clock.js';

/**
 * An undici Agent, Pool or ProxyAgent of any version 6 or later: only its `request` is used, and its `compose` to know
 * whether a failed request was sent. Without that, every failed request counts as sent.
 */
export interface HttpDispatcher {
  request(options: { origin: string; path: string; method: string }): Promise<{ statusCode: number }>;
}

export interface LabClientOptions {
  /** The controller's base URL; without a path, `/nublado` is appended. */
  controller: string | URL;
  /** Whose lab. */
  user: string;
  /** The bearer token. It is sent nowhere else than to the controller, and over plain http to loopback only. */
  token?: string;
  /** Behind the ingress: identity headers instead of a bearer token. */
  direct?: boolean;
  /** What requests go through: an undici Agent of one's own, for proxies, certificates or many streams. */
  dispatcher?: HttpDispatcher;
}

export interface CreateOptions {
  /** Default `{ image_class: 'recommended' }`. */
  image?: ImageChoice;
  /** Default `small`. */
  size?: string;
  enableDebug?: boolean;
  resetUserEnv?: boolean;
  /** Added to the environment of the lab. */
  env?: Readonly<Record<string, string>>;
}

/** For a question that nobody cuts short. One for each, because Node 20 warns where many listen to one. */
function never(): AbortSignal {
  return new AbortController().signal;
}

/**
 * One user's lab. Every method resolves to a Result: a value, or a failure that says what it means; network errors and
 * refusals are such failures, too. Only wrong options throw (a UsageError, from the constructor), and values that JSON
 * cannot hold (a TypeError).
 */
export class LabClient {
  readonly user: string;
  readonly #options: LabClientOptions & { base: URL };
  #client: Promise<NubladoClient> | null = null;
  #ownDispatcher: Dispatcher | null = null;
  readonly #values = new Set<string>();
  #redactor: Redactor;

  constructor(options: LabClientOptions) {
    const base = parseControllerUrl(String(options.controller), 'controller');
    this.user = parseUser(options.user, 'user');
    this.#options = { ...options, base };
    if (options.token !== undefined) {
      // Without the line end that it has in a file: no header may hold one.
      this.#options.token = parseToken(options.token, 'token');
      if (!isSafe(base)) {
        throw new UsageError(
          `controller: a token is not sent over plain http to ${base.hostname}`,
          'Use https.',
        );
      }
    } else if (options.direct !== true) {
      throw new UsageError('token: without one, only a `direct` client can ask anything');
    }
    this.#redactor = this.#newRedactor();
  }

  /** Asks for a lab. Success means accepted, not done: `followEvents` tells what becomes of it. */
  async create(options: CreateOptions = {}, signal: AbortSignal = never()): Promise<Result<null>> {
    const { image = { image_class: 'recommended' }, size = 'small', env = {} } = options;
    for (const value of Object.values(env)) this.#values.add(value);
    this.#redactor = this.#newRedactor();
    const { enableDebug = false, resetUserEnv = false } = options;
    const body = createBody(this.user, { image, size, enableDebug, resetUserEnv, env });
    return (await this.#connected()).create(this.user, body, signal);
  }

  /** The lab's state; null where there is none. */
  async state(signal: AbortSignal = never()): Promise<Result<LabState | null>> {
    return (await this.#connected()).ownState(signal);
  }

  /** The bytes of the event stream, once. `followEvents` makes Events of them, and opens a lost stream again. */
  async events(signal: AbortSignal = never()): Promise<Result<AsyncIterable<Uint8Array>>> {
    const opened = await (await this.#connected()).events(this.user, signal);
    return opened.ok ? { ok: true, value: opened.value.body } : opened;
  }

  /** Deletes the lab; resolves when that has finished. Needs a token with the scope `admin:jupyterlab`. */
  async remove(signal: AbortSignal = never()): Promise<Result<null>> {
    return (await this.#connected()).remove(this.user, signal);
  }

  /** The images and sizes to choose from; null where the controller offers none now. */
  async choices(signal: AbortSignal = never()): Promise<Result<Choices | null>> {
    return (await this.#connected()).choices(this.user, signal);
  }

  /**
   * A text without this client's secrets: the token, and the values of `env` (from eight characters on) that labs were
   * asked for with. Failures, states and what `followEvents` yields have none; the bytes of `events` may.
   */
  redact(text: string): string {
    return this.#redactor.redact(text);
  }

  /**
   * Closes the connections that this client has opened itself, at once and for good; whatever is under way or asked
   * later fails. A dispatcher that was given stays open.
   */
  async close(): Promise<void> {
    // It may be about to open them.
    await this.#client;
    await this.#ownDispatcher?.destroy();
  }

  #connected(): Promise<NubladoClient> {
    return (this.#client ??= this.#connect());
  }

  async #connect(): Promise<NubladoClient> {
    const { base, token = null, direct = false } = this.#options;
    const { createClient } = await import('../backends/nublado/client.js');
    const given = this.#options.dispatcher as Dispatcher | undefined;
    const dispatcher = given ?? (this.#ownDispatcher = await this.#newDispatcher());
    const credentials =
      direct || token === null
        ? { kind: 'direct' as const, user: this.user, token }
        : { kind: 'bearer' as const, token };
    const redact = (text: string): string => this.redact(text);
    return createClient({ base, credentials, dispatcher, clock: systemClock, redact });
  }

  #newRedactor(): Redactor {
    const { token } = this.#options;
    return createRedactor({ credentials: token === undefined ? [] : [token], values: [...this.#values] });
  }

  async #newDispatcher(): Promise<Dispatcher> {
    const { createAgent } = await import('../http/agent.js');
    return createAgent();
  }
}
