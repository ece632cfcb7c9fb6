/**
 * The simulated controller as a real HTTP server on loopback that speaks the controller's contract.
 *
 * Owns the socket, which a restart closes and opens again. The controller itself is in controller.ts.
 */
import { base, createController, type ControllerHandle, type ControllerOptions } from './controller.js';
import { Listener } from './http/listener.js';

export type { Tokens } from './controller.js';
export type { Faults } from './stories/faults.js';
export type { IngressResponse } from './nublado/ingress.js';
export type { Grant, Person, Quota, Scope } from './labs/people.js';

export interface SimulatorOptions extends ControllerOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
}

export interface SimulatedController extends ControllerHandle {
  /** The base URL, with the path prefix. */
  url: string;
  origin: string;
  /** Ends all connections and timers immediately; resolves when the port is free. */
  close(): Promise<void>;
}

/** Throws a RangeError if the scenario is unknown; rejects with the system's error if it cannot listen. */
export async function startSimulator(options: SimulatorOptions): Promise<SimulatedController> {
  const { clock, host = '127.0.0.1', port = 0 } = options;
  const controller = createController(options, {
    down: () => {
      listener.down();
    },
    up: () => listener.up(),
  });
  const opening = Listener.open(
    (request, response) => {
      controller.respond(request, response);
    },
    { clock, host, port },
  );
  // Its timers must not outlive a socket that could not be opened.
  const listener: Listener = await opening.catch((error: unknown) => {
    controller.close();
    throw error;
  });
  return {
    ...controller,
    url: listener.origin + base,
    origin: listener.origin,
    async close() {
      controller.close();
      await listener.close();
    },
  };
}
