/**
 * What `lab controller` serves: the simulated controller and, with `--with-hub`, a simulated JupyterHub; or a whole platform.
 *
 * Owns their start, the errors if they cannot start, in terms of the options, and which settings a client needs. How the
 * client gets them belongs to `controller.ts`.
 */
import { isLoopback } from '../model/host.js';
import { UsageError } from '../model/usage-error.js';
import type { Clock } from '../runtime/context.js';
import { startHub, type HubVersion } from '../simulator/jupyterhub/hub.js';
import { hubScenarios } from '../simulator/jupyterhub/scenarios.js';
import { startPlatform } from '../simulator/platform/platform.js';
import { platformScenarios } from '../simulator/platform/scenarios.js';
import { startSimulator, type SimulatedController } from '../simulator/server.js';
import { scenarios } from '../simulator/stories/scenarios.js';

export interface SimulatorSettings {
  port: number;
  host: string;
  yesExpose: boolean;
  /** The controller's, or one of the Hub's or of the platform's. Null: the default of what is served. */
  scenario: string | null;
  speed: number;
  /** Seconds. */
  ping: number;
  /** The version of the Hub; null for no Hub. */
  withHub: HubVersion | null;
  /** Whether to serve a whole platform, which a scenario of a platform does in any case. */
  platform: boolean;
}

export interface Simulators {
  /** The scenario that is played. */
  scenario: string;
  /** What a client needs besides the token, by the names of the environment. */
  variables: Readonly<Record<string, string>>;
  /** The client's token. */
  token: string;
  /** Other tokens, by their names. */
  otherTokens: Readonly<Record<string, string>>;
  /** Stops everything. */
  close(): Promise<void>;
}

/** Every scenario with its summary: the controller's, the Hub's, the platform's. */
export function describeScenarios(): string {
  const all = [scenarios, hubScenarios, platformScenarios].flatMap((each) => Object.entries(each));
  const width = Math.max(...all.map(([name]) => name.length));
  return all.map(([name, { summary }]) => `${name.padEnd(width)}  ${summary}\n`).join('');
}

/** Throws a UsageError if they cannot start. */
export async function startSimulators(clock: Clock, settings: SimulatorSettings): Promise<Simulators> {
  const { host, port, withHub } = settings;
  const { scenario, of } = chosenScenario(settings);
  if (of === 'hub' && withHub === null) {
    throw new UsageError(`--scenario: ${scenario} is a scenario of a JupyterHub`, 'Add --with-hub.');
  }
  if (!isLoopback(host) && !settings.yesExpose) {
    throw new UsageError(
      `--host: ${host} can be reached from other machines`,
      'If that is what you want, add --yes-expose.',
    );
  }
  try {
    if (of === 'platform') return await servePlatform(clock, scenario, settings);
    return await serveController(clock, { scenario, of }, settings);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new UsageError(`--port: ${port} is in use`);
    if (code === 'EACCES') throw new UsageError(`--port: ${port} needs more privileges than this user has`);
    if (['EADDRNOTAVAIL', 'EAI_AGAIN', 'EINVAL', 'ENOTFOUND'].includes(code)) {
      throw new UsageError(`--host: ${host} is not an address of this machine`);
    }
    throw error;
  }
}

interface Chosen {
  scenario: string;
  of: 'controller' | 'hub' | 'platform';
}

/** The scenario, and whose it is. */
function chosenScenario({ scenario: given, platform, withHub }: SimulatorSettings): Chosen {
  const scenario = given ?? (platform ? 'platform' : 'happy');
  const isPlatforms = Object.hasOwn(platformScenarios, scenario);
  const isHubs = Object.hasOwn(hubScenarios, scenario);
  if (!isPlatforms && !isHubs && !Object.hasOwn(scenarios, scenario)) {
    throw new UsageError(`--scenario: unknown scenario "${scenario}"`, 'See `lab controller --list`.');
  }
  if (platform && !isPlatforms) {
    throw new UsageError(
      `--scenario: ${scenario} is not a scenario of a platform`,
      'Choose platform or one whose name begins with platform-, see `lab controller --list`.',
    );
  }
  if (isPlatforms && withHub !== null) {
    throw new UsageError('--with-hub cannot be combined with a platform, which has its own JupyterHub');
  }
  return { scenario, of: isPlatforms ? 'platform' : isHubs ? 'hub' : 'controller' };
}

async function servePlatform(
  clock: Clock,
  scenario: string,
  { host, port, speed, ping }: SimulatorSettings,
): Promise<Simulators> {
  const platform = await startPlatform({ clock, scenario, speed, pingSeconds: ping, host, port });
  const { origin, controllerUrl, hubUrl, tokens } = platform;
  return {
    scenario,
    // The last one is set inside a lab, and makes `--hub auto` work.
    variables: { LAB_CONTROLLER: controllerUrl, LAB_HUB: hubUrl, EXTERNAL_INSTANCE_URL: origin },
    token: tokens.user,
    otherTokens: { 'token-all': tokens.all },
    close: () => platform.close(),
  };
}

async function serveController(
  clock: Clock,
  { scenario, of }: Chosen,
  { host, port, speed, ping, withHub }: SimulatorSettings,
): Promise<Simulators> {
  const own = of === 'hub' ? {} : { scenario };
  const controller = await startSimulator({ clock, speed, pingSeconds: ping, host, port, ...own });
  if (withHub === null) return clientOfController(scenario, controller);
  try {
    const theirs = of === 'hub' ? { scenario } : {};
    const hub = await startHub({ clock, version: withHub, speed, host, ...theirs });
    // A client uses the one or the other, and the token of one is invalid at the other.
    return {
      scenario,
      variables: { LAB_HUB: hub.url },
      token: hub.tokens.user,
      otherTokens: { 'token-admin': hub.tokens.admin },
      async close() {
        await Promise.all([controller.close(), hub.close()]);
      },
    };
  } catch (error) {
    await controller.close();
    throw error;
  }
}

function clientOfController(scenario: string, controller: SimulatedController): Simulators {
  const { url, tokens } = controller;
  return {
    scenario,
    variables: { LAB_CONTROLLER: url },
    token: tokens.all,
    otherTokens: { 'token-user': tokens.user, 'token-hub': tokens.hub },
    close: () => controller.close(),
  };
}
