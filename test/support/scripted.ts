/**
 * A command in memory against a controller whose every response a test writes itself. For what takes minutes; what a user
 * sees is shown with `peer.ts` and the real program.
 */
import type { Session } from '../../src/commands/session/session.js';
import type { Clock } from '../../src/runtime/context.js';
import { sleep } from '../../src/runtime/deadline.js';
import type { Backend, Probed } from '../../src/backends/backend.js';
import { nubladoBackend } from '../../src/backends/nublado/backend.js';
import type { NubladoClient } from '../../src/backends/nublado/client.js';
import { decodeFrame as decode } from '../../src/backends/nublado/operation.js';
import type { LabState } from '../../src/backends/nublado/schemas.js';
import type { EventStream } from '../../src/stream/event-stream.js';
import { refusal } from '../../src/backends/nublado/failures.js';
import type { Ending } from '../../src/display/display.js';
import { toSse, type Event } from '../../src/model/event.js';
import { exitCode } from '../../src/model/outcome.js';
import { noSecrets } from '../../src/model/redactor.js';
import type { Result } from '../../src/model/result.js';
import { FakeClock } from './clock.js';
import { info } from './peer.js';
import { playInMemory, type PlayedInMemory } from './in-memory.js';

export type Route = 'create' | 'events' | 'state' | 'remove' | 'who' | 'probe';

/** The response to a request: plain success, a state (null for no lab), a stream, a user's name, or an HTTP status. */
export type Reply = 'done' | { lab: LabState | null } | { stream: Stream } | { user: string } | Refusal;

export interface Refusal {
  status: number;
  type?: string;
  plain?: boolean;
  /** In seconds. */
  retryAfter?: number;
}

/** A queue: each event with its time, and when the stream ends; null for never. */
export interface Stream {
  events: readonly (readonly [at: number, event: Event])[];
  end: number | null;
}

/** Responds to the `nth` request of a route, which arrives at `at`, counted from 1 and in milliseconds. */
export type Script = Partial<Record<Exclude<Route, 'probe'>, (at: number, nth: number) => Reply>>;

export interface Played extends PlayedInMemory {
  /** When the requests of each route came, in milliseconds. */
  requests: Record<Route, number[]>;
}

export interface PlayOptions {
  timeout?: number | null;
  user?: { name: string | null; given: boolean; direct: boolean };
  /** Between a request and its response, in milliseconds. */
  latency?: number;
  /** What a probe of the lab shows at a time, in milliseconds; default: no probe is possible. */
  probe?: (at: number, nth: number) => Probed | Promise<Probed>;
}

export async function play(
  script: Script,
  command: (session: Session) => Promise<Ending>,
  {
    timeout = null,
    user = { name: 'rachel', given: false, direct: false },
    latency = 0,
    probe,
  }: PlayOptions = {},
): Promise<Played> {
  const requests: Played['requests'] = { create: [], events: [], state: [], remove: [], who: [], probe: [] };
  const clock = new FakeClock();
  const backend = scripted(script, clock, requests, latency, user.direct, probe);
  return { ...(await playInMemory({ backend, clock, timeout, user }, command)), requests };
}

const stream = { decode, replay: 'whole', heartbeat: 'comment' } as const;

function scripted(
  script: Script,
  clock: FakeClock,
  requests: Played['requests'],
  latency: number,
  direct: boolean,
  probe: PlayOptions['probe'],
): Backend {
  async function ask(
    route: keyof Script,
    asked: string,
  ): Promise<Result<Exclude<Reply, { status: number }>>> {
    requests[route].push(clock.monotonic());
    const nth = requests[route].length;
    const reply = script[route]?.(clock.monotonic(), nth) ?? { status: 404, type: 'unknown_user' };
    if (latency > 0) await new Promise<void>((resolve) => clock.after(latency, resolve));
    if (typeof reply === 'string' || !('status' in reply)) return { ok: true, value: reply };
    return { ok: false, failure: refusal(asked, answerOf(reply), 'http://controller.test/nublado') };
  }

  async function state(): Promise<Result<LabState | null>> {
    const answer = await ask('state', "get the lab's status");
    if (!answer.ok && answer.failure.kind === 'not-found') return { ok: true, value: null };
    if (!answer.ok) return answer;
    if (typeof answer.value === 'string' || !('lab' in answer.value)) throw new Error('no state');
    return { ok: true, value: answer.value.lab };
  }

  async function done(route: keyof Script, asked: string): Promise<Result<null>> {
    const answer = await ask(route, asked);
    return answer.ok ? { ok: true, value: null } : answer;
  }

  const client: NubladoClient = {
    create: () => done('create', 'create a lab for rachel'),
    remove: () => done('remove', "delete rachel's lab"),
    ownState: state,
    stateOf: state,
    async events(_user, signal): Promise<Result<EventStream>> {
      const answer = await ask('events', "read rachel's event stream");
      if (!answer.ok) return answer;
      if (typeof answer.value === 'string' || !('stream' in answer.value)) throw new Error('no stream');
      return { ok: true, value: { ...stream, body: bodyOf(answer.value.stream, clock, signal) } };
    },
    async whoAmI() {
      const answer = await ask('who', "look up the token's user");
      if (!answer.ok) return answer;
      if (typeof answer.value === 'string' || !('user' in answer.value)) throw new Error('no user');
      return { ok: true, value: answer.value.user };
    },
    list: () => Promise.reject(new Error('no list')),
    choices: () => Promise.reject(new Error('no choices')),
    tokenExpiry: () => Promise.reject(new Error('no expiry')),
  };
  const identity = { direct, hasToken: true };
  if (probe === undefined) return nubladoBackend(client, identity);
  return nubladoBackend(client, identity, async () => {
    const at = clock.monotonic();
    return probe(at, requests.probe.push(at));
  });
}

function answerOf({ status, type, plain, retryAfter }: Refusal) {
  const isJson = type !== undefined;
  return {
    status,
    headers: {
      'content-type': isJson ? 'application/json' : plain === true ? 'text/plain' : 'text/html',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    },
    whole: true,
    redact: noSecrets.redact,
    body: isJson ? JSON.stringify({ detail: [{ msg: type, type }] }) : '',
    more: false,
    url: 'http://controller.test/nublado',
    redirects: 0,
  };
}

/** The events on schedule, those of one time in one chunk; a ping every 15 s; until the end or the client leaves. */
async function* bodyOf(
  { events, end }: Stream,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const ping = 15_000;
  let pingAt = clock.monotonic() + ping;
  let next = 0;
  for (;;) {
    const due = Math.min(events[next]?.[0] ?? Infinity, end ?? Infinity, pingAt);
    await until(clock, due, signal);
    if (signal.aborted) throw new Error('aborted');
    const now = clock.monotonic();
    let chunk = '';
    for (let each = events[next]; each !== undefined && each[0] <= now; each = events[++next]) {
      chunk += toSse(each[1]);
    }
    if (chunk !== '') yield Buffer.from(chunk);
    else if (end !== null && end <= now) return;
    else {
      pingAt = now + ping;
      yield Buffer.from(': ping\r\n\r\n');
    }
  }
}

function until(clock: Clock, at: number, signal: AbortSignal): Promise<void> {
  const wait = at - clock.monotonic();
  return wait <= 0 ? Promise.resolve() : sleep(clock, wait, signal);
}

export const lab = (status: string): Reply => ({ lab: { status, internal_url: 'http://lab/' } });
export const noLab: Reply = { lab: null };
export const inProgress: Reply = { status: 409, type: 'operation_in_progress' };
export const noStream: Reply = { status: 404, type: 'unknown_user' };

/** A stream that stays open after these events. */
export const open = (events: Stream['events']): Reply => ({ stream: { events, end: null } });
/** A stream that ends at a time. */
export const ending = (events: Stream['events'], end: number): Reply => ({ stream: { events, end } });
export const always = (reply: Reply) => () => reply;
/** One reply until a time, then others. */
export const then =
  (...steps: (Reply | number)[]) =>
  (at: number): Reply => {
    let reply = steps[0] as Reply;
    for (let i = 1; i < steps.length; i += 2) if (at >= (steps[i] as number)) reply = steps[i + 1] as Reply;
    return reply;
  };

/** How it ended: the exit code and the message. */
export const summary = ({ ending: { outcome } }: Played) => [exitCode(outcome), outcome.message];

/** The events of a spawn that has begun, with their times in milliseconds. */
export const begun = [
  [0, info('Starting lab creation', 1)],
  [100, info('Created Kubernetes objects', 30)],
] as const;

/** The events of a deletion that has begun. */
export const deletion = [
  [0, info('Shutting down Kubernetes pod', 25)],
  [100, info('Deleting user namespace', 62)],
] as const;
