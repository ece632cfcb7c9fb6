/**
 * The simulated platform without a network: its services, what couples them, and its response to each request.
 *
 * Owns the start of the services and of what a scenario begins with. ingress.ts routes requests, spawner.ts couples Hub and
 * controller. It shares no code with the client's side of the protocol; tests rely on that.
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
import { send } from '../http/reply.js';
import { createHub, type HubOptions, type LocalHub } from '../jupyterhub/hub.js';
import { Timers } from '../jupyterhub/timers.js';
import type { Scenario } from '../stories/scenarios.js';
import { immediate, quickDeletion } from '../stories/stories.js';
import { ControllerGate, type PlatformFaults } from './gate.js';
import { letHappen, schedule } from './incidents.js';
import { route, type PlatformHosts } from './ingress.js';
import { findPlatformScenario, type Incident, type PlatformScenario } from './scenarios.js';
import { LabSpawner, type SpawnerSettings } from './spawner.js';

export interface LocalPlatformOptions {
  clock: Clock;
  /** The scenario, or its name; default `platform`. */
  scenario?: string | PlatformScenario;
  /** Divides the times of stories and of the Hub, but not the time between signs of life; default 1. */
  speed?: number;
  /** Seconds between the pings of the controller's streams; default 15. */
  pingSeconds?: number;
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
}

/** What tests and demos do with a platform, on a network or not. */
export interface PlatformHandle {
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
  /** Begins a spawn through the Hub without a request, unless a server is there. */
  beginSpawn(options?: Record<string, unknown>): void;
  /** Lets something happen now. */
  happen(incident: Incident): void;
  /** Cuts the controller's open streams, in the middle of whatever they send. */
  cutStreams(): void;
  /** Ends all sessions at the Hub; its servers keep running. */
  endSessions(): void;
  /** From now on, no token is valid. */
  expireTokens(): void;
}

/** A platform without a network. */
export interface LocalPlatform extends PlatformHandle {
  /** Where everything but the Hub is. */
  readonly origin: string;
  /** Handles a request of a client outside the cluster. */
  respond(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Sets up what the scenario begins with. */
  prepare(): Promise<void>;
  /** Cancels all timers. */
  close(): void;
}

/** What the form of the platform would send. */
const usual = { image_class: 'recommended', size: 'small' };

/** Throws a RangeError if the scenario is unknown. `listensAt`: where requests arrive, once that is known. */
export function createPlatform(options: LocalPlatformOptions, listensAt: () => string): LocalPlatform {
  const { clock, scenario: chosen = 'platform', speed = 1, pingSeconds = 15, user = 'demo' } = options;
  const scenario = typeof chosen === 'string' ? findPlatformScenario(chosen) : chosen;
  if (!scenario) throw new RangeError(`unknown scenario ${JSON.stringify(chosen)}`);
  const { expiresInSeconds = scenario.expiresInSeconds, hosts = scenario.hosts ?? null } = options;
  const timers = new Timers(clock, speed);
  const gate = new ControllerGate(options.faults);
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
    gate,
  );

  const settings: SpawnerSettings = {
    delayMs: scenario.delayMs ?? 50,
    listenMs: scenario.listenMs === undefined ? 500 : scenario.listenMs,
  };
  /** The tokens that the Hub has last seen of its users. */
  const lastTokens = new Map([[user, controller.tokens.user]]);
  const spawners = new Map<string, LabSpawner>();
  const spawnerOf = (name: string): LabSpawner => {
    const existing = spawners.get(name);
    if (existing) return existing;
    const tokenOf = (): string => lastTokens.get(name) ?? '';
    const made = new LabSpawner(name, { controller, timers, settings, tokenOf, onStart });
    spawners.set(name, made);
    return made;
  };
  const hub = createHub(
    {
      clock,
      speed,
      version: 5,
      prefix: '/nb/',
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
    listensAt,
  );
  const origin = (): string =>
    hosts === null ? listensAt() : `http://${hosts.platform}:${new URL(listensAt()).port}`;

  const happen = (incident: Incident): void => {
    letHappen(incident, { user, hub, controller, gate });
  };
  let incidents = scenario.incidents ?? [];
  let isPreparing = false;
  function onStart(name: string): void {
    if (isPreparing || name !== user) return;
    schedule(incidents, happen, { timers, spawn: hub.server('').spawn });
    incidents = [];
  }

  /** Plays the past without pauses: a spawn and, if so, its end. */
  async function prepare(before: PlatformScenario['before']): Promise<void> {
    if (before === undefined) return;
    const [past, { delayMs, listenMs }] = [{ ...lab }, settings];
    isPreparing = true;
    Object.assign(settings, { delayMs: 0, listenMs: 0 });
    lab.spawn = immediate;
    if (before === 'stopped') lab.deletion = quickDeletion;
    hub.beginSpawn(usual);
    const server = hub.server('');
    await new Promise<void>((resolve) => server.spawn?.onOver(resolve));
    if (before === 'stopped') {
      await new Promise((resolve) => {
        server.stop(60_000, resolve);
      });
    }
    Object.assign(settings, { delayMs, listenMs });
    Object.assign(lab, { spawn: past.spawn, deletion: past.deletion });
    isPreparing = false;
  }

  const ingress = {
    directory: controller.directory,
    hosts,
    origin,
    hubUrl: () => hub.url,
    controllerPath: base,
    minimumLifetimeSeconds: options.minimumLifetimeSeconds ?? 0,
    now: () => clock.now(),
  };
  return {
    get origin() {
      return origin();
    },
    token: controller.tokens.user,
    tokens: controller.tokens,
    user,
    hub,
    controller,
    faults: gate.faults,
    spawner: settings,
    beginSpawn(chosenOptions = usual) {
      // The Hub would refuse the request.
      if (!hub.server('').active) hub.beginSpawn(chosenOptions);
    },
    happen,
    cutStreams() {
      gate.cut();
    },
    endSessions() {
      hub.endSessions();
    },
    expireTokens() {
      controller.directory.expireAll();
    },
    async respond(request, response) {
      const destination = route(ingress, request);
      switch (destination.to) {
        case 'ingress':
          send(response, destination.reply);
          return;
        case 'controller':
          gate.pass(request, response, controller);
          return;
        case 'hub':
          lastTokens.set(destination.user, destination.token);
          await hub.respond(request, response, await text(request));
      }
    },
    prepare: () => prepare(scenario.before),
    close() {
      hub.close();
      controller.close();
      timers.cancelAll();
    },
  };
}
