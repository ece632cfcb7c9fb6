/**
 * The simulated JupyterHub: the proxy, the Hub behind it, and the servers that the Hub starts; as a real HTTP server on
 * loopback, or without a network.
 *
 * Owns start, restart and close. proxy.ts decides which of the three handles a request. It shares no code
 * with the client's side of the protocol; tests rely on that.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../runtime/context.js';
import { Listener } from '../http/listener.js';
import { Accounts, type HubGrant } from './accounts.js';
import { Addresses, type HostOptions } from './addresses.js';
import { chooser, standing, type Spawner } from './choice.js';
import { withDefaults, type HubFaults } from './faults.js';
import { Life, type RestartOptions } from './life.js';
import { releases, type HubVersion } from './releases.js';
import { findHubScenario } from './scenarios.js';
import type { Server, ServerWorld } from './server.js';
import { Site, type Limits } from './site.js';
import type { Child } from './spawn.js';
import type { SpawnStory } from './story.js';
import { Timers } from './timers.js';

export type { HostOptions } from './addresses.js';
export type { HubFaults } from './faults.js';
export type { RestartOptions } from './life.js';
export type { HubVersion } from './releases.js';

export interface HubOptions {
  clock: Clock;
  /** Default 6. */
  version?: HubVersion;
  /** The scenario; default `hub`. Options with a `story` (stories.ts) or a `scenario` change it for one spawn. */
  scenario?: string;
  /** Called for each spawn whose options choose no story; default: the scenario's. */
  nextStory?: () => SpawnStory;
  faults?: Readonly<Partial<HubFaults>>;
  /** Divides the times of the Hub and of stories, but not the time between a stream's newlines; default 1. */
  speed?: number;
  /** Default `/`. */
  prefix?: string;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
  /** The user of `tokens.user`; default `demo`. */
  user?: string;
  /** Additional users, the administrators first. */
  admins?: readonly string[];
  users?: readonly string[];
  /** Valid tokens in addition to the Hub's own. Without scopes, a user's token has all rights of its user. */
  tokens?: Readonly<Record<string, { owner: HubGrant['owner']; scopes?: readonly string[] }>>;
  limits?: Partial<Limits>;
  /** Default true. */
  namedServers?: boolean;
  /** Milliseconds that a POST may be held; default 10 s. */
  slowSpawnMs?: number;
  /** The same for DELETE. */
  slowStopMs?: number;
  startTimeoutMs?: number;
  httpTimeoutMs?: number;
  /** Milliseconds between two checks of a server; default 30 s. */
  pollMs?: number;
  /** Whether Jupyter Server has JupyterLab; default no. */
  jupyterLab?: boolean;
  /** The Hub of a platform: the login believes `X-Auth-Request-User`, and the Spawner hands its servers to a controller. */
  platform?: boolean;
  /** The Spawner, if it does not play stories. */
  spawner?: Spawner;
  /** Per-user hosts. Redirects and URLs contain them, regardless of the address on which the Hub listens. */
  hosts?: HostOptions;
  /** Called for every request, when its body has arrived. */
  onRequest?: (request: SeenRequest) => void;
}

export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface SimulatedHub {
  /** The public prefix, with a slash at the end; with per-user hosts on the Hub's host. */
  url: string;
  /** Where it listens. */
  origin: string;
  version: string;
  user: string;
  tokens: {
    /** A user's token, with the user's rights. */
    user: string;
    /** The token of a service with administrator rights. */
    admin: string;
  };
  /** For tests and demos: may be changed at any time. */
  faults: HubFaults;
  /** Every server takes `ms` milliseconds longer before it listens. */
  setStartupTime(ms: number): void;
  /** Begins a spawn for `user` as if it had been requested by a POST. */
  beginSpawn(options?: Record<string, unknown>): void;
  /** Ends all sessions; the servers keep running. */
  endSessions(): void;
  /** Kills the process of a server without the Hub noticing. Default: the default server of `user`. */
  killServer(user?: string, server?: string): void;
  /**
   * Restarts the Hub; its proxy and the servers stay. Resolves when it is back.
   */
  restart(options?: RestartOptions): Promise<void>;
  /** Ends all connections and timers at once; resolves when the port is free. */
  close(): Promise<void>;
}

/** A Hub without a network. */
export interface LocalHub extends Omit<SimulatedHub, 'origin' | 'close'> {
  /** Handles a request whose body has arrived. */
  respond(request: IncomingMessage, response: ServerResponse, body: string): Promise<void>;
  /** The Hub's own record of a server of `user`, created if it does not exist. */
  server(name: string): Server;
  /** Cancels all timers. */
  close(): void;
}

/** Throws a RangeError if the scenario is unknown; rejects with the system's error if it cannot listen. */
export async function startHub(options: HubOptions): Promise<SimulatedHub> {
  const { clock, host = '127.0.0.1', port = 0 } = options;
  const hub = createHub(options, () => listener.origin);
  const listener: Listener = await Listener.open(
    (request, response) => {
      const work = async (): Promise<void> => {
        await hub.respond(request, response, await text(request));
      };
      work().catch(() => {
        // The client disconnected in the middle of its request.
        response.destroy();
      });
    },
    { clock, host, port },
  );
  return {
    ...hub,
    url: hub.url,
    origin: listener.origin,
    async close() {
      hub.close();
      await listener.close();
    },
  };
}

/** Throws a RangeError if the scenario is unknown. `origin`: where requests arrive, once that is known. */
export function createHub(options: HubOptions, origin: () => string): LocalHub {
  const { clock, version = 6, scenario: name = 'hub', speed = 1, prefix = '/' } = options;
  const scenario = findHubScenario(name);
  if (!scenario) throw new RangeError(`no scenario is called ${JSON.stringify(name)}`);
  const { user = scenario.user ?? 'demo' } = options;
  const { hosts = scenario.hosts ?? null, limits = {}, onRequest } = options;
  const release = releases[version];
  const timers = new Timers(clock, speed);
  const addresses = new Addresses(prefix, hosts, 'http', () => Number(new URL(origin()).port));
  let processes = 0;
  const newChild = (): Child => {
    processes += 1;
    return { pid: 4000 + processes, port: 40_000 + processes, status: null, listens: false };
  };
  const world: ServerWorld = {
    release,
    timers,
    newChild,
    startTimeoutMs: options.startTimeoutMs ?? 60_000,
    httpTimeoutMs: options.httpTimeoutMs ?? 30_000,
    muteMs: release.muteMs,
    extraListenMs: 0,
    pollMs: options.pollMs ?? 30_000,
    checkRoutesMs: 300_000,
    meanwhile: () => undefined,
    upUrl: (child, server) =>
      `http://127.0.0.1:${child.port}${addresses.serverPath(server)}${release.upPath}`,
  };
  const accounts = new Accounts(world);
  for (const name of options.admins ?? []) accounts.addUser(name, true);
  for (const name of new Set([...(options.users ?? []), user])) accounts.addUser(name);
  const { token: userToken } = accounts.addToken({ kind: 'user', name: user }, scenario.scopes);
  const { token: adminToken } = accounts.addToken({ kind: 'service', name: 'admin' }, adminScopes);
  for (const [token, { owner, scopes }] of Object.entries(options.tokens ?? {})) {
    accounts.addToken(owner, scopes, token);
  }
  const { platform = false, nextStory, jupyterLab = false, spawner = null } = options;
  const faults = withDefaults({ ...scenario.faults, ...options.faults });
  const site = new Site({
    release,
    timers,
    accounts,
    addresses,
    limits: { active: null, concurrent: null, named: null, retryAfter: 52, ...limits },
    namedServers: options.namedServers ?? true,
    slowSpawnMs: options.slowSpawnMs ?? 10_000,
    slowStopMs: options.slowStopMs ?? 10_000,
    platform,
    faults,
    storyOf: chooser(nextStory ?? (() => scenario.spawn), faults, { platform, jupyterLab, spawner }),
  });
  const life = new Life(site);
  world.meanwhile = (server, what) => {
    if (what === 'die') server.kill();
    else if (what === 'cancel') {
      if (release.cancelsSpawns) server.stop(site.slowStopMs, () => undefined);
    } else void life.restart(what);
  };

  /** Whether the initial state has been set up, which happens at the first request. */
  let begun = false;
  const begin = (): void => {
    if (!begun) standing(scenario, site.accounts.users.get(user)?.server(''));
    begun = true;
  };

  return {
    get url() {
      return (addresses.publicOrigin ?? origin()) + prefix;
    },
    version: release.number,
    user,
    tokens: { user: userToken, admin: adminToken },
    faults,
    setStartupTime(ms) {
      world.extraListenMs = ms;
    },
    beginSpawn(chosen = {}) {
      accounts.users.get(user)?.server('').start(site.storyOf(chosen, user), chosen);
    },
    endSessions() {
      site.sessions.endAll();
    },
    killServer(name = user, server = '') {
      const found = accounts.users.get(name)?.find(server);
      if (found?.isAlive !== true) throw new RangeError(`no server of ${name} is running`);
      found.kill();
    },
    restart: (how) => life.restart(how),
    async respond(request, response, body) {
      begin();
      const { method = '', url = '', headers } = request;
      onRequest?.({ method, url, headers, body });
      await life.respond(request, response, body);
    },
    server(name) {
      const owner = accounts.users.get(user);
      if (!owner) throw new RangeError(`there is no user ${user}`);
      return owner.server(name);
    },
    close() {
      life.close();
    },
  };
}

/** The scopes of an administrator. */
const adminScopes = ['admin:users', 'admin:servers', 'tokens', 'access:servers', 'read:hub', 'list:users'];
