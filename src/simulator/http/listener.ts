/**
 * The listening socket: it opens, goes down, comes back on the same port, and closes.
 *
 * Owns the connections, but not what is sent over them.
 */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../../runtime/context.js';

/** Milliseconds before the next attempt on a port that another process has taken meanwhile. */
const retryMs = 100;

export class Listener {
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #sockets = new Set<Socket>();
  #address: { host: string; port: number };
  #opening = Promise.resolve();
  #closed = false;
  #stopRetry = (): void => undefined;

  private constructor(handler: RequestListener, clock: Clock, host: string, port: number) {
    this.#server = createServer({ noDelay: true }, handler);
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#clock = clock;
    this.#address = { host, port };
  }

  /** Rejects with the system's error if it cannot listen. Port 0 means any free port. */
  static async open(
    handler: RequestListener,
    { clock, host, port }: { clock: Clock; host: string; port: number },
  ): Promise<Listener> {
    const listener = new Listener(handler, clock, host, port);
    await listener.#listen();
    const { address, port: found } = listener.#server.address() as AddressInfo;
    listener.#address = { host: address, port: found };
    return listener;
  }

  get origin(): string {
    const { host, port } = this.#address;
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  /** Behaves like a process that exits: connections get a FIN after the written data, and new ones are refused. */
  down(): void {
    for (const socket of this.#sockets) socket.destroySoon();
    this.#server.close();
  }

  /** Resolves when it listens again, or has been closed. */
  up(): Promise<void> {
    return (this.#opening = this.#reopen());
  }

  /** Cuts all connections; resolves when the port is free. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopRetry();
    await this.#opening;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #reopen(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#listen();
        return;
      } catch {
        // While the server is down, another process can take the port.
        await new Promise<void>((resolve) => {
          const cancel = this.#clock.after(retryMs, resolve);
          this.#stopRetry = () => {
            cancel();
            resolve();
          };
        });
      }
    }
  }

  async #listen(): Promise<void> {
    const listening = once(this.#server, 'listening'); // rejects on 'error'
    this.#server.listen(this.#address.port, this.#address.host);
    await listening;
  }
}
