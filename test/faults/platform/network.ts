/**
 * The clients of a story's Hub and controller, without a network, and the faults of the story between them.
 *
 * Records what was requested, and the truth at the moment at which it arrived.
 */
import { setMaxListeners } from 'node:events';
import { createDecoder } from '../../../src/backends/jupyterhub/decode.js';
import type { HubClient } from '../../../src/backends/jupyterhub/client.js';
import { refusal as hubRefusal } from '../../../src/backends/jupyterhub/failures.js';
import { progressBody } from '../../../src/backends/jupyterhub/progress-body.js';
import type { ServerModel } from '../../../src/backends/jupyterhub/schemas.js';
import type { NubladoClient } from '../../../src/backends/nublado/client.js';
import { refusal } from '../../../src/backends/nublado/failures.js';
import { decodeFrame } from '../../../src/backends/nublado/operation.js';
import type { LabState } from '../../../src/backends/nublado/schemas.js';
import type { Probed } from '../../../src/backends/backend.js';
import { networkFailure } from '../../../src/http/network.js';
import { noSecrets } from '../../../src/model/redactor.js';
import type { Failure, Result } from '../../../src/model/result.js';
import type { Clock } from '../../../src/runtime/context.js';
import { startDeadline } from '../../../src/runtime/deadline.js';
import type { Truth, Moment } from './truth.js';
import type { PlatformStory, Route } from './story.js';
import type { StreamFault, Trouble } from '../hub/story.js';

export interface Exchange {
  route: Route;
  sentAt: number;
  /** When the server received it; null if it did not. */
  arrivedAt: number | null;
  /** The truth then. */
  truth: Moment | null;
  /** When the client received the response, or an error. */
  answeredAt: number | null;
  /** Null without a response. */
  status: number | null;
  /** Whether the response was that of the server itself. */
  isGenuine: boolean;
  trouble: Trouble['kind'] | null;
}

/** A response: a status, with a value or a stream if it is a success. */
interface Reply<T> {
  status: number;
  value?: T;
  isGenuine: boolean;
  /** The controller's error type, or the Hub's message. */
  type?: string;
}

type Lost = 'refused' | 'reset' | 'aborted';

const hubBase = new URL('https://platform.test/nb/');
const controllerBase = 'https://platform.test/nublado';
const user = 'rachel';

/** A silent connection has a sign of life this often, in milliseconds. */
const heartbeat = { hub: 8_000, controller: 15_000 };

/** How long a probe waits for a response, in milliseconds. */
const probeTime = 5_000;

export class Network {
  readonly exchanges: Exchange[] = [];
  readonly faults = new Map<string, number>();
  /** When the last fault took effect. */
  troubledAt = 0;
  readonly #story: PlatformStory;
  readonly #truth: Truth;
  readonly #clock: Clock;
  readonly #begunAt: number;
  readonly #counts = new Map<string, number>();

  constructor(story: PlatformStory, truth: Truth, clock: Clock) {
    this.#story = story;
    this.#truth = truth;
    this.#clock = clock;
    this.#begunAt = clock.monotonic();
  }

  note(fault: string): void {
    this.troubledAt = this.#clock.monotonic();
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  hub(): HubClient {
    const { hub } = this.#truth;
    const none = (): Promise<never> => Promise.reject(new Error('no story asks for it'));
    return {
      owner: none,
      readyUsers: none,
      user: (_name, signal) =>
        this.#asked('get the servers', 'hub state', signal, (respond) => {
          const servers = hub.listed === null ? {} : { '': modelOf(hub.listed) };
          respond(ok({ name: user, servers }));
        }),
      start: (_server, _options, signal) =>
        this.#asked('start the server', 'start', signal, (respond) => {
          hub.post((status) => {
            respond(status < 300 ? { ...ok(null), status } : refused(status));
          });
        }),
      stop: (_server, _remove, signal) =>
        this.#asked('stop the server', 'stop', signal, (respond) => {
          hub.delete((status) => {
            if (status >= 300) respond(refused(status));
            else respond({ ...ok(status === 204 ? ('stopped' as const) : ('stopping' as const)), status });
          });
        }),
      progress: async (_server, isStarting, signal) => {
        const opened = await this.#asked<Pipe>('read the progress', 'progress', signal, (respond) => {
          const pipe = this.#pipe('hub', signal);
          const watcher = {
            data: (text: string) => {
              pipe.put(text);
            },
            end: () => {
              pipe.close('end');
            },
            lost: (how: 'cut' | 'silent') => {
              if (how === 'cut') pipe.close('cut');
              else pipe.isDeaf = true;
            },
          };
          pipe.onLeave = () => {
            hub.leave(watcher);
          };
          respond(hub.watch(watcher) ? ok(pipe) : refused(400));
        });
        if (!opened.ok)
          return opened.failure.error.status === 400
            ? { ok: false, failure: { ...opened.failure, kind: 'not-found' } }
            : opened;
        const progress = progressBody(opened.value.body(), async () => !(await isStarting()));
        return {
          ok: true,
          value: {
            body: progress.body,
            decode: createDecoder(() => progress.isLast()),
            replay: 'unknown',
            heartbeat: 'bytes',
            idleTimeout: 20_000,
          },
        };
      },
    };
  }

  controller(): NubladoClient {
    const { controller, told } = this.#truth;
    const none = (): Promise<never> => Promise.reject(new Error('no story asks for it'));
    const state = (signal: AbortSignal): Promise<Result<LabState | null>> =>
      this.#asked('get the status', 'state', signal, (respond) => {
        const status = told();
        const value = status === null ? null : { status, internal_url: 'http://lab/' };
        respond(ok(value));
      });
    return {
      create: none,
      list: none,
      choices: none,
      whoAmI: () => Promise.resolve({ ok: true, value: user }),
      tokenExpiry: () => Promise.resolve({ ok: true, value: null }),
      ownState: state,
      stateOf: (_user, signal) => state(signal),
      remove: (_user, signal) =>
        this.#asked('delete the lab', 'remove', signal, (respond) => {
          if (!this.#story.mayDelete) respond(refused(403, 'permission_denied'));
          else if (controller.status === null) respond(refused(404, 'unknown_user'));
          else
            controller.delete(() => {
              respond({ ...ok(null), status: 204 });
            });
        }),
      events: async (_user, signal) => {
        const opened = await this.#asked<Pipe>('read the events', 'events', signal, (respond) => {
          const { queue } = controller;
          if (queue === null) {
            respond(refused(404, 'unknown_user'));
            return;
          }
          const pipe = this.#pipe('controller', signal);
          pipe.onLeave = queue.read({
            event: (_event, text) => {
              pipe.put(text);
            },
            end: () => {
              pipe.close('end');
            },
          });
          respond(ok(pipe));
        });
        if (!opened.ok) return opened;
        const body = opened.value.body();
        return { ok: true, value: { body, decode: decodeFrame, replay: 'whole', heartbeat: 'comment' } };
      },
    };
  }

  async probe(parent: AbortSignal): Promise<Probed> {
    const limit = startDeadline(this.#clock, probeTime, parent);
    const { signal } = limit;
    const { ingress } = this.#story;
    const reply = await this.#ask<Probed>('probe', signal, (respond) => {
      const now = this.#truth.moment();
      if (ingress === 'login')
        respond(ok({ kind: 'no evidence', connected: false, reason: 'a redirect to a login page' }));
      else if (ingress === 'unreachable')
        respond(ok({ kind: 'no evidence', connected: false, reason: 'the host is unknown' }));
      else if (now.responds) respond(ok({ kind: 'proof', how: 'jupyter', reason: 'it responds' }));
      else respond(ok({ kind: 'not yet', reason: 'the Hub responds in its place' }));
    });
    limit.cancel();
    if (parent.aborted) return { kind: 'no evidence', connected: false, reason: 'it was cut short' };
    if (typeof reply === 'string')
      return reply === 'refused'
        ? { kind: 'not yet', reason: 'refused' }
        : { kind: 'no evidence', connected: true, reason: reply };
    return reply.value ?? { kind: 'not yet', reason: `HTTP ${reply.status}` };
  }

  async #asked<T>(
    asked: string,
    route: Route,
    signal: AbortSignal,
    handle: (respond: (reply: Reply<T>) => void) => void,
  ): Promise<Result<T>> {
    const reply = await this.#ask(route, signal, handle);
    const isHubs = route === 'start' || route === 'stop' || route === 'progress' || route === 'hub state';
    if (typeof reply !== 'string' && 'value' in reply) return { ok: true, value: reply.value };
    return { ok: false, failure: failureOf(asked, reply, isHubs, route === 'start') };
  }

  /** Sends a request through the story's network. */
  #ask<T>(
    route: Route,
    signal: AbortSignal,
    handle: (respond: (reply: Reply<T>) => void) => void,
  ): Promise<Reply<T> | Lost> {
    const clock = this.#clock;
    const exchange: Exchange = {
      route,
      sentAt: clock.monotonic(),
      arrivedAt: null,
      truth: null,
      answeredAt: null,
      status: null,
      isGenuine: false,
      trouble: null,
    };
    this.exchanges.push(exchange);
    const trouble = this.#troubleOf(route);
    if (trouble !== null) {
      exchange.trouble = trouble.kind;
      this.note(trouble.kind);
    }
    return new Promise((resolve) => {
      const finish = (reply: Reply<T> | Lost): void => {
        if (exchange.answeredAt !== null) return;
        signal.removeEventListener('abort', abort);
        exchange.answeredAt = clock.monotonic();
        if (typeof reply !== 'string') {
          exchange.status = reply.status;
          exchange.isGenuine = reply.isGenuine;
        }
        resolve(reply);
      };
      const later = (ms: number, act: () => void): void => {
        if (ms === 0) act();
        else clock.after(ms, act);
      };
      const half = this.#story.latency / 2;
      const abort = (): void => {
        finish('aborted');
      };
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort, { once: true });
      if (trouble?.kind === 'refused') {
        finish('refused');
        return;
      }
      if (trouble?.kind === 'cut')
        later(trouble.after, () => {
          finish('reset');
        });
      later(half, () => {
        // What is given up before it arrives never arrives.
        if (signal.aborted && (trouble === null || !('arrives' in trouble))) return;
        if (trouble?.kind === 'status')
          later(half, () => {
            finish({ status: trouble.status, isGenuine: false });
          });
        if (trouble !== null && 'arrives' in trouble && !trouble.arrives) return;
        exchange.arrivedAt = clock.monotonic();
        exchange.truth = this.#truth.moment();
        const respond = (reply: Reply<T>): void => {
          if (trouble === null)
            later(half, () => {
              finish(reply);
            });
        };
        const isHubs = route === 'start' || route === 'stop' || route === 'progress' || route === 'hub state';
        if (isHubs && !this.#truth.hub.isUp) respond({ status: 503, isGenuine: false });
        else handle(respond);
      });
    });
  }

  #troubleOf(route: Route): Trouble | null {
    const { troubles, windows } = this.#story;
    const nth = this.#count(route);
    const now = this.#clock.monotonic() - this.#begunAt;
    const window = windows.find(({ from, to, routes }) => now >= from && now < to && routes.includes(route));
    return window?.trouble ?? troubles[route]?.[nth] ?? null;
  }

  #count(what: string): number {
    const nth = this.#counts.get(what) ?? 0;
    this.#counts.set(what, nth + 1);
    return nth;
  }

  #pipe(of: 'hub' | 'controller', signal: AbortSignal): Pipe {
    const pipe = new Pipe(this.#clock, of === 'controller' ? this.#story.lag : 0, heartbeat[of], signal);
    const fault: StreamFault | null = this.#story.streams[of][this.#count(`stream ${of}`)] ?? null;
    if (fault !== null)
      this.#clock.after(fault.after, () => {
        if (pipe.isOver) return;
        this.note(`${of} stream ${fault.kind}`);
        if (fault.kind === 'cut') pipe.close('cut', 0);
        else pipe.isDeaf = true;
      });
    return pipe;
  }
}

/** The bytes of a stream on their way to the client. */
class Pipe {
  isDeaf = false;
  isOver = false;
  onLeave: () => void = () => undefined;
  readonly #clock: Clock;
  readonly #lag: number;
  readonly #signal: AbortSignal;
  readonly #chunks: (Buffer | 'end' | 'cut')[] = [];
  #wake: () => void = () => undefined;

  constructor(clock: Clock, lag: number, heartbeatMs: number, signal: AbortSignal) {
    this.#clock = clock;
    this.#lag = lag;
    this.#signal = signal;
    // A command opens one stream after another with the same signal.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', this.#leave, { once: true });
    const beat = (): void => {
      if (this.isOver) return;
      this.put(heartbeatMs === heartbeat.hub ? '\n' : ': ping\r\n\r\n');
      clock.after(heartbeatMs, beat);
    };
    clock.after(heartbeatMs, beat);
  }

  put(text: string): void {
    this.#later(Buffer.from(text), this.#lag);
  }

  close(how: 'end' | 'cut', lag = this.#lag): void {
    this.#later(how, lag);
  }

  #later(chunk: Buffer | 'end' | 'cut', lag: number): void {
    const act = (): void => {
      if (this.isDeaf || this.isOver) return;
      if (typeof chunk === 'string') this.isOver = true;
      this.#chunks.push(chunk);
      this.#wake();
    };
    if (lag === 0) act();
    else this.#clock.after(lag, act);
  }

  readonly #leave = (): void => {
    this.#signal.removeEventListener('abort', this.#leave);
    this.isOver = true;
    this.onLeave();
    this.#wake();
  };

  body(): AsyncIterable<Uint8Array> {
    return {
      [Symbol.asyncIterator]: () => ({
        next: async (): Promise<IteratorResult<Uint8Array, undefined>> => {
          for (;;) {
            if (this.#signal.aborted) throw new Error('aborted');
            const chunk = this.#chunks.shift();
            if (chunk === 'end') return { done: true, value: undefined };
            if (chunk === 'cut') throw new Error('cut');
            if (chunk !== undefined) return { done: false, value: chunk };
            await new Promise<void>((resolve) => {
              this.#wake = resolve;
            });
          }
        },
        return: (): Promise<IteratorResult<Uint8Array, undefined>> => {
          this.#leave();
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
  }
}

function ok<T>(value: T): Reply<T> {
  return { status: 200, value, isGenuine: true };
}

function refused(status: number, type?: string): Reply<never> {
  // The proxy's own response while the Hub is away.
  return { status, isGenuine: status !== 503, ...(type === undefined ? {} : { type }) };
}

function modelOf(listed: 'spawn' | 'ready' | 'stop'): ServerModel {
  return {
    name: '',
    pending: listed === 'ready' ? null : listed,
    ready: listed === 'ready',
    url: `/nb/user/${user}/`,
    started: '2026-11-24T00:00:00Z',
  };
}

function failureOf(
  asked: string,
  reply: Reply<unknown> | Lost,
  isHubs: boolean,
  hasEffect: boolean,
): Failure {
  const base = isHubs ? hubBase.href : controllerBase;
  if (typeof reply === 'string') {
    const codes = { refused: 'ECONNREFUSED', reset: 'ECONNRESET', aborted: 'UND_ERR_ABORTED' } as const;
    const error = Object.assign(new Error(reply), { code: codes[reply] });
    const sent = reply !== 'refused';
    return networkFailure(asked, error, base, { sent, ...(hasEffect ? { hintIfSent: 'It may.' } : {}) });
  }
  const { status, isGenuine, type = '' } = reply;
  const json = isHubs ? { status, message: 'refused' } : { detail: [{ msg: type, type }] };
  const response = {
    status,
    headers: {
      'content-type': isGenuine ? 'application/json' : 'text/html',
      ...(isHubs && isGenuine ? { 'x-jupyterhub-version': '5.3.0' } : {}),
    },
    body: isGenuine ? JSON.stringify(json) : '<html>',
    more: false,
    whole: true,
    url: base,
    redirects: 0,
    redact: noSecrets.redact,
  };
  if (!isHubs) return refusal(asked, response, base);
  return hubRefusal({ asked, base: hubBase, tokenOrigin: null, isSession: true }, response);
}
