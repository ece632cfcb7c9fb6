/**
 * What `lab controller` serves: the simulated controller and, with `--with-hub`, a simulated JupyterHub.
 *
 * Owns their start, and the errors if they cannot start, in terms of the options. What is printed about them belongs to
 * `controller.ts`.
 */
import { isLoopback } from '../model/host.js';
import { UsageError } from '../model/usage-error.js';
import type { Clock } from '../runtime/context.js';
import { startHub, type HubVersion, type SimulatedHub } from '../simulator/jupyterhub/hub.js';
import { hubScenarios } from '../simulator/jupyterhub/scenarios.js';
import { startSimulator, type SimulatedController } from '../simulator/server.js';
import { scenarios } from '../simulator/stories/scenarios.js';

export interface SimulatorSettings {
  port: number;
  host: string;
  yesExpose: boolean;
  /** The controller's, or one of the Hub's. */
  scenario: string;
  speed: number;
  /** Seconds. */
  ping: number;
  /** The version of the Hub; null for no Hub. */
  withHub: HubVersion | null;
}

export interface Simulators {
  controller: SimulatedController;
  hub: SimulatedHub | null;
  /** Stops both. */
  close(): Promise<void>;
}

/** Every scenario with its summary, the controller's first. */
export function describeScenarios(): string {
  const all = [...Object.entries(scenarios), ...Object.entries(hubScenarios)];
  const width = Math.max(...all.map(([name]) => name.length));
  return all.map(([name, { summary }]) => `${name.padEnd(width)}  ${summary}\n`).join('');
}

/** Throws a UsageError if they cannot start. */
export async function startSimulators(clock: Clock, settings: SimulatorSettings): Promise<Simulators> {
  const { host, port, scenario, speed, ping, withHub } = settings;
  const hubOnly = Object.hasOwn(hubScenarios, scenario);
  if (!hubOnly && !Object.hasOwn(scenarios, scenario)) {
    throw new UsageError(`--scenario: unknown scenario "${scenario}"`, 'See `lab controller --list`.');
  }
  if (hubOnly && withHub === null) {
    throw new UsageError(`--scenario: ${scenario} is a scenario of a JupyterHub`, 'Add --with-hub.');
  }
  if (!isLoopback(host) && !settings.yesExpose) {
    throw new UsageError(
      `--host: ${host} can be reached from other machines`,
      'If that is what you want, add --yes-expose.',
    );
  }
  try {
    const own = hubOnly ? {} : { scenario };
    const controller = await startSimulator({ clock, speed, pingSeconds: ping, host, port, ...own });
    try {
      const theirs = hubOnly ? { scenario } : {};
      const hub =
        withHub === null ? null : await startHub({ clock, version: withHub, speed, host, ...theirs });
      return {
        controller,
        hub,
        async close() {
          await Promise.all([controller.close(), hub?.close()]);
        },
      };
    } catch (error) {
      await controller.close();
      throw error;
    }
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
