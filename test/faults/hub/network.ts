/**
 * A network in memory between the real HTTP client and the simulated Hub, with the faults of a story.
 *
 * Records what crossed it. A response takes half of the latency each way, so that it can be out of date on arrival.
 */
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Dispatcher, errors } from 'undici';
import type { Clock } from '../../../src/runtime/context.js';
import type { LocalHub } from '../../../src/simulator/jupyterhub/hub.js';
import type { Moment } from './record.js';
import type { HubStory, Route, StreamFault, Trouble } from './story.js';

/** One request, and what became of it. */
export interface Exchange {
  route: Route;
  path: string;
  sentAt: number;
  /** When the Hub or its proxy received it; null if neither did. */
  arrivedAt: number | null;
  /** The server as it was then. */
  server: Moment | null;
  /** When the client received the headers, or an error; null if it received neither. */
  answeredAt: number | null;
  /** Null if there was no response. */
  status: number | null;
  /** Whether the response came from the Hub or from a server, and not from the proxy or a fault. */
  isGenuine: boolean;
  trouble: Trouble['kind'] | null;
  /** For a stream: when its last byte was delivered, and when it ended or failed. */
  lastByteAt: number | null;
  endedAt: number | null;
}

type Handler = Dispatcher.DispatchHandler;

export class MemoryNetwork extends Dispatcher {
  readonly exchanges: Exchange[] = [];
  /** When the last fault took effect, or ended. */
  troubledAt = 0;
  readonly faults = new Map<string, number>();
  /** Requests and streams that the client has not given up, and that are not over. */
  open = 0;
  readonly #story: HubStory;
  readonly #hub: LocalHub;
  readonly #clock: Clock;
  readonly #moment: () => Moment;
  readonly #counts: Partial<Record<Route | 'stream', number>> = {};

  constructor(story: HubStory, hub: LocalHub, clock: Clock, moment: () => Moment) {
    super();
    this.#story = story;
    this.#hub = hub;
    this.#clock = clock;
    this.#moment = moment;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Handler): boolean {
    const { path, method } = options;
    const route = routeOf(method, path);
    const now = this.#clock.monotonic();
    const exchange: Exchange = {
      route,
      path,
      sentAt: now,
      arrivedAt: null,
      server: null,
      answeredAt: null,
      status: null,
      isGenuine: false,
      trouble: null,
      lastByteAt: null,
      endedAt: null,
    };
    this.exchanges.push(exchange);
    const trouble = this.#troubleOf(route, now);
    if (trouble !== null) {
      exchange.trouble = trouble.kind;
      this.#note(trouble.kind);
    }
    this.open += 1;
    const call = new Call(exchange, handler, this.#clock, this.#story.latency / 2, (isFault) => {
      this.open -= 1;
      if (isFault) this.#note('ended');
    });
    if (trouble?.kind === 'refused') {
      exchange.answeredAt = now;
      call.fail(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
      return true;
    }
    call.begin();
    if (trouble?.kind === 'cut') {
      this.#clock.after(trouble.after, () => {
        if (call.isOver) return;
        this.#note('cut');
        call.fail(new errors.SocketError('other side closed'));
      });
    }
    this.#clock.after(this.#story.latency / 2, () => {
      this.#arrive(options, exchange, call, trouble);
    });
    return true;
  }

  #arrive(
    options: Dispatcher.DispatchOptions,
    exchange: Exchange,
    call: Call,
    trouble: Trouble | null,
  ): void {
    if (call.isOver && (trouble === null || !('arrives' in trouble && trouble.arrives))) return;
    if (trouble?.kind === 'status') call.respond(trouble.status, { 'content-type': 'text/html' }, page);
    if (trouble?.kind === 'hang' || trouble?.kind === 'status' || trouble?.kind === 'cut') {
      if (!('arrives' in trouble) || !trouble.arrives) return;
      call.isDeaf = true;
    }
    exchange.arrivedAt = this.#clock.monotonic();
    exchange.server = this.#moment();
    const { method, path, body } = options;
    const headers = Object.fromEntries(
      Object.entries(options.headers as Record<string, string>).map(([name, value]) => [
        name.toLowerCase(),
        value,
      ]),
    );
    const request = { method, url: path, headers: { ...headers, host: new URL(this.#hub.url).host } };
    const response = new MemoryResponse(request, call, () => {
      this.#nextStreamFault(call);
    });
    call.onLeave = () => {
      response.destroy();
    };
    const text = typeof body === 'string' ? body : '';
    void this.#hub.respond(
      request as unknown as IncomingMessage,
      response as unknown as ServerResponse,
      text,
    );
  }

  #troubleOf(route: Route, now: number): Trouble | null {
    const { troubles, windows } = this.#story;
    const nth = this.#counts[route] ?? 0;
    this.#counts[route] = nth + 1;
    const window = windows.find((each) => (each.route === 'all' || each.route === route) && isIn(each, now));
    return window?.trouble ?? troubles[route]?.[nth] ?? null;
  }

  #nextStreamFault(call: Call): void {
    const nth = this.#counts.stream ?? 0;
    this.#counts.stream = nth + 1;
    const fault: StreamFault | null = this.#story.streams[nth] ?? null;
    if (fault === null) return;
    this.#clock.after(fault.after, () => {
      if (call.isOver || call.isDeaf) return;
      this.#note(`stream ${fault.kind}`);
      if (fault.kind === 'silent') call.isDeaf = true;
      else call.fail(new errors.SocketError('other side closed'));
    });
  }

  #note(fault: string): void {
    this.troubledAt = this.#clock.monotonic();
    if (fault !== 'ended') this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | undefined {
    callback?.();
    return callback === undefined ? Promise.resolve() : undefined;
  }
}

const page = '<html><body>Bad Gateway</body></html>';

function isIn({ from, to }: { from: number; to: number }, now: number): boolean {
  return now >= from && now < to;
}

function routeOf(method: string, path: string): Route {
  if (!path.startsWith('/hub/api/')) return 'probe';
  if (method === 'POST') return 'start';
  if (method === 'DELETE') return 'stop';
  if (path.endsWith('/progress')) return 'progress';
  return path.startsWith('/hub/api/users/') ? 'state' : 'other';
}

/** One request as the client sees it. */
class Call {
  isOver = false;
  /** Nothing of the response arrives any more. */
  isDeaf = false;
  /** The client has given up. */
  onLeave: () => void = () => undefined;
  readonly #exchange: Exchange;
  readonly #handler: Handler;
  readonly #clock: Clock;
  readonly #delay: number;
  readonly #onOver: (isFault: boolean) => void;
  readonly #controller: Dispatcher.DispatchController;

  constructor(
    exchange: Exchange,
    handler: Handler,
    clock: Clock,
    delay: number,
    onOver: (isFault: boolean) => void,
  ) {
    this.#exchange = exchange;
    this.#handler = handler;
    this.#clock = clock;
    this.#delay = delay;
    this.#onOver = onOver;
    this.#controller = {
      aborted: false,
      paused: false,
      reason: null,
      abort: (reason?: Error) => {
        this.#abort(reason ?? new errors.RequestAbortedError());
      },
      pause: () => undefined,
      resume: () => undefined,
    };
  }

  begin(): void {
    this.#handler.onRequestStart?.(this.#controller, {});
  }

  /** A complete response. */
  respond(status: number, headers: Record<string, string>, body: string): void {
    this.head(status, headers, false);
    this.data(Buffer.from(body));
    this.end();
  }

  head(status: number, headers: Record<string, string | string[]>, isGenuine: boolean): void {
    this.#later(() => {
      const exchange = this.#exchange;
      exchange.status = status;
      exchange.isGenuine = isGenuine;
      exchange.answeredAt = this.#clock.monotonic();
      this.#handler.onResponseStart?.(this.#controller, status, headers, '');
    });
  }

  data(chunk: Buffer): void {
    this.#later(() => {
      this.#exchange.lastByteAt = this.#clock.monotonic();
      this.#handler.onResponseData?.(this.#controller, chunk);
    });
  }

  end(): void {
    this.#later(() => {
      this.#finish(false);
      this.#handler.onResponseEnd?.(this.#controller, {});
    });
  }

  fail(error: Error): void {
    if (this.isOver) return;
    this.#exchange.answeredAt ??= this.#clock.monotonic();
    this.#finish(true);
    this.#handler.onResponseError?.(this.#controller, error);
  }

  #abort(reason: Error): void {
    if (this.isOver) return;
    this.#finish(false);
    this.onLeave();
    this.#handler.onResponseError?.(this.#controller, reason);
  }

  #finish(isFault: boolean): void {
    this.isOver = true;
    this.#exchange.endedAt = this.#clock.monotonic();
    this.#onOver(isFault);
  }

  #later(deliver: () => void): void {
    if (this.isDeaf) return;
    const act = (): void => {
      if (!this.isOver) deliver();
    };
    if (this.#delay === 0) act();
    else this.#clock.after(this.#delay, act);
  }
}

/** What the simulator uses of a ServerResponse. */
class MemoryResponse extends EventEmitter {
  sendDate = true;
  destroyed = false;
  writableEnded = false;
  readonly socket = { cork: () => undefined, uncork: () => undefined };
  readonly req: unknown;
  readonly #call: Call;
  readonly #onStream: () => void;

  constructor(req: unknown, call: Call, onStream: () => void) {
    super();
    this.req = req;
    this.#call = call;
    this.#onStream = onStream;
  }

  writeHead(status: number, ...rest: [string, string[]] | [string[]]): void {
    const flat = rest.at(-1) as string[];
    const headers: Record<string, string> = {};
    for (let i = 0; i < flat.length; i += 2) headers[flat[i]?.toLowerCase() ?? ''] = flat[i + 1] ?? '';
    // The proxy's own responses have no header of the Hub's.
    this.#call.head(status, headers, 'x-jupyterhub-version' in headers || isServers(headers));
    if (headers['content-type'] === 'text/event-stream') this.#onStream();
  }

  write(text: string): void {
    if (!this.destroyed) this.#call.data(Buffer.from(text));
  }

  end(text = ''): void {
    if (this.destroyed) return;
    if (text !== '') this.#call.data(Buffer.from(text));
    this.writableEnded = true;
    this.#call.end();
    this.#close();
  }

  /** The connection is closed, by either side. */
  destroy(): void {
    if (this.destroyed || this.writableEnded) return;
    this.#call.fail(new errors.SocketError('other side closed'));
    this.#close();
  }

  #close(): void {
    this.destroyed = true;
    queueMicrotask(() => this.emit('close'));
  }
}

/** Whether a response without the Hub's header comes from a server. */
function isServers(headers: Record<string, string>): boolean {
  return headers['transfer-encoding'] === undefined;
}
