/**
 * The connections of a client of the library: the caller's dispatcher, or an own one that is closed with the client.
 *
 * Nothing is loaded or opened before the first request.
 */
import type { Dispatcher } from 'undici';

/**
 * An undici Agent, Pool or ProxyAgent, version 6 or later. Only `request` is used, and `compose`, to find out whether a
 * failed request was sent. Without `compose`, every failed request counts as sent.
 */
export interface HttpDispatcher {
  request(options: { origin: string; path: string; method: string }): Promise<{ statusCode: number }>;
}

export class ClientDispatcher {
  readonly #given: Dispatcher | undefined;
  #own: Promise<Dispatcher> | null = null;
  #isClosed = false;

  constructor(given: HttpDispatcher | undefined) {
    this.#given = given as Dispatcher | undefined;
  }

  async get(): Promise<Dispatcher> {
    if (this.#given !== undefined) return this.#given;
    const own = await (this.#own ??= open());
    if (this.#isClosed) await own.destroy();
    return own;
  }

  /** Closes the own connections at once; pending and later requests fail. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await (await this.#own)?.destroy();
  }
}

async function open(): Promise<Dispatcher> {
  const { createAgent } = await import('../http/agent.js');
  return createAgent();
}

/** A signal that never aborts. A new one for each request, because Node 20 warns about many listeners on one. */
export function never(): AbortSignal {
  return new AbortController().signal;
}
