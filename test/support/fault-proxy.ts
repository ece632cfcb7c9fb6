/**
 * A TCP proxy on loopback that behaves like a bad network: late, in small pieces, cut, silent.
 *
 * Owns connections, not their content; no byte is ever changed. `manner` decides how bytes pass, a
 * `strike` a single fault of a connection, at a position in the stream or on demand. Both may be changed at any time.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';

export type Fault =
  /** A FIN in both directions. */
  | 'drop'
  /** A RST in both directions. */
  | 'reset'
  /** A FIN towards the client; what the client sends still passes. */
  | 'half-close-client'
  /** A FIN towards the server; what the server sends still passes. */
  | 'half-close-server'
  /** Stays open, and forwards nothing from now on. */
  | 'black-hole';

export interface Strike {
  fault: Fault;
  /** So many bytes towards the client, or a text in them, behind which it happens. */
  after: number | string;
  /** The number of the affected connection, from 1; without it, the first on which `after` occurs. */
  connection?: number;
}

/** How bytes pass, in both directions. */
export interface Manner {
  /** Milliseconds by which all that was read at once is late. */
  delayMs?: number;
  /** Every byte is written separately. */
  split?: boolean;
  bytesPerSecond?: number;
}

export interface FaultProxy extends AsyncDisposable {
  origin: string;
  /** The same path at the proxy instead of its target. */
  through(url: string): string;
  /** How the bytes of the connection with this number pass; called for every chunk that is read. */
  manner: (connection: number) => Manner;
  /** Connections that clients have opened so far, and those still open. */
  readonly connections: number;
  readonly open: number;
  /** Bytes passed on, towards the server and towards the client. */
  readonly bytes: Readonly<{ up: number; down: number }>;
  /** Arms a fault. Resolves when it has happened. */
  strike(strike: Strike): Promise<void>;
  /** A fault on every open connection, now. */
  now(fault: Fault): void;
  /** Refuses new connections from now on. Those that are open stay. */
  refuse(): Promise<void>;
  /** Listens again, on the same port. */
  accept(): Promise<void>;
  close(): Promise<void>;
}

interface Armed extends Strike {
  struck: () => void;
}

/** Stands before a server, given by its origin. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const armed = new Set<Armed>();
  const links = new Set<Link>();
  const bytes = { up: 0, down: 0 };
  let connections = 0;

  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    connections += 1;
    const number = connections;
    const upstream = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
    const link = new Link(client, upstream, {
      number,
      armed,
      manner: () => proxy.manner(number),
      count: (direction, size) => (bytes[direction] += size),
      closed: () => links.delete(link),
    });
    links.add(link);
  });
  const listen = async (at: number): Promise<void> => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const address = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${address.port}`;
  const close = async (): Promise<void> => {
    server.close();
    for (const link of links) link.destroy();
    await Promise.resolve();
  };

  const proxy: FaultProxy = {
    origin,
    through: (url) => url.replace(new URL(url).origin, origin),
    manner: () => ({}),
    get connections() {
      return connections;
    },
    get open() {
      return links.size;
    },
    bytes,
    strike: (strike) =>
      new Promise((resolve) => {
        armed.add({ ...strike, struck: resolve });
      }),
    now(fault) {
      for (const link of links) link.befall(fault);
    },
    refuse() {
      // The listening socket is gone with the call; the callback would wait for the connections that stay.
      server.close();
      return Promise.resolve();
    },
    accept: () => listen(address.port),
    close,
    [Symbol.asyncDispose]: close,
  };
  return proxy;
}

interface LinkOptions {
  number: number;
  armed: Set<Armed>;
  manner: () => Manner;
  count: (direction: 'up' | 'down', size: number) => void;
  closed: () => void;
}

/** One client's connection and the one to the server that belongs to it. */
class Link {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #options: LinkOptions;
  #dark = false;
  #down = 0;
  /** The end of what has passed towards the client, as far as an armed text may begin in it. */
  #tail = '';

  constructor(client: Socket, upstream: Socket, options: LinkOptions) {
    this.#client = client;
    this.#upstream = upstream;
    this.#options = options;
    let open = 2;
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      // `close` follows. A RST is passed on as one.
      socket.on('error', () => {
        if (!this.#dark) other.resetAndDestroy();
      });
      socket.on('close', () => {
        open -= 1;
        if (open === 0) options.closed();
      });
    }
    void this.#pass(client, upstream, (chunk) => this.#write(upstream, chunk, 'up'));
    void this.#pass(upstream, client, (chunk) => this.#passDown(chunk));
  }

  befall(fault: Fault): void {
    switch (fault) {
      case 'drop':
        this.#client.destroySoon();
        this.#upstream.destroySoon();
        break;
      case 'reset':
        this.#client.resetAndDestroy();
        this.#upstream.resetAndDestroy();
        break;
      case 'half-close-client':
        this.#client.end();
        break;
      case 'half-close-server':
        this.#upstream.end();
        break;
      case 'black-hole':
        this.#dark = true;
        break;
    }
  }

  destroy(): void {
    this.#client.destroy();
    this.#upstream.destroy();
  }

  /** Everything from one side, its FIN included, for as long as this link is not dark. */
  async #pass(from: Socket, to: Socket, pass: (chunk: Buffer) => Promise<void>): Promise<void> {
    try {
      for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        const { delayMs = 0 } = this.#options.manner();
        if (delayMs > 0) await pause(delayMs);
        await pass(chunk);
      }
    } catch {
      // The error event has dealt with it.
    }
    if (!this.#dark) to.end();
  }

  /** Towards the client, with a look at every place at which something is to happen. */
  async #passDown(chunk: Buffer): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      const due = this.#nextStrike(rest);
      const passing = due === null ? rest : rest.subarray(0, due.at);
      await this.#write(this.#client, passing, 'down');
      this.#down += passing.length;
      this.#tail = (this.#tail + passing.toString('latin1')).slice(-this.#longestText());
      rest = rest.subarray(passing.length);
      if (due === null) return;
      this.#options.armed.delete(due.strike);
      this.befall(due.strike.fault);
      due.strike.struck();
    }
  }

  /** The first armed strike that falls due within a chunk, and behind how many of its bytes. */
  #nextStrike(chunk: Buffer): { strike: Armed; at: number } | null {
    let first: { strike: Armed; at: number } | null = null;
    for (const strike of this.#options.armed) {
      if (strike.connection !== undefined && strike.connection !== this.#options.number) continue;
      const at = this.#placeOf(strike.after, chunk);
      if (at !== null && at <= chunk.length && at < (first?.at ?? Infinity)) first = { strike, at };
    }
    return first;
  }

  #placeOf(after: number | string, chunk: Buffer): number | null {
    if (typeof after === 'number') return Math.max(0, after - this.#down);
    const kept = this.#tail.slice(-(after.length - 1));
    const begin = (after.length > 1 ? kept : '') + chunk.toString('latin1');
    const found = begin.indexOf(after);
    return found === -1 ? null : found + after.length - (begin.length - chunk.length);
  }

  #longestText(): number {
    const lengths = [...this.#options.armed].map(({ after }) =>
      typeof after === 'string' ? after.length : 0,
    );
    return Math.max(1, ...lengths);
  }

  async #write(to: Socket, chunk: Buffer, direction: 'up' | 'down'): Promise<void> {
    let left = chunk;
    while (left.length > 0 && !this.#dark && to.writable) {
      const { split = false, bytesPerSecond } = this.#options.manner();
      const size = split ? 1 : bytesPerSecond === undefined ? left.length : Math.ceil(bytesPerSecond / 20);
      const piece = left.subarray(0, size);
      left = left.subarray(piece.length);
      await new Promise((resolve) => to.write(piece, resolve));
      this.#options.count(direction, piece.length);
      // A reader gets its turn between two bytes, or it would find them put together again.
      if (split) await turn();
      if (bytesPerSecond !== undefined) await pause((1000 * piece.length) / bytesPerSecond);
    }
  }
}
