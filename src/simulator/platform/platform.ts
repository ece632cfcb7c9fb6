/**
 * A simulated Science Platform as a real HTTP server on loopback: an ingress, and a JupyterHub and a Nublado controller behind
 * it.
 *
 * Owns the socket. The platform itself is in local.ts.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { base } from '../controller.js';
import { Listener } from '../http/listener.js';
import { createPlatform, type LocalPlatformOptions, type PlatformHandle } from './local.js';

export type { PlatformFaults } from './gate.js';
export type { PlatformHosts } from './ingress.js';
export { platformScenarioNames, platformScenarios, type Incident } from './scenarios.js';

export interface PlatformOptions extends LocalPlatformOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
  /** Called for every request, with the headers that the client has sent and without the body; true if it has responded. */
  onRequest?: (request: IncomingMessage, response: ServerResponse) => boolean | undefined;
}

export interface SimulatedPlatform extends PlatformHandle, AsyncDisposable {
  /** Where discovery and Gafaelfawr are: the value of `EXTERNAL_INSTANCE_URL` in a lab. */
  origin: string;
  controllerUrl: string;
  /** The Hub's public prefix, with a slash at the end. */
  hubUrl: string;
  /** Ends all connections and timers; resolves when the port is free. */
  close(): Promise<void>;
}

/** Throws a RangeError if the scenario is unknown; rejects with the system's error if it cannot listen. */
export async function startPlatform(options: PlatformOptions): Promise<SimulatedPlatform> {
  const { clock, host = '127.0.0.1', port = 0, onRequest } = options;
  const platform = createPlatform(options, () => listener.origin);
  const opening = Listener.open(
    (request, response) => {
      if (onRequest?.(request, response) === true) return;
      platform.respond(request, response).catch(() => {
        // The client disconnected in the middle of its request.
        response.destroy();
      });
    },
    { clock, host, port },
  );
  // Its timers must not outlive a socket that could not be opened.
  const listener: Listener = await opening.catch((error: unknown) => {
    platform.close();
    throw error;
  });
  await platform.prepare();
  const close = async (): Promise<void> => {
    platform.close();
    await listener.close();
  };
  return {
    ...platform,
    origin: platform.origin,
    controllerUrl: platform.origin + base,
    hubUrl: platform.hub.url,
    close,
    [Symbol.asyncDispose]: close,
  };
}
