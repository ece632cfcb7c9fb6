/**
 * The simulated controller: a real HTTP server on loopback that speaks the controller's contract.
 *
 * Owns its life (start, restart, close), and which of the rooms answers a path: the ingress, Gafaelfawr, or the
 * controller's routes. It shares no code with the client's side of the protocol; tests rely on that.
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
import { dispatch, quotaOf, type Answer, type Site } from './nublado/routes.js';
import { findScenario } from './stories/scenarios.js';
import type { LabRequest } from './nublado/state.js';
import { stream } from './http/stream.js';

export type { Faults } from './stories/faults.js';
export type { IngressAnswer } from './nublado/ingress.js';
export type { Grant, Person, Quota, Scope } from './labs/people.js';

export interface SimulatorOptions {
  clock: Clock;
  /** What a create sets off; default `happy`. */
  scenario?: string;
  /** Stories' pauses are divided by it; default 1. Pings keep their time. */
  speed?: number;
  /** Seconds between the pings of a stream; default 15. */
  pingSeconds?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
  /** Owner of the token; default `demo`. */
  user?: string;
  /** People beside the ordinary ones; whoever is not among them is an ordinary user. */
  people?: readonly Person[];
  /** Tokens that are known beside the controller's own. */
  tokens?: Readonly<Record<string, Grant>>;
  /** What is difficult from the beginning; `faults` of the controller changes it later. */
  faults?: Readonly<Partial<Faults>>;
}

/** Tokens of the controller's user, by what they open (contract, "Base and authentication"). */
export interface Tokens {
  /** What every user has: may create and watch, but neither list nor delete. */
  user: string;
  /** May list, look at and delete labs as well. */
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
  /** For tests and demos: may be changed at any time. */
  faults: Faults;
  /** Begins a spawn for `user` as though it had been POSTed, past the ingress. */
  beginSpawn(): void;
  /**
   * Restarts the controller, for tests and demos: every connection is cut with a FIN, new ones are refused for
   * `downMs` milliseconds (default 1000, divided by `speed`). Spawns continue meanwhile, and deletions do not.
   * Afterwards a pending pod is monitored, nothing is reported of a running one, and a lab without a pod is
   * forgotten. Resolves when it listens again.
   */
  restart(options?: { downMs?: number }): Promise<void>;
  /** Resolves when it listens: at once, but for a restart. */
  listening(): Promise<void>;
  /** What the controller does every five minutes, in its clock's time: failed and dead labs are deleted. */
  reconcile(): void;
  /**
   * The pod of a running lab dies (default: the one of `user`). The state goes on reading `running` until a create
   * or `reconcile` notices. Throws a RangeError where no lab runs.
   */
  killPod(user?: string): void;
  /** Ends all connections and timers at once; resolves when the port is free. */
  close(): Promise<void>;
}

const base = '/nublado';

/** Between two reconciliations, in milliseconds (contract, "What a client must survive", 14). */
const reconciliation = 300_000;

/** Throws a RangeError where the scenario is unknown; rejects with the system's error where it cannot listen. */
export async function startSimulator(options: SimulatorOptions): Promise<SimulatedController> {
  const { clock, scenario: name = 'happy', speed = 1, pingSeconds = 15 } = options;
  const { host = '127.0.0.1', port = 0, user = 'demo', people = [], tokens: others = {} } = options;
  const scenario = findScenario(name);
  if (!scenario) throw new RangeError(`no scenario is called ${JSON.stringify(name)}`);

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
  let asked = false;
  let down = false;
  let stopRestart = (): void => undefined;
  let listening = Promise.resolve();

  const listener = await Listener.open(
    (request, response) => {
      // What stood there before stood there before anybody asked, and its time begins now.
      if (!asked && scenario.before) labs.register(user).arrange(person, defaultRequest(user), scenario);
      asked = true;
      answer(site, request).then(
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

  function respond(response: ServerResponse, reply: Answer): void {
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

  /** Nothing of the process survives: no stream, and no request that it was working on. */
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

async function answer(site: Site, request: IncomingMessage): Promise<Answer> {
  const [path = ''] = (request.url ?? '').split('?');
  if (path === '/auth/api/v1/user-info') return userInfo(request, site.directory);
  if (path === loginPath) return loginPage;
  if (path !== base && !path.startsWith(`${base}/`)) return page(404, 'Not Found');
  const turnedAway =
    site.faults.ingress.shift() ??
    (site.scenario.ingress && site.turnstile.turnAway('', site.scenario.ingress));
  if (turnedAway !== undefined) return ingressReply(turnedAway, request);
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

/** What is asked for where nobody asks. */
function defaultRequest(user: string): LabRequest {
  const prefix = `/nb/user/${user}/`;
  return { image: recommended, size: small, enable_debug: false, reset_user_env: false, prefix };
}

/** In the form of a real one (contract, "Base and authentication"). */
function newToken(): string {
  const part = () => randomBytes(16).toString('base64url');
  return `gt-${part()}.${part()}`;
}
