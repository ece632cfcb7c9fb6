/**
 * The Hub's process: requests that it works on, streams that it has open, and how both end when it does.
 *
 * Owns what a restart does to connections. The proxy before it stays, so that none of them is simply cut.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiAnswer } from './api.js';
import { writeProgress } from './progress.js';
import { answer } from './proxy.js';
import { hubAway, send } from './replies.js';
import type { Site } from './site.js';

export interface RestartOptions {
  /** With SIGTERM it ends its spawns first; with SIGKILL its open streams stay open and silent. Default SIGKILL. */
  signal?: 'SIGTERM' | 'SIGKILL';
  /** For how many milliseconds it is away; default 1000. */
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
    const reply = await answer(this.#site, request, body, this.#isUp && !away);
    // A restart has answered it meanwhile, or the client has left.
    if (!this.#held.delete(response) || response.destroyed) return;
    if (lost === 'after') response.destroy();
    else if (reply === null) this.#held.add(response);
    else if ('status' in reply) send(request, response, reply, timers.now());
    else this.#stream(request, response, reply);
  }

  /** Resolves when it is back. */
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
    reply: Extract<ApiAnswer, { spawn: unknown }>,
  ): void {
    const leave = writeProgress(request, response, reply, this.#site.timers);
    this.#streams.add(leave);
    response.on('close', () => this.#streams.delete(leave));
  }
}
