/**
 * `HubClient`: one server of a user at a JupyterHub, for other Node programs.
 *
 * Owns the defaults, whose server it is, and the checks of options before anything is sent. The backend owns the requests
 * and the meaning of responses. Nothing is loaded or sent before the first request.
 */
import type { Backend, Creation, RemoteLab, Removal } from '../backends/backend.js';
import type { HubClient as Routes } from '../backends/jupyterhub/client.js';
import type { HubSettings } from '../backends/jupyterhub/server.js';
import { hubSettings } from '../backends/jupyterhub/settings.js';
import type { labOf as LabOf } from '../backends/jupyterhub/state.js';
import { isSafe } from '../model/host.js';
import type { LabRequest } from '../model/lab-request.js';
import { createRedactor, type Redact, type Redactor } from '../model/redactor.js';
import type { Failure, Result } from '../model/result.js';
import { UsageError } from '../model/usage-error.js';
import { systemClock } from '../runtime/system-clock.js';
import type { EventStream } from '../stream/event-stream.js';
import { ClientDispatcher, never, type HttpDispatcher } from './dispatcher.js';
import type { EventSource, SourceRules } from './follow-events.js';
import { hubServerOf, type HubServer } from './hub-server.js';

export interface HubClientOptions {
  /** The Hub's public prefix, such as `https://hub.example.org/` or `https://example.org/jupyter/`. */
  hub: string | URL;
  /** An API token. It is sent to the Hub only, and over plain http only to loopback. */
  token: string;
  /** The user whose server it is. Default: the token's own user, whom the first request looks up. */
  user?: string;
  /** The name of a named server. Default: the default server. */
  server?: string;
  /**
   * Secrets in the options of `create`, such as passwords. Those of eight or more characters are removed from the text of the
   * Hub, as the token is.
   */
  secrets?: readonly string[];
  /** Your own undici Agent for all requests: for proxies, certificates or many streams. */
  dispatcher?: HttpDispatcher;
}

/** The options for the Hub's Spawner: a JSON object. Its keys depend on the Spawner. */
export type SpawnOptions = Readonly<Record<string, unknown>>;

export interface RemoveOptions {
  /** Also delete the name of a named server, with what the Hub knows about it. Default false. */
  forget?: boolean;
}

/** The Hub, once its client is loaded. */
interface Connected {
  routes: Routes;
  labOf: typeof LabOf;
  backend: (settings: Pick<HubSettings, 'userOptions' | 'forget'>) => Backend;
}

/** A Hub gets the options of the Spawner instead. */
const noRequest: LabRequest = {
  image: { image_class: 'recommended' },
  size: '',
  enableDebug: false,
  resetUserEnv: false,
  env: {},
};

/**
 * One server of a user. Every method resolves to a Result: a value, or a failure with its meaning. Network errors and refusals
 * are failures, too. Wrong options cause a UsageError, before anything is sent; a value that JSON cannot hold causes a
 * TypeError.
 */
export class HubClient implements EventSource {
  /** Null for the token's own user. */
  readonly user: string | null;
  /** Empty for the default server. */
  readonly server: string;
  /** How `followEvents` interprets a Hub. */
  readonly rules: SourceRules = {
    name: 'the Hub',
    interpret(state) {
      const { phase, reason } = state as HubServer;
      // A Hub keeps no model of a server that did not start.
      return phase === 'failed' ? { phase, reason: reason ?? undefined, gone: true } : { phase };
    },
    isProvisional: true,
  };
  readonly #base: URL;
  readonly #token: string;
  readonly #redactor: Redactor;
  readonly #dispatcher: ClientDispatcher;
  #connecting: Promise<Connected> | null = null;
  /** The token's own user, once it is known. */
  #own: string | null = null;

  constructor({ hub, token, user, server = '', secrets = [], dispatcher }: HubClientOptions) {
    this.#base = hubSettings.parseUrl(String(hub), 'hub');
    if (!isSafe(this.#base)) {
      const { hostname } = this.#base;
      throw new UsageError(`hub: a token is not sent over plain http to ${hostname}`, 'Use https.');
    }
    this.#token = hubSettings.parseToken(token, 'token');
    this.user = user === undefined ? null : hubSettings.parseUser(user, 'user');
    this.server = server === '' ? '' : hubSettings.parseServerName(server, 'server');
    this.#redactor = createRedactor({ credentials: [this.#token], values: secrets });
    this.#dispatcher = new ClientDispatcher(dispatcher);
  }

  /**
   * Requests the server. Success means accepted, not done: `followEvents` reports how it continues. While the server starts
   * already, that is a success, too, and the options are ignored; a failure of kind `conflict` means that it runs, or is being
   * stopped.
   *
   * `reuse`: the options of the last start. The default is no options, and not those of the last start.
   */
  async create(options: SpawnOptions | 'reuse' = {}, signal: AbortSignal = never()): Promise<Result<null>> {
    if (options !== 'reuse' && !isObject(options))
      throw new UsageError("options: neither an object nor 'reuse'");
    const server = await this.#server(signal, { userOptions: options });
    if (!server.ok) return server;
    const created = await server.value.create(noRequest, signal);
    if (!created.ok) return created;
    // A server that starts already is not requested again.
    return created.value.kind === 'accepted' || created.value.phase === 'starting'
      ? { ok: true, value: null }
      : { ok: false, failure: conflict(created.value) };
  }

  /** The state of the server; null without a server. Its phase `running` is not always true; `followEvents` confirms it. */
  async state(signal: AbortSignal = never()): Promise<Result<HubServer | null>> {
    const server = await this.#server(signal);
    if (!server.ok) return server;
    const state = await server.value.state(signal);
    if (!state.ok) return state;
    const lab = state.value;
    return { ok: true, value: lab && hubServerOf(lab, this.server, (text) => this.redact(text)) };
  }

  /**
   * One progress stream with its decoder. `followEvents` reads it, and reopens a lost one. A failure of kind `not-found` means
   * that the server neither starts nor runs; a Hub has no events of a stop.
   */
  async events(signal: AbortSignal = never()): Promise<Result<EventStream>> {
    const server = await this.#server(signal);
    if (!server.ok) return server;
    const { events } = server.value;
    if (events === null) throw new Error('a server at a Hub has a stream');
    return events(signal);
  }

  /** Stops the server. `under way`: the Hub has accepted that, and the state shows its end. */
  async remove(
    { forget = false }: RemoveOptions = {},
    signal: AbortSignal = never(),
  ): Promise<Result<Removal>> {
    if (forget && this.server === '')
      throw new UsageError('forget: the default server has no name that could be deleted');
    const server = await this.#server(signal, { forget });
    return server.ok ? server.value.remove(signal) : server;
  }

  /** The user's servers that run, start or are being stopped. */
  async servers(signal: AbortSignal = never()): Promise<Result<HubServer[]>> {
    const user = await this.#whose(signal);
    if (!user.ok) return user;
    const { routes, labOf } = await this.#connected();
    const model = await routes.user(user.value, signal);
    if (!model.ok) return model;
    const { servers } = model.value;
    if (servers === undefined) return { ok: false, failure: cannotSee(user.value, this.#base) };
    const redact: Redact = (text) => this.redact(text);
    const shown = Object.entries(servers).flatMap(([name, each]) => {
      const lab = labOf(each, this.#base, redact);
      return lab === null ? [] : [hubServerOf(lab, name, redact)];
    });
    return { ok: true, value: shown };
  }

  /**
   * The text without this client's secrets. Failures, states and what `followEvents` yields are already redacted; the bytes of
   * `events` are not.
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

  async #server(
    signal: AbortSignal,
    { userOptions = 'reuse', forget = false }: Partial<HubSettings> = {},
  ): Promise<Result<RemoteLab>> {
    const user = await this.#whose(signal);
    if (!user.ok) return user;
    const { backend } = await this.#connected();
    return { ok: true, value: backend({ userOptions, forget }).lab({ name: user.value, own: true }) };
  }

  async #whose(signal: AbortSignal): Promise<Result<string>> {
    const known = this.user ?? this.#own;
    if (known !== null) return { ok: true, value: known };
    const { backend } = await this.#connected();
    const owner = await backend({ userOptions: 'reuse', forget: false }).whoAmI(signal);
    if (owner.ok) this.#own = owner.value;
    return owner.ok ? owner : { ok: false, failure: forLibrary(owner.failure) };
  }

  #connected(): Promise<Connected> {
    return (this.#connecting ??= this.#connect());
  }

  async #connect(): Promise<Connected> {
    const [{ createHubClient }, { hubBackend }, { labOf }, dispatcher] = await Promise.all([
      import('../backends/jupyterhub/client.js'),
      import('../backends/jupyterhub/backend.js'),
      import('../backends/jupyterhub/state.js'),
      this.#dispatcher.get(),
    ]);
    const world = {
      base: this.#base,
      credentials: { kind: 'bearer', token: this.#token },
      dispatcher,
      clock: systemClock,
      redact: (text: string) => this.redact(text),
    } as const;
    const routes = createHubClient(world);
    const { server } = this;
    return {
      routes,
      labOf,
      backend: (settings) => hubBackend(routes, { server, ...settings }, world),
    };
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function conflict({ phase, failure }: Creation & { kind: 'conflict' }): Failure {
  const type = phase === 'running' ? 'already_running' : 'operation_in_progress';
  return { ...failure, kind: 'conflict', error: { ...failure.error, type } };
}

/** The hint for a service's token names the options of the command line. */
function forLibrary(failure: Failure): Failure {
  if (failure.error.type !== 'service_token') return failure;
  return { ...failure, error: { ...failure.error, hint: 'Name the user in the option `user`.' } };
}

/** A model without servers does not mean that there are none. */
function cannotSee(user: string, hub: URL): Failure {
  const message = `could not get the servers of ${user}: the token lacks the scope read:servers`;
  const hint = `Create a new one with that scope at ${new URL('hub/token', hub).href}.`;
  return {
    kind: 'unauthorized',
    error: { type: 'missing_scope', message, status: null, hint },
    retry: 'never',
    effect: 'none',
    from: 'server',
  };
}
