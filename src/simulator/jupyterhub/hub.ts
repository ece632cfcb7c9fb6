/**
 * The simulated JupyterHub: a real HTTP server on loopback that is the proxy, the Hub behind it, and the servers that it
 * starts.
 *
 * Owns its life (start, restart, close). Which of the three answers a request is proxy.ts's business. It shares no code
 * with the client's side of the protocol; tests rely on that.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../runtime/context.js';
import { Listener } from '../http/listener.js';
import { Accounts, type HubGrant } from './accounts.js';
import { Addresses, type HostOptions } from './addresses.js';
import type { ApiAnswer } from './api.js';
import { writeProgress } from './progress.js';
import { answer } from './proxy.js';
import { releases, type HubVersion } from './releases.js';
import { hubAway, send } from './replies.js';
import type { ServerWorld } from './server.js';
import { Site, type Limits } from './site.js';
import type { Child } from './spawn.js';
import { findStory, type StoryOptions } from './stories.js';
import { Timers } from './timers.js';

export type { HostOptions } from './addresses.js';
export type { HubVersion } from './releases.js';

export interface HubOptions {
  clock: Clock;
  /** Default 6. */
  version?: HubVersion;
  /** The story of a spawn whose options name none; default `quick`. */
  story?: string;
  /** The Hub's and the stories' times are divided by it; default 1. The newlines of a stream keep their time. */
  speed?: number;
  /** Default `/`. */
  prefix?: string;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
  /** The user of `tokens.user`; default `demo`. */
  user?: string;
  /** Users beside them, the administrators first. */
  admins?: readonly string[];
  users?: readonly string[];
  /** Known tokens, beside the Hub's own. Without scopes, a user's token may do everything with their own. */
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
  /** Milliseconds between two looks after a server; default 30 s. */
  pollMs?: number;
  /** Whether Jupyter Server has JupyterLab; default no. */
  jupyterLab?: boolean;
  /** Per-user hosts. Redirects and URLs name them, whatever address the Hub listens at. */
  hosts?: HostOptions;
  /** Every request, when its body has arrived. */
  onRequest?: (request: SeenRequest) => void;
}

export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface SimulatedHub {
  /** The public prefix, with a slash at the end. */
  url: string;
  origin: string;
  version: string;
  user: string;
  tokens: {
    /** What a user's own token may do. */
    user: string;
    /** An administrator's service. */
    admin: string;
  };
  /** Every server takes so many milliseconds longer until it listens. */
  setStartupTime(ms: number): void;
  /** Begins a spawn for `user` as though it had been POSTed. */
  beginSpawn(options?: Record<string, unknown>): void;
  /** The process of a server dies, and the Hub does not notice. Default: the default server of `user`. */
  killServer(user?: string, server?: string): void;
  /**
   * Restarts the Hub, which is away for `downMs` milliseconds; its proxy and the servers stay. With SIGTERM it ends its
   * spawns first, with SIGKILL its open streams stay open and silent. Resolves when it is back.
   */
  restart(options?: { signal?: 'SIGTERM' | 'SIGKILL'; downMs?: number }): Promise<void>;
  /** Ends all connections and timers at once; resolves when the port is free. */
  close(): Promise<void>;
}

/** Rejects with the system's error where it cannot listen. */
export async function startHub(options: HubOptions): Promise<SimulatedHub> {
  const { clock, version = 6, story = 'quick', speed = 1, prefix = '/', user = 'demo' } = options;
  const { host = '127.0.0.1', port = 0, hosts = null, limits = {}, onRequest } = options;
  const release = releases[version];
  const timers = new Timers(clock, speed);
  const addresses = new Addresses(prefix, hosts, 'http', () => Number(new URL(listener.origin).port));
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
    upUrl: (child, server) =>
      `http://127.0.0.1:${child.port}${addresses.serverPath(server)}${release.upPath}`,
  };
  const accounts = new Accounts(world);
  for (const name of options.admins ?? []) accounts.addUser(name, true);
  for (const name of new Set([...(options.users ?? []), user])) accounts.addUser(name);
  const { token: userToken } = accounts.addToken({ kind: 'user', name: user });
  const { token: adminToken } = accounts.addToken({ kind: 'service', name: 'admin' }, adminScopes);
  for (const [token, { owner, scopes }] of Object.entries(options.tokens ?? {})) {
    accounts.addToken(owner, scopes, token);
  }
  const site = new Site({
    release,
    timers,
    accounts,
    addresses,
    limits: { active: null, concurrent: null, named: null, retryAfter: 52, ...limits },
    namedServers: options.namedServers ?? true,
    slowSpawnMs: options.slowSpawnMs ?? 10_000,
    slowStopMs: options.slowStopMs ?? 10_000,
    storyOf: (chosen) => {
      const wanted = (typeof chosen === 'object' && chosen !== null ? chosen : {}) as StoryOptions & {
        story?: unknown;
      };
      const found = findStory(wanted.story, wanted) ?? findStory(story, wanted);
      if (!found) throw new RangeError(`no story is called ${JSON.stringify(story)}`);
      const lab = found.server === 'jupyter' && options.jupyterLab === true;
      return lab ? { ...found, server: 'jupyterlab' } : found;
    },
  });

  let isUp = true;
  let back = Promise.resolve();
  let stopRestart = (): void => undefined;
  /** Streams, and requests that are being answered. */
  const streams = new Set<() => void>();
  const held = new Set<ServerResponse>();

  const respond = (request: IncomingMessage, response: ServerResponse, reply: ApiAnswer): void => {
    if (response.headersSent || response.destroyed) return;
    if ('status' in reply) {
      send(request, response, reply, timers.now());
      return;
    }
    const leave = writeProgress(request, response, reply, timers);
    streams.add(leave);
    response.on('close', () => streams.delete(leave));
  };
  const listener: Listener = await Listener.open(
    (request, response) => {
      const work = async (): Promise<void> => {
        const body = await text(request);
        const { method = '', url = '', headers } = request;
        held.add(response);
        onRequest?.({ method, url, headers, body });
        respond(request, response, await answer(site, request, body, isUp));
      };
      work()
        .catch(() => {
          // The client left in the middle of its request.
          response.destroy();
        })
        .finally(() => held.delete(response));
    },
    { clock, host, port },
  );

  const servers = () => [...accounts.users.values()].flatMap((each) => [...each.servers.values()]);

  return {
    url: listener.origin + prefix,
    origin: listener.origin,
    version: release.number,
    user,
    tokens: { user: userToken, admin: adminToken },
    setStartupTime(ms) {
      world.extraListenMs = ms;
    },
    beginSpawn(chosen = {}) {
      accounts.users.get(user)?.server('').start(site.storyOf(chosen), chosen);
    },
    killServer(name = user, server = '') {
      const found = accounts.users.get(name)?.find(server);
      if (found?.isAlive !== true) throw new RangeError(`no server of ${name} is running`);
      found.kill();
    },
    restart({ signal = 'SIGKILL', downMs = 1000 } = {}) {
      if (!isUp) return back;
      for (const server of servers()) server.goDown(signal === 'SIGTERM');
      isUp = false;
      for (const leave of streams) leave();
      for (const response of held) send(response.req, response, hubAway, timers.now());
      return (back = new Promise((resolve) => {
        const cancel = timers.after(downMs, () => {
          for (const server of servers()) server.comeBack();
          isUp = true;
          resolve();
        });
        stopRestart = () => {
          cancel();
          resolve();
        };
      }));
    },
    async close() {
      stopRestart();
      timers.cancelAll();
      await listener.close();
    },
  };
}

/** An administrator's. */
const adminScopes = ['admin:users', 'admin:servers', 'tokens', 'access:servers', 'read:hub', 'list:users'];
