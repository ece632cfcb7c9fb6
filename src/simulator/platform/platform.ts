/**
 * A simulated Science Platform: an ingress, a JupyterHub and a Nublado controller behind it, and one Spawner between them.
 *
 * Owns the socket, the start, what can happen to the whole, and close. ingress.ts routes requests, spawner.ts couples Hub
 * and controller. It shares no code with the client's side of the protocol; tests rely on that.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../runtime/context.js';
import {
  base,
  createController,
  type ControllerOptions,
  type LocalController,
  type Tokens,
} from '../controller.js';
import { Listener } from '../http/listener.js';
import { send } from '../http/reply.js';
import { createHub, type HubOptions, type LocalHub } from '../jupyterhub/hub.js';
import { Timers } from '../jupyterhub/timers.js';
import { ingressReply } from '../nublado/ingress.js';
import type { Scenario } from '../stories/scenarios.js';
import { immediate, quickDeletion } from '../stories/stories.js';
import { route, type IngressSettings, type PlatformHosts } from './ingress.js';
import { letHappen, schedule, type PlatformFaults } from './incidents.js';
import { findPlatformScenario, type Incident, type PlatformScenario } from './scenarios.js';
import { LabSpawner, type SpawnerSettings } from './spawner.js';

export type { PlatformFaults } from './incidents.js';
export type { PlatformHosts } from './ingress.js';
export { platformScenarioNames, platformScenarios, type Incident } from './scenarios.js';

export interface PlatformOptions {
  clock: Clock;
  /** The scenario, or its name; default `platform`. */
  scenario?: string | PlatformScenario;
  /** Divides the times of stories and of the Hub, but not the time between signs of life; default 1. */
  speed?: number;
  /** Seconds between the pings of the controller's streams; default 15. */
  pingSeconds?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
  /** The owner of the tokens; default `demo`. */
  user?: string;
  /** These replace the scenario's. */
  hosts?: PlatformHosts;
  expiresInSeconds?: number;
  /** How long a token must still be valid for the form at `hub/spawn`, in seconds; default 0. */
  minimumLifetimeSeconds?: number;
  hub?: Partial<HubOptions>;
  controller?: Partial<ControllerOptions>;
  faults?: Partial<PlatformFaults>;
  /** Called for every request, with the headers that the client has sent and without the body; true if it has responded. */
  onRequest?: (request: IncomingMessage, response: ServerResponse) => boolean | undefined;
}

export interface SimulatedPlatform extends AsyncDisposable {
  /** Where discovery and Gafaelfawr are: the value of `EXTERNAL_INSTANCE_URL` in a lab. */
  origin: string;
  controllerUrl: string;
  /** The Hub's public prefix, with a slash at the end. */
  hubUrl: string;
  /** `tokens.user`. */
  token: string;
  /** `user` is an ordinary user's, `all` has every scope. */
  tokens: Tokens;
  user: string;
  hub: LocalHub;
  controller: LocalController;
  faults: PlatformFaults;
  /** For the next spawns. */
  spawner: SpawnerSettings;
  /** Begins a spawn through the Hub without a request. */
  beginSpawn(options?: Record<string, unknown>): void;
  /** Lets something happen now. */
  happen(incident: Incident): void;
  /** Cuts the controller's open streams, in the middle of whatever they send. */
  cutStreams(): void;
  /** Ends all sessions at the Hub; its servers keep running. */
  endSessions(): void;
  /** From now on, no token is valid. */
  expireTokens(): void;
  /** Ends all connections and timers; resolves when the port is free. */
  close(): Promise<void>;
}

const prefix = '/nb/';

/** What the form of the platform would send. */
const usual = { image_class: 'recommended', size: 'small' };

/** Throws a RangeError if the scenario is unknown; rejects with the system's error if it cannot listen. */
export async function startPlatform(options: PlatformOptions): Promise<SimulatedPlatform> {
  const { clock, scenario: chosen = 'platform', speed = 1 } = options;
  const { host = '127.0.0.1', port = 0, pingSeconds = 15, user = 'demo', onRequest } = options;
  const scenario = typeof chosen === 'string' ? findPlatformScenario(chosen) : chosen;
  if (!scenario) throw new RangeError(`unknown scenario ${JSON.stringify(chosen)}`);
  const { expiresInSeconds = scenario.expiresInSeconds, hosts = scenario.hosts ?? null } = options;
  const faults: PlatformFaults = { controller: null, events: null, ...options.faults };
  const timers = new Timers(clock, speed);
  const spawner: SpawnerSettings = {
    delayMs: scenario.delayMs ?? 50,
    listenMs: scenario.listenMs === undefined ? 500 : scenario.listenMs,
  };
  /** Responses of the controller that have not ended. */
  const open = new Set<ServerResponse>();
  const cut = (): void => {
    for (const response of open) response.socket?.destroySoon();
  };
  let controllerIsDown = false;
  const lab: Scenario = { summary: scenario.summary, ...scenario.lab };
  const controller = createController(
    {
      clock,
      speed,
      pingSeconds,
      user,
      scenario: lab,
      ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
      ...options.controller,
    },
    {
      down() {
        controllerIsDown = true;
        cut();
      },
      up() {
        controllerIsDown = false;
        return Promise.resolve();
      },
    },
  );
  /** The tokens that the Hub has last seen of its users. */
  const lastTokens = new Map([[user, controller.tokens.user]]);
  const spawners = new Map<string, LabSpawner>();
  const spawnerOf = (name: string): LabSpawner => {
    const existing = spawners.get(name);
    if (existing) return existing;
    const tokenOf = (): string => lastTokens.get(name) ?? '';
    const made = new LabSpawner(name, { controller, timers, settings: spawner, tokenOf, onStart: started });
    spawners.set(name, made);
    return made;
  };
  const hub = createHub(
    {
      clock,
      speed,
      version: 5,
      prefix,
      platform: true,
      user,
      namedServers: false,
      ...(hosts === null ? {} : { hosts: { host: hosts.hub } }),
      ...(scenario.httpTimeoutMs === undefined ? {} : { httpTimeoutMs: scenario.httpTimeoutMs }),
      // A site sets it to much more than the Hub's default of a minute.
      startTimeoutMs: 600_000,
      ...options.hub,
      spawner: (spawnOptions, name) => spawnerOf(name).story(spawnOptions),
    },
    () => listener.origin,
  );
  const originNow = (): string => {
    const { origin } = listener;
    return hosts === null ? origin : `http://${hosts.platform}:${new URL(origin).port}`;
  };
  const ingress: IngressSettings = {
    directory: controller.directory,
    hosts,
    origin: originNow,
    hubUrl: () => hub.url,
    controllerPath: base,
    minimumLifetimeSeconds: options.minimumLifetimeSeconds ?? 0,
    now: () => clock.now(),
  };

  const happen = (incident: Incident): void => {
    letHappen(incident, { user, hub, controller, faults, cutStreams: cut });
  };
  let incidents = scenario.incidents ?? [];
  let isPreparing = scenario.before !== undefined;
  function started(name: string): void {
    if (isPreparing || name !== user) return;
    schedule(incidents, happen, { timers, spawn: hub.server('').spawn });
    incidents = [];
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (onRequest?.(request, response) === true) return;
    const destination = route(ingress, request);
    switch (destination.to) {
      case 'ingress':
        send(response, destination.reply);
        return;
      case 'controller': {
        const isStream = /\/events(\?|$)/.test(request.url ?? '');
        const fault =
          (controllerIsDown ? 503 : null) ?? faults.controller ?? (isStream ? faults.events : null);
        if (fault !== null) {
          send(response, ingressReply(fault, request));
          return;
        }
        open.add(response);
        response.on('close', () => open.delete(response));
        controller.respond(request, response);
        return;
      }
      case 'hub': {
        const { 'x-auth-request-user': name, 'x-auth-request-token': token } = request.headers;
        if (typeof name === 'string' && typeof token === 'string') lastTokens.set(name, token);
        await hub.respond(request, response, await text(request));
      }
    }
  }

  const opening = Listener.open(
    (request, response) => {
      respond(request, response).catch(() => {
        // The client disconnected in the middle of its request.
        response.destroy();
      });
    },
    { clock, host, port },
  );
  const stop = (): void => {
    hub.close();
    controller.close();
    timers.cancelAll();
  };
  const listener: Listener = await opening.catch((error: unknown) => {
    stop();
    throw error;
  });

  async function prepare(before: 'ready' | 'stopped'): Promise<void> {
    const [delayMs, listenMs, { spawn, deletion }] = [spawner.delayMs, spawner.listenMs, lab];
    Object.assign(spawner, { delayMs: 0, listenMs: 0 });
    Object.assign(lab, { spawn: immediate, ...(before === 'stopped' ? { deletion: quickDeletion } : {}) });
    hub.beginSpawn(usual);
    const server = hub.server('');
    await new Promise<void>((resolve) => server.spawn?.onOver(resolve));
    if (before === 'stopped') {
      await new Promise((resolve) => {
        server.stop(60_000, resolve);
      });
    }
    Object.assign(spawner, { delayMs, listenMs });
    Object.assign(lab, { spawn, deletion });
    isPreparing = false;
  }
  if (scenario.before !== undefined) await prepare(scenario.before);

  const close = async (): Promise<void> => {
    stop();
    await listener.close();
  };
  return {
    origin: originNow(),
    controllerUrl: originNow() + base,
    hubUrl: hub.url,
    token: controller.tokens.user,
    tokens: controller.tokens,
    user,
    hub,
    controller,
    faults,
    spawner,
    beginSpawn(chosenOptions = usual) {
      hub.beginSpawn(chosenOptions);
    },
    happen,
    cutStreams: cut,
    endSessions() {
      hub.endSessions();
    },
    expireTokens() {
      controller.directory.expireAll();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
