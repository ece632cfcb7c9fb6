/**
 * `LabClient`: one user's lab at one controller, for other Node programs.
 *
 * Owns the defaults and the rule for where a token may be sent. The backend owns the requests and the meaning of
 * responses. Nothing is loaded or sent before the first request.
 */
import { UsageError } from '../model/usage-error.js';
import type { NubladoClient } from '../backends/nublado/client.js';
import { createBody } from '../backends/nublado/create-body.js';
import { parseControllerToken, parseControllerUrl, parseUser } from '../backends/nublado/settings.js';
import type { LabState } from '../backends/nublado/schemas.js';
import type { Choices } from '../model/choices.js';
import { isSafe } from '../model/host.js';
import { createRedactor, type Redactor } from '../model/redactor.js';
import type { Result } from '../model/result.js';
import type { ImageChoice } from '../model/lab-request.js';
import { systemClock } from '../runtime/system-clock.js';
import { ClientDispatcher, never, type HttpDispatcher } from './dispatcher.js';

export interface LabClientOptions {
  /** The controller's base URL; without a path, `/nublado` is appended. */
  controller: string | URL;
  /** The user whose lab it is. */
  user: string;
  /** The bearer token. It is sent to the controller only, and over plain http only to loopback. */
  token?: string;
  /** Send identity headers instead of a bearer token, behind the ingress. */
  direct?: boolean;
  /** Your own undici Agent for all requests: for proxies, certificates or many streams. */
  dispatcher?: HttpDispatcher;
}

export interface CreateOptions {
  /** Default: `{ image_class: 'recommended' }`. */
  image?: ImageChoice;
  /** Default: `small`. */
  size?: string;
  enableDebug?: boolean;
  resetUserEnv?: boolean;
  /** Added to the environment of the lab. */
  env?: Readonly<Record<string, string>>;
}

/**
 * One user's lab. Every method resolves to a Result: a value, or a failure with its meaning. Network errors and refusals are
 * failures, too. The constructor throws a UsageError for wrong options; a value that JSON cannot hold causes a TypeError.
 */
export class LabClient {
  readonly user: string;
  readonly #options: LabClientOptions & { base: URL };
  #client: Promise<NubladoClient> | null = null;
  readonly #dispatcher: ClientDispatcher;
  readonly #values = new Set<string>();
  #redactor: Redactor;

  constructor(options: LabClientOptions) {
    const base = parseControllerUrl(String(options.controller), 'controller');
    this.user = parseUser(options.user, 'user');
    this.#options = { ...options, base };
    if (options.token !== undefined) {
      // Removes the line end that a token has in a file, and that a header must not contain.
      this.#options.token = parseControllerToken(options.token, 'token');
      if (!isSafe(base)) {
        throw new UsageError(
          `controller: a token is not sent over plain http to ${base.hostname}`,
          'Use https.',
        );
      }
    } else if (options.direct !== true) {
      throw new UsageError('token: it is required, except for a `direct` client');
    }
    this.#dispatcher = new ClientDispatcher(options.dispatcher);
    this.#redactor = this.#newRedactor();
  }

  /** Requests a lab. Success means accepted, not done: `followEvents` reports how it continues. */
  async create(options: CreateOptions = {}, signal: AbortSignal = never()): Promise<Result<null>> {
    const { image = { image_class: 'recommended' }, size = 'small', env = {} } = options;
    for (const value of Object.values(env)) this.#values.add(value);
    this.#redactor = this.#newRedactor();
    const { enableDebug = false, resetUserEnv = false } = options;
    const body = createBody(this.user, { image, size, enableDebug, resetUserEnv, env });
    return (await this.#connected()).create(this.user, body, signal);
  }

  /** The lab's state; null if there is no lab. */
  async state(signal: AbortSignal = never()): Promise<Result<LabState | null>> {
    return (await this.#connected()).ownState(signal);
  }

  /** The bytes of one event stream. `followEvents` decodes them, and reopens a lost stream. */
  async events(signal: AbortSignal = never()): Promise<Result<AsyncIterable<Uint8Array>>> {
    const opened = await (await this.#connected()).events(this.user, signal);
    return opened.ok ? { ok: true, value: opened.value.body } : opened;
  }

  /** Deletes the lab; resolves when it is gone. Needs a token with the scope `admin:jupyterlab`. */
  async remove(signal: AbortSignal = never()): Promise<Result<null>> {
    return (await this.#connected()).remove(this.user, signal);
  }

  /** The images and sizes to choose from; null if the controller offers none now. */
  async choices(signal: AbortSignal = never()): Promise<Result<Choices | null>> {
    return (await this.#connected()).choices(this.user, signal);
  }

  /**
   * The text without this client's secrets: the token, and the values of `env` (of eight or more characters) in earlier create
   * requests. Failures, states and what `followEvents` yields are already redacted; the bytes of `events` are not.
   */
  redact(text: string): string {
    return this.#redactor.redact(text);
  }

  /**
   * Closes the connections that this client opened, at once; pending and later requests fail. A dispatcher from the options
   * stays open.
   */
  async close(): Promise<void> {
    await this.#dispatcher.close();
  }

  #connected(): Promise<NubladoClient> {
    return (this.#client ??= this.#connect());
  }

  async #connect(): Promise<NubladoClient> {
    const { base, token = null, direct = false } = this.#options;
    const { createClient } = await import('../backends/nublado/client.js');
    const dispatcher = await this.#dispatcher.get();
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
}
