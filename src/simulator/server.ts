/**
 * The simulated controller: a real HTTP server on loopback that speaks the controller's contract.
 *
 * Owns start, restart and close, and which part handles a path: the ingress, Gafaelfawr, or the controller's routes. It
 * shares no code with the client's side of the protocol; tests rely on that.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../runtime/context.js';
import { withDefaults, type Faults } from './stories/faults.js';
import { fits } from './nublado/form.js';
import { recommended, small } from './nublado/images.js';
import { admit, ingressReply, loginPage, loginPath, Turnstile, userInfo } from './nublado/ingress.js';
import { Labs } from './labs/labs.js';
import { Listener } from './http/listener.js';
import { Pauses } from './http/pauses.js';
import { Directory, type Grant, type Person } from './labs/people.js';
import { EventQueue } from './labs/queue.js';
import { internalError } from './nublado/refusals.js';
import { page, send } from './http/reply.js';
import { dispatch, quotaOf, type Outgoing, type Site } from './nublado/routes.js';
import { findScenario } from './stories/scenarios.js';
import type { LabRequest } from './nublado/state.js';
import { stream } from './http/stream.js';

export type { Faults } from './stories/faults.js';
export type { IngressResponse } from './nublado/ingress.js';
export type { Grant, Person, Quota, Scope } from './labs/people.js';

export interface SimulatorOptions {
  clock: Clock;
  /** The scenario that a create starts; default `happy`. */
  scenario?: string;
  /** Divides the pauses of stories, but not the time between pings; default 1. */
  speed?: number;
  /** Seconds between the pings of a stream; default 15. */
  pingSeconds?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
  /** Owner of the token; default `demo`. */
  user?: string;
  /** Users with special properties; every other name is an ordinary user. */
  people?: readonly Person[];
  /** Valid tokens in addition to the controller's own. */
  tokens?: Readonly<Record<string, Grant>>;
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

export interface SimulatedController {
  /** The base URL, with the path prefix. */
  url: string;
  origin: string;
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
  /** Ends all connections and timers immediately; resolves when the port is free. */
  close(): Promise<void>;
}

const base = '/nublado';

/** Milliseconds between two reconciliations (contract, "What a client must survive", 14). */
const reconciliation = 300_000;

/** Throws a RangeError if the scenario is unknown; rejects with the system's error if it cannot listen. */
export async function startSimulator(options: SimulatorOptions): Promise<SimulatedController> {
  const { clock, scenario: name = 'happy', speed = 1, pingSeconds = 15 } = options;
  const { host = '127.0.0.1', port = 0, user = 'demo', people = [], tokens: others = {} } = options;
  const scenario = findScenario(name);
  if (!scenario) throw new RangeError(`unknown scenario ${JSON.stringify(name)}`);

  const tokens: Tokens = { user: newToken(), hub: newToken(), all: newToken() };
  const directory = new Directory(people, {
    ...others,
    [tokens.user]: { user, scopes: ['exec:notebook'] },
    [tokens.hub]: { user, scopes: ['exec:notebook', 'admin:jupyterlab'] },
    [tokens.all]: { user },
  });
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

  const listener = await Listener.open(
    (request, response) => {
      // The lab that the scenario starts with must exist before the first request; its story starts now.
      if (!requested && scenario.before) labs.register(user).arrange(person, defaultRequest(user), scenario);
      requested = true;
      handle(site, request).then(
        (reply) => {
          respond(response, reply);
        },
        () => {
          send(response, internalError);
        },
      );
    },
    { clock, host, port },
  );

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
    listener.down();
    return (listening = new Promise((resolve) => {
      const cancel = clock.after(downMs / speed, () => {
        labs.comeBack();
        void listener.up().then(() => {
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
    url: listener.origin + base,
    origin: listener.origin,
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
    async close() {
      stopRestart();
      stopReconciling();
      labs.close();
      stopWork();
      await listener.close();
    },
  };
}

async function handle(site: Site, request: IncomingMessage): Promise<Outgoing> {
  const [path = ''] = (request.url ?? '').split('?');
  if (path === '/auth/api/v1/user-info') return userInfo(request, site.directory);
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
