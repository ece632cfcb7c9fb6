/**
 * The way from the ingress to the controller, and its outages: requests that do not get through, and streams that are cut.
 *
 * Owns what a client outside the cluster notices of them. The Hub's Spawner calls the controller inside the cluster and
 * notices nothing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LocalController, Network } from '../controller.js';
import { send } from '../http/reply.js';
import { ingressReply } from '../nublado/ingress.js';

/** Read at every request, so a test can change them at any time. */
export interface PlatformFaults {
  /** The ingress's response to every request to the controller, or only to those for an event stream. Null: none. */
  controller: 502 | 503 | 504 | null;
  events: 502 | 503 | 504 | null;
}

export class ControllerGate implements Network {
  readonly faults: PlatformFaults;
  #isDown = false;
  /** Responses that have not ended. */
  readonly #open = new Set<ServerResponse>();

  constructor(faults: Partial<PlatformFaults> = {}) {
    this.faults = { controller: null, events: null, ...faults };
  }

  down(): void {
    this.#isDown = true;
    this.cut();
  }

  up(): Promise<void> {
    this.#isDown = false;
    return Promise.resolve();
  }

  /** Cuts what the controller is sending, with a FIN. */
  cut(): void {
    for (const response of this.#open) response.socket?.destroySoon();
  }

  pass(request: IncomingMessage, response: ServerResponse, controller: LocalController): void {
    const fault = this.#faultOf(request);
    if (fault !== null) {
      send(response, ingressReply(fault, request));
      return;
    }
    this.#open.add(response);
    response.on('close', () => this.#open.delete(response));
    controller.respond(request, response);
  }

  #faultOf({ url = '' }: IncomingMessage): 502 | 503 | 504 | null {
    if (this.#isDown) return 503;
    const isStream = /\/events(\?|$)/.test(url);
    return this.faults.controller ?? (isStream ? this.faults.events : null);
  }
}
