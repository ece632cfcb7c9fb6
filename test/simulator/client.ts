/**
 * The tests' own client: plain node:http for single exchanges, a bare socket for streams, so that every chunk
 * is seen as it was sent.
 */
import assert from 'node:assert/strict';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import {
  startSimulator,
  type SimulatedController,
  type SimulatorOptions,
} from '../../src/simulator/server.js';
import { FakeClock } from '../support/clock.js';
import '../support/closing.js';
import { people, tokens } from './people.js';

/** A controller with the captures' users and its own clock, until the test ends. */
export async function serve(
  t: TestContext,
  options: Partial<SimulatorOptions> = {},
): Promise<{ controller: SimulatedController; clock: FakeClock }> {
  const clock = new FakeClock();
  const controller = await startSimulator({ clock, user: 'rachel', people, tokens, ...options });
  t.after(() => controller.close());
  return { controller, clock };
}

export interface Ask {
  method?: string;
  /** Null: no token is sent. Default: the controller's own. */
  token?: string | null;
  headers?: Record<string, string>;
  body?: string;
}

export interface Told {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** `arrived` resolves when the controller has begun to work on the request. */
export interface Asked {
  arrived: Promise<void>;
  told: Promise<Told>;
  /** The client goes away in the middle of it. */
  leave: () => void;
}

export function start(controller: SimulatedController, path: string, ask: Ask = {}): Asked {
  const token = ask.token === undefined ? controller.token : ask.token;
  const outgoing = request(controller.origin + path, {
    method: ask.method ?? 'GET',
    agent: false,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      // The server sends "continue" at the moment in which it passes the request on.
      expect: '100-continue',
      'content-length': Buffer.byteLength(ask.body ?? ''),
      ...ask.headers,
    },
  });
  outgoing.flushHeaders();
  const arrived = new Promise<void>((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('continue', () => {
      outgoing.end(ask.body);
      resolve();
    });
  });
  const told = new Promise<Told>((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      text(response).then((body) => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      }, reject);
    });
  });
  // Whoever awaits the one hears of the other's failure through it.
  arrived.catch(() => undefined);
  told.catch(() => undefined);
  const leave = () => {
    outgoing.destroy();
  };
  return { arrived, told, leave };
}

export function ask(controller: SimulatedController, path: string, options: Ask = {}): Promise<Told> {
  return start(controller, path, options).told;
}

export const labs = '/nublado/spawner/v1/labs';

export function create(
  controller: SimulatedController,
  options: object = {},
  user = controller.user,
): Promise<Told> {
  return ask(controller, `${labs}/${user}/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      options: { image_class: 'recommended', size: 'small', ...options },
      env: { JUPYTERHUB_SERVICE_PREFIX: `/nb/user/${user}/` },
    }),
  });
}

/** Creates with the image whose tag chooses a scenario. */
export function createScenario(controller: SimulatedController, scenario: string): Promise<Told> {
  return create(controller, { image_class: null, image_tag: `scenario-${scenario}` });
}

/** The lab's status, or undefined if there is no lab. */
export async function status(
  controller: SimulatedController,
  user = controller.user,
): Promise<string | undefined> {
  const told = await ask(controller, `${labs}/${user}`);
  if (told.status === 404) return undefined;
  return (JSON.parse(told.body) as { status: string }).status;
}

/** Timers of an idle controller: that of the next reconciliation. */
export const idleTimers = 1;

/** Resolves when the condition holds, for conditions without an event to wait for. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}

/** Resolves when all that the controller has written so far was read, so a test can check what it did not write. */
export async function settled(controller: SimulatedController): Promise<void> {
  // Anything written before the first response can be read before it, and has been read when the second arrives.
  for (let trip = 0; trip < 2; trip++) await ask(controller, '/nowhere');
}

/** Resolves with the error's code when a connection is refused; with undefined if it is not. */
export function refusal(controller: SimulatedController): Promise<string | undefined> {
  const { hostname, port } = new URL(controller.origin);
  const socket = connect(Number(port), hostname);
  return new Promise((resolve) => {
    socket.on('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code);
    });
  });
}

/** One connection to an event stream. */
export class Watch {
  status = 0;
  headers: Record<string, string> = {};
  /** What each HTTP chunk held, the final empty one excepted. */
  readonly chunks: string[] = [];
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #headersRead = false;
  #final = false;
  #closed = false;
  #reset = false;
  #wake: () => void = () => undefined;

  private constructor(controller: SimulatedController, token: string, user: string) {
    const { hostname, port } = new URL(controller.origin);
    this.#socket = connect(Number(port), hostname);
    this.#socket.write(
      `GET ${labs}/${user}/events HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    this.#socket.on('data', (data) => {
      this.#buffer = Buffer.concat([this.#buffer, data]);
      this.#read();
      this.#wake();
    });
    this.#socket.on('error', () => (this.#reset = true)); // `close` follows
    this.#socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** Resolves when the headers are there. */
  static async open(
    controller: SimulatedController,
    { token = controller.token, user = controller.user } = {},
  ): Promise<Watch> {
    const watch = new Watch(controller, token, user);
    await watch.opened();
    return watch;
  }

  /** Asks, and does not wait for the headers. */
  static begin(controller: SimulatedController): Watch {
    return new Watch(controller, controller.token, controller.user);
  }

  async opened(): Promise<void> {
    await this.#until(() => this.#headersRead);
  }

  get isOpen(): boolean {
    return !this.#closed;
  }

  get text(): string {
    return this.chunks.join('');
  }

  /** The messages of the frames that are Events written in the controller's way. */
  get messages(): string[] {
    return this.chunks.flatMap((chunk) => {
      const data = /^event: \w+\r\ndata: (.*)\r\n\r\n$/.exec(chunk)?.[1];
      return data === undefined ? [] : [(JSON.parse(data) as { message: string }).message];
    });
  }

  async atLeast(chunks: number): Promise<void> {
    await this.#until(() => this.chunks.length >= chunks);
  }

  /** Resolves when the stream has ended properly. */
  async ended(): Promise<void> {
    await this.#until(() => this.#final);
    this.#socket.destroy();
  }

  /** Resolves when the connection is gone; whether the stream had ended properly. */
  async closed(): Promise<boolean> {
    while (!this.#closed) await this.#next();
    return this.#final;
  }

  /** Resolves when the stream has ended or the connection is gone, with the captures' term for how it ended. */
  async ending(): Promise<string> {
    while (!this.#final && !this.#closed) await this.#next();
    this.#socket.destroy();
    if (this.#final) return 'clean';
    return `${this.#reset ? 'RST (ECONNRESET)' : 'FIN (EOF)'} WITHOUT final chunk`;
  }

  /** Stops reading until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  leave(): void {
    this.#socket.destroy();
  }

  async #until(done: () => boolean): Promise<void> {
    while (!done()) {
      assert.ok(!this.#closed, `the connection is gone after ${JSON.stringify(this.chunks)}`);
      await this.#next();
    }
  }

  /** Something happens on the socket. */
  #next(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #read(): void {
    if (!this.#headersRead) {
      const end = this.#buffer.indexOf('\r\n\r\n');
      if (end === -1) return;
      const [first = '', ...lines] = this.#buffer.toString('latin1', 0, end).split('\r\n');
      this.status = Number(first.split(' ')[1]);
      this.headers = Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.replace(/^[^:]*: */, '')]),
      );
      this.#buffer = this.#buffer.subarray(end + 4);
      this.#headersRead = true;
    }
    for (;;) {
      const line = this.#buffer.indexOf('\r\n');
      if (line === -1) return;
      const size = parseInt(this.#buffer.toString('latin1', 0, line), 16);
      if (this.#buffer.length < line + 2 + size + 2) return;
      if (size === 0) this.#final = true;
      else this.chunks.push(this.#buffer.toString('utf8', line + 2, line + 2 + size));
      this.#buffer = this.#buffer.subarray(line + 2 + size + 2);
    }
  }
}

/** Requests the deletion of Rachel's lab. */
export function remove(controller: SimulatedController): Asked {
  return start(controller, `${labs}/rachel`, { method: 'DELETE' });
}

/** The progress of every event that a watch has seen, in percent. */
export function progress(watch: Watch): number[] {
  return [...watch.text.matchAll(/"progress": (\d+)/g)].map((match) => Number(match[1]));
}
