/**
 * The tests' own client of the simulated Hub: plain node:http for single exchanges, a bare socket for streams, so that
 * every chunk is seen as it was sent.
 */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { startHub, type HubOptions, type SimulatedHub } from '../../../src/simulator/jupyterhub/hub.js';
import { FakeClock } from '../../support/clock.js';
import '../../support/closing.js';

/** A Hub with its own clock, until the test ends. */
export async function serve(
  t: TestContext,
  options: Partial<HubOptions> = {},
): Promise<{ hub: SimulatedHub; clock: FakeClock; client: Client }> {
  const clock = new FakeClock();
  let seen = (): void => undefined;
  const hub = await startHub({
    clock,
    ...options,
    onRequest: (each) => {
      options.onRequest?.(each);
      seen();
    },
  });
  t.after(() => hub.close());
  const client = new Client(hub, clock, (callback) => {
    seen = callback;
  });
  return { hub, clock, client };
}

export interface Ask {
  method?: string;
  /** Null: no token is sent. Default: the user's own. */
  token?: string | null;
  /** Default `token`. */
  scheme?: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface Reply {
  status: number;
  reason: string;
  /** Names in lower case, in their order; several of one name are joined by a newline. */
  headers: Record<string, string>;
  body: string;
}

export interface Asked {
  reply: Promise<Reply>;
  /** Resolves when the Hub has the whole request. */
  arrived: Promise<void>;
}

/** What the client needs of a server. */
interface Served {
  origin: string;
  tokens: { user: string };
}

export class Client<Hub extends Served = SimulatedHub> {
  readonly hub: Hub;
  readonly clock: FakeClock;
  readonly #onSeen: (callback: () => void) => void;

  constructor(hub: Hub, clock: FakeClock, onSeen: (callback: () => void) => void) {
    this.hub = hub;
    this.clock = clock;
    this.#onSeen = onSeen;
  }

  /** `path` begins after the origin. */
  start(path: string, ask: Ask = {}): Asked {
    const { method = 'GET', scheme = 'token', headers = {}, body } = ask;
    const token = ask.token === undefined ? this.hub.tokens.user : ask.token;
    const arrived = new Promise<void>((resolve) => {
      this.#onSeen(resolve);
    });
    const { hostname, port } = new URL(this.hub.origin);
    const outgoing = request({
      hostname,
      port,
      // As it is: a URL would be normalised.
      path,
      method,
      agent: false,
      headers: {
        ...(token === null ? {} : { authorization: `${scheme} ${token}` }),
        connection: 'close',
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    });
    const reply = new Promise<Reply>((resolve, reject) => {
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        const found: Record<string, string> = {};
        for (let at = 0; at < response.rawHeaders.length; at += 2) {
          const name = response.rawHeaders[at]?.toLowerCase() ?? '';
          const value = response.rawHeaders[at + 1] ?? '';
          found[name] = name in found ? `${found[name] ?? ''}\n${value}` : value;
        }
        text(response).then((received) => {
          const { statusCode = 0, statusMessage = '' } = response;
          resolve({ status: statusCode, reason: statusMessage, headers: found, body: received });
        }, reject);
      });
    });
    reply.catch(() => undefined);
    outgoing.end(body);
    return { reply, arrived };
  }

  /** The reply, for which the clock moves on as far as it must. */
  async ask(path: string, ask: Ask = {}): Promise<Reply> {
    const asked = this.start(path, ask);
    await asked.arrived;
    const answered = new AbortController();
    asked.reply.then(
      () => {
        answered.abort();
      },
      () => {
        answered.abort();
      },
    );
    await this.settled();
    while (!answered.signal.aborted && this.clock.nextDue !== null) {
      this.clock.advance(this.clock.nextDue - this.clock.monotonic());
      await this.settled();
    }
    return asked.reply;
  }

  /** Resolves when everything that the Hub has written by now was read. */
  async settled(): Promise<void> {
    // Anything written before the first response can be read before it, and has been read when the second arrives.
    for (let trip = 0; trip < 2; trip++) {
      await this.start('/nowhere', { token: null }).reply;
    }
  }
}

/** One chunk of a stream, and the time on the Hub's clock since the headers. */
export interface Chunk {
  at: number;
  text: string;
}

/** One connection to a progress stream. */
export class Watch {
  status = 0;
  headers: Record<string, string> = {};
  readonly chunks: Chunk[] = [];
  /** `clean` after the final chunk, `fin` without. */
  end: 'clean' | 'fin' | 'still open' = 'still open';
  readonly #client: Client<Served>;
  readonly #socket: Socket;
  #opened = 0;
  #buffer: Buffer = Buffer.alloc(0);
  #wake: () => void = () => undefined;

  private constructor(client: Client<Served>, path: string, headers: Record<string, string>) {
    this.#client = client;
    const { hostname, port } = new URL(client.hub.origin);
    this.#socket = connect(Number(port), hostname);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}Connection: close\r\n\r\n`);
    this.#socket.on('data', (data) => {
      this.#buffer = Buffer.concat([this.#buffer, data]);
      this.#read();
      this.#wake();
    });
    this.#socket.on('error', () => undefined); // `close` follows
    this.#socket.on('close', () => {
      if (this.end === 'still open') this.end = 'fin';
      this.#wake();
    });
  }

  /** Resolves when the headers are there. */
  static async open(
    client: Client<Served>,
    path: string,
    headers: Record<string, string> = { authorization: `token ${client.hub.tokens.user}` },
  ): Promise<Watch> {
    const watch = new Watch(client, path, { host: 'hub.test', accept: 'text/event-stream', ...headers });
    while (watch.status === 0) {
      assert.notEqual(watch.end, 'fin', 'the connection is gone');
      await new Promise<void>((resolve) => (watch.#wake = resolve));
    }
    await client.settled();
    return watch;
  }

  get text(): string {
    return this.chunks.map(({ text: each }) => each).join('');
  }

  /** Advances the clock by this much, or to the end of the stream, and notes the time of each chunk. */
  async follow(ms: number): Promise<void> {
    const { clock } = this.#client;
    const until = clock.monotonic() + ms;
    await this.#client.settled();
    while (this.end === 'still open' && clock.monotonic() < until) {
      const due = Math.min(clock.nextDue ?? until, until);
      clock.advance(due - clock.monotonic());
      await this.#client.settled();
    }
  }

  leave(): void {
    this.#socket.destroy();
  }

  #read(): void {
    if (this.status === 0) {
      const end = this.#buffer.indexOf('\r\n\r\n');
      if (end === -1) return;
      const [first = '', ...lines] = this.#buffer.toString('latin1', 0, end).split('\r\n');
      this.status = Number(first.split(' ')[1]);
      for (const line of lines) {
        const colon = line.indexOf(':');
        this.headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
      }
      this.#opened = this.#client.clock.monotonic();
      this.#buffer = this.#buffer.subarray(end + 4);
    }
    if (!('transfer-encoding' in this.headers)) return;
    for (;;) {
      const line = this.#buffer.indexOf('\r\n');
      if (line === -1) return;
      const size = parseInt(this.#buffer.toString('latin1', 0, line), 16);
      if (this.#buffer.length < line + 2 + size + 2) return;
      if (size === 0) this.end = 'clean';
      else {
        const at = this.#client.clock.monotonic() - this.#opened;
        this.chunks.push({ at, text: this.#buffer.toString('utf8', line + 2, line + 2 + size) });
      }
      this.#buffer = this.#buffer.subarray(line + 2 + size + 2);
    }
  }
}
