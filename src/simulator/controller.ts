/**
 * The simulated controller without a network: its labs, its restarts, and its response to each request.
 *
 * Owns which part handles a path: the ingress, Gafaelfawr, or the controller's routes. server.ts puts it on a socket of its
 * own, and platform/ behind the ingress of a whole platform. It shares no code with the client's side of the protocol;
 * tests rely on that.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Clock } from '../runtime/context.js';
import { Pauses } from './http/pauses.js';
import { page, send, type Reply } from './http/reply.js';
import { stream } from './http/stream.js';
import { Labs } from './labs/labs.js';
import { Directory, type Grant, type Person } from './labs/people.js';
import { EventQueue } from './labs/queue.js';
import { fits } from './nublado/form.js';
import { recommended, small } from './nublado/images.js';
import {
  admit,
  ingressReply,
  loginPage,
  loginPath,
  tokenInfo,
  Turnstile,
  userInfo,
} from './nublado/ingress.js';
import { internalError } from './nublado/refusals.js';
import { dispatch, quotaOf, type Outgoing, type Site } from './nublado/routes.js';
import type { LabRequest } from './nublado/state.js';
import { withDefaults, type Faults } from './stories/faults.js';
import { findScenario, type Scenario } from './stories/scenarios.js';

export interface ControllerOptions {
  clock: Clock;
  /** The scenario that a create starts, or its name; default `happy`. */
  scenario?: string | Scenario;
  /** Divides the pauses of stories, but not the time between pings; default 1. */
  speed?: number;
  /** Seconds between the pings of a stream; default 15. */
  pingSeconds?: number;
  /** Owner of the token; default `demo`. */
  user?: string;
  /** Users with special properties; every other name is an ordinary user. */
  people?: readonly Person[];
  /** Valid tokens in addition to the controller's own. */
  tokens?: Readonly<Record<string, Grant>>;
  /** The lifetime of the controller's own tokens. Default: they do not expire. */
  expiresInSeconds?: number;
  /** Initial faults; change the controller's `faults` later. */
  faults?: Readonly<Partial<Faults>>;
}

/** Tokens of the controller's user, by scope (contract, "Base and authentication"). */
export interface Tokens {
  /** An ordinary user's token: create and watch, but not list or delete. */
  user: string;
  /** Can also list, inspect and delete labs. */
  hub: string;
  /** Every scope. */
  all: string;
}

/** What tests and demos do with a controller, on a network or not. */
export interface ControllerHandle {
  /** `tokens.all`. */
  token: string;
  tokens: Tokens;
  user: string;
  /** For tests and demos. Can be changed at any time. */
  faults: Faults;
  /** Starts a spawn for `user` without a request. */
  beginSpawn(): void;
  /**
   * Restarts the controller, for tests and demos: every connection is cut with a FIN, new ones are refused for
   * `downMs` milliseconds (default 1000, divided by `speed`). Spawns continue meanwhile; deletions do not. Afterwards
   * the controller monitors a pending pod, emits no events for a running one, and forgets a lab without a pod. Resolves
   * when it listens again.
   */
  restart(options?: { downMs?: number }): Promise<void>;
  /** Resolves when it listens: immediately, except during a restart. */
  listening(): Promise<void>;
  /** Deletes failed and dead labs, as the controller does every five minutes of its clock. */
  reconcile(): void;
  /**
   * Kills the pod of a running lab (default: that of `user`). The state stays `running` until a create or `reconcile`
   * notices. Throws a RangeError if the lab is not running.
   */
  killPod(user?: string): void;
}

/** A controller without a network. */
export interface LocalController extends ControllerHandle {
  directory: Directory;
  /** The labs, whoever they belong to. */
  labs: Labs;
  /** Handles a request from outside the cluster, or one that bypasses the ingress. */
  respond(request: IncomingMessage, response: ServerResponse): void;
  /** Creates a lab for a service in the cluster, which acts for the owner of a token. */
  create(username: string, token: string, body: unknown): Promise<Reply>;
  /** Ends all streams and timers. */
  close(): void;
}

/** The socket on which requests arrive. */
export interface Network {
  /** The controller exits: connections are cut. */
  down(): void;
  /** Resolves when it can be reached again. */
  up(): Promise<void>;
}

/** The path prefix of the controller. */
export const base = '/nublado';

/** Milliseconds between two reconciliations (contract, "What a client must survive", 14). */
const reconciliation = 300_000;

/** Throws a RangeError if the scenario is unknown. */
export function createController(options: ControllerOptions, network: Network): LocalController {
  const { clock, scenario: chosen = 'happy', speed = 1, pingSeconds = 15 } = options;
  const { user = 'demo', people = [], tokens: others = {} } = options;
  const scenario = typeof chosen === 'string' ? findScenario(chosen) : chosen;
  if (!scenario) throw new RangeError(`unknown scenario ${JSON.stringify(chosen)}`);

  const tokens: Tokens = { user: newToken(), hub: newToken(), all: newToken() };
  const created = Math.floor(clock.now() / 1000);
  const { expiresInSeconds } = options;
  const life = {
    created,
    ...(expiresInSeconds === undefined ? {} : { expires: created + expiresInSeconds }),
  };
  const directory = new Directory(
    people,
    {
      ...others,
      [tokens.user]: { user, scopes: ['exec:notebook'], ...life },
      [tokens.hub]: { user, scopes: ['exec:notebook', 'admin:jupyterlab'], ...life },
      [tokens.all]: { user, ...life },
    },
    () => clock.now(),
  );
  const pauses = new Pauses(clock, speed);
  const faults = withDefaults(options.faults);
  const labs = new Labs({ clock, speed, restart: (downMs) => void restart(downMs) });
  const site: Site = { labs, directory, scenario, faults, pauses, turnstile: new Turnstile() };
  const person = directory.person(user);
  const streams = new Set<() => void>();
  let requested = false;
  let down = false;
  let stopRestart = (): void => undefined;
  let listening = Promise.resolve();

  /** The lab that the scenario starts with must exist before the first request; its story starts now. */
  function begin(): void {
    if (!requested && scenario?.before) labs.register(user).arrange(person, defaultRequest(user), scenario);
    requested = true;
  }

  function respond(response: ServerResponse, reply: Outgoing): void {
    if (reply === null) {
      response.destroy();
    } else if (reply instanceof EventQueue) {
      const pingEvents = faults.olderController;
      const stop = stream(response, reply, { clock, pingMs: pingSeconds * 1000, pingEvents });
      streams.add(stop);
      response.on('close', () => streams.delete(stop));
    } else {
      send(response, reply);
    }
  }

  /** Ends everything that a process takes with it when it exits: streams, and requests in progress. */
  function stopWork(): void {
    for (const stop of streams) stop();
    pauses.cancel();
  }

  function restart(downMs = 1000): Promise<void> {
    if (down) return listening;
    down = true;
    stopWork();
    labs.goDown();
    network.down();
    return (listening = new Promise((resolve) => {
      const cancel = clock.after(downMs / speed, () => {
        labs.comeBack();
        void network.up().then(() => {
          down = false;
          resolve();
        });
      });
      stopRestart = () => {
        cancel();
        resolve();
      };
    }));
  }

  function reconcileAgain(): () => void {
    return clock.after(reconciliation, () => {
      if (!down) labs.reconcile();
      stopReconciling = reconcileAgain();
    });
  }
  let stopReconciling = reconcileAgain();

  return {
    token: tokens.all,
    tokens,
    user,
    faults,
    beginSpawn() {
      const lab = labs.register(user);
      if (fits(small, quotaOf(person, scenario))) lab.create(person, defaultRequest(user), scenario);
    },
    restart: ({ downMs } = {}) => restart(downMs),
    listening: () => listening,
    reconcile: () => {
      labs.reconcile();
    },
    killPod(username = user) {
      const lab = labs.find(username);
      if (!lab) throw new RangeError(`${username} has no lab`);
      lab.killPod();
    },
    directory,
    labs,
    respond(request, response) {
      begin();
      handle(site, request).then(
        (reply) => {
          respond(response, reply);
        },
        () => {
          send(response, internalError);
        },
      );
    },
    async create(username, token, body) {
      begin();
      const reply = await dispatch(site, {
        method: 'POST',
        path: `/spawner/v1/labs/${encodeURIComponent(username)}/create`,
        base: `http://nublado.nublado:8080${base}`,
        caller: { username, token },
        request: { headers: { 'content-type': 'application/json' }, url: '' },
        body: () => Promise.resolve(JSON.stringify(body)),
      });
      if (reply === null || reply instanceof EventQueue) throw new TypeError('a create has a reply');
      return reply;
    },
    close() {
      stopRestart();
      stopReconciling();
      labs.close();
      stopWork();
    },
  };
}

async function handle(site: Site, request: IncomingMessage): Promise<Outgoing> {
  const [path = ''] = (request.url ?? '').split('?');
  if (path === '/auth/api/v1/user-info') return userInfo(request, site.directory);
  if (path === '/auth/api/v1/token-info') return tokenInfo(request, site.directory);
  if (path === loginPath) return loginPage;
  if (path !== base && !path.startsWith(`${base}/`)) return page(404, 'Not Found');
  const rejected =
    site.faults.ingress.shift() ??
    (site.scenario.ingress && site.turnstile.reject('', site.scenario.ingress));
  if (rejected !== undefined) return ingressReply(rejected, request);
  const below = path.slice(base.length);
  const admitted = admit(request, below, site.directory);
  if ('refusal' in admitted) return admitted.refusal;
  return dispatch(site, {
    method: request.method ?? '',
    path: below,
    base: `http://${request.headers.host ?? ''}${base}`,
    caller: admitted.caller,
    request,
    body: () => text(request),
  });
}

/** The default request: for the labs that a scenario starts with, and for `beginSpawn`. */
function defaultRequest(user: string): LabRequest {
  const prefix = `/nb/user/${user}/`;
  return { image: recommended, size: small, enable_debug: false, reset_user_env: false, prefix };
}

/** A token in the format of real ones (contract, "Base and authentication"). */
function newToken(): string {
  const part = () => randomBytes(16).toString('base64url');
  return `gt-${part()}.${part()}`;
}
