/**
 * The Hub's process: its pending requests, its open streams, and how both end when it exits.
 *
 * Owns the effect of a restart on connections. The proxy in front of it keeps running, so connections are not simply cut.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiResponse } from './api.js';
import { writeProgress } from './progress.js';
import { respond } from './proxy.js';
import { hubAway, send } from './replies.js';
import type { Site } from './site.js';

export interface RestartOptions {
  /** With SIGTERM it ends its spawns first; with SIGKILL its open streams stay open and silent. Default SIGKILL. */
  signal?: 'SIGTERM' | 'SIGKILL';
  /** How long it is down, in milliseconds; default 1000. */
  downMs?: number;
}

export class Life {
  #isUp = true;
  #back = Promise.resolve();
  #stopRestart = (): void => undefined;
  readonly #site: Site;
  /** Each leaves its stream open and silent. */
  readonly #streams = new Set<() => void>();
  readonly #held = new Set<ServerResponse>();

  constructor(site: Site) {
    this.#site = site;
  }

  async respond(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    const { timers, faults } = this.#site;
    const away = faults.away > 0;
    if (away) faults.away -= 1;
    const lost = request.method === 'POST' ? faults.lostCreates.shift() : undefined;
    if (lost === 'before') {
      response.destroy();
      return;
    }
    this.#held.add(response);
    const reply = await respond(this.#site, request, body, this.#isUp && !away);
    // A restart has already sent a response, or the client has disconnected.
    if (!this.#held.delete(response) || response.destroyed) return;
    if (lost === 'after') response.destroy();
    else if (reply === null) this.#held.add(response);
    else if ('status' in reply) send(request, response, reply, timers.now());
    else this.#stream(request, response, reply);
  }

  /** Resolves when the Hub is running again. */
  restart({ signal = 'SIGKILL', downMs = 1000 }: RestartOptions = {}): Promise<void> {
    if (!this.#isUp) return this.#back;
    const { timers, accounts } = this.#site;
    for (const server of accounts.servers()) server.goDown(signal === 'SIGTERM');
    this.#isUp = false;
    for (const leave of this.#streams) leave();
    this.#streams.clear();
    for (const response of this.#held) send(response.req, response, hubAway, timers.now());
    this.#held.clear();
    return (this.#back = new Promise((resolve) => {
      const cancel = timers.after(downMs, () => {
        for (const server of accounts.servers()) server.comeBack();
        this.#isUp = true;
        resolve();
      });
      this.#stopRestart = () => {
        cancel();
        resolve();
      };
    }));
  }

  close(): void {
    this.#stopRestart();
    this.#site.timers.cancelAll();
  }

  #stream(
    request: IncomingMessage,
    response: ServerResponse,
    reply: Extract<ApiResponse, { spawn: unknown }>,
  ): void {
    const leave = writeProgress(request, response, reply, this.#site.timers);
    this.#streams.add(leave);
    response.on('close', () => this.#streams.delete(leave));
  }
}
