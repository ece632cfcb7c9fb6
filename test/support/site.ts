/**
 * A separate controller for one test, and the real program configured for it.
 */
import {
  startSimulator,
  type SimulatedController,
  type SimulatorOptions,
} from '../../src/simulator/server.js';
import { realClock } from './clock.js';
import './closing.js';
import { runLab, startLab, type Finished } from './program.js';

export interface Site {
  controller: SimulatedController;
  lab: (...args: string[]) => Promise<Finished>;
  start: (...args: string[]) => ReturnType<typeof startLab>;
  env: Record<string, string>;
}

/** The simulated controller on a real port and in real time, for as long as the scope lasts that declares it. */
export async function openController(
  options: Partial<SimulatorOptions> = {},
): Promise<SimulatedController & AsyncDisposable> {
  const controller = await startSimulator({ clock: realClock, ...options });
  return Object.assign(controller, { [Symbol.asyncDispose]: () => controller.close() });
}

/** The same for as long as `use` takes. */
export async function at<T>(options: Partial<SimulatorOptions>, use: (site: Site) => Promise<T>): Promise<T> {
  await using controller = await openController({ speed: 50, ...options });
  const env = { LAB_CONTROLLER: controller.url, LAB_TOKEN: controller.token };
  return await use({
    controller,
    env,
    lab: (...args) => runLab(args, env),
    start: (...args) => startLab(args, env),
  });
}

/** What a lab of the simulated controller's user prints as its URL. */
export const url = 'http://lab.userlabs-demo:8888/nb/user/demo/\n';
