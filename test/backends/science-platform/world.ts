/**
 * A platform in memory for tests of how its two servers are combined: a Hub and a controller, each of which says what a test
 * lets it say. Neither has a wire format.
 */
import type { Backend, Creation, Probed, Removal, RemoteLab } from '../../../src/backends/backend.js';
import { createSciencePlatform } from '../../../src/backends/science-platform/backend.js';
import { decodeFrame as decode } from '../../../src/backends/nublado/operation.js';
import { findSubject } from '../../../src/backends/subject.js';
import type { Session } from '../../../src/commands/session/session.js';
import type { Ending } from '../../../src/display/display.js';
import { toSse, type Event } from '../../../src/model/event.js';
import type { Lab, Phase } from '../../../src/model/lab.js';
import type { UserOptions } from '../../../src/model/lab-request.js';
import type { Failure, Result } from '../../../src/model/result.js';
import { sleep } from '../../../src/runtime/deadline.js';
import type { EventStream } from '../../../src/stream/event-stream.js';
import { FakeClock } from '../../support/clock.js';
import { failure } from '../../support/hand-fed.js';
import { playInMemory, type PlayedInMemory } from '../../support/in-memory.js';

/** A stream: each event with its time in milliseconds of the clock, and when it ends; null for never. */
export interface Queue {
  events: readonly (readonly [at: number, event: Event])[];
  end: number | null;
  /** Whether the connection is lost at its end. */
  isCut?: boolean;
}

export const absent = failure('not-found', 'nothing there', 'server', 'never');
export const away = failure('unknown', 'bad gateway', 'server', 'later');
export const forbidden = failure('unauthorized', 'not allowed', 'server', 'never');

export const info = (message: string, progress: number | null = null): Event => ({
  type: 'info',
  message,
  progress,
});
export const said = (type: Event['type'], message: string): Event => ({ type, message, progress: null });

/** What one of the two servers says about the lab. `reason`: the Hub's, of a failed spawn. */
export type View = Phase | null | { failed: string } | Failure;

type At<T> = (at: number) => T;

export class Side {
  /** What its state is. */
  view: At<View> = () => null;
  /** Its stream, at the time when it is opened. */
  queue: At<Queue | Failure> = () => absent;
  onCreate: At<Result<Creation>> = () => ({ ok: true, value: { kind: 'accepted' } });
  onRemove: At<Result<Removal>> = () => ({ ok: true, value: 'gone' });
  probed: At<Probed> = () => ({ kind: 'proof', how: 'jupyter', reason: 'it responds' });
}

export class World {
  readonly clock = new FakeClock();
  readonly hub = new Side();
  readonly controller = new Side();
  /** Requests that change something or are rare, with their times. */
  readonly requests: string[] = [];
  expires: number | null = null;
  userOptions: UserOptions = {};

  backend(): Backend {
    const { clock, userOptions } = this;
    const controller = { ...this.#backend('controller'), expiry: () => ok(this.expires) };
    return createSciencePlatform({ hub: this.#backend('hub'), controller, userOptions, clock });
  }

  play(command: (session: Session) => Promise<Ending>, timeout = 900_000): Promise<PlayedInMemory> {
    const user = { name: null, given: false };
    return playInMemory({ backend: this.backend(), clock: this.clock, timeout, user }, command);
  }

  lab(): RemoteLab {
    return this.backend().lab({ name: 'rachel', own: true });
  }

  #backend(name: 'hub' | 'controller'): Backend {
    const whoAmI = (): Promise<Result<string>> => ok('rachel');
    return {
      name: name === 'hub' ? 'the Hub' : 'the controller',
      confirmAbsenceAfter: name === 'hub' ? 3_000 : null,
      checkSettings: () => undefined,
      subject: (wanted) => findSubject(wanted, whoAmI),
      whoAmI,
      list: () => ok({ users: [name] }),
      labsOf: null,
      lab: ({ own }) => this.#lab(name, own),
      ownState: () => Promise.resolve(this.#state(name)),
    };
  }

  #lab(name: 'hub' | 'controller', own: boolean): RemoteLab {
    const side = this[name];
    const { clock } = this;
    const at = (): number => clock.monotonic();
    return {
      shown: () => ({ from: name }),
      create: () => {
        this.requests.push(`${name} create ${at()}`);
        return Promise.resolve(side.onCreate(at()));
      },
      state: () => Promise.resolve(this.#state(name)),
      events: own
        ? (signal) => {
            const queue = side.queue(at());
            return Promise.resolve(
              'kind' in queue
                ? { ok: false, failure: queue }
                : { ok: true, value: streamOf(queue, clock, signal, name) },
            );
          }
        : null,
      streamsDeletions: name === 'controller',
      differences: () => [],
      remove: () => {
        this.requests.push(`${name} remove ${at()}`);
        return Promise.resolve(side.onRemove(at()));
      },
      hostsCommand: false,
      choices: null,
      probe: () => Promise.resolve(side.probed(at())),
      mustConfirmRunning: name === 'hub',
    };
  }

  #state(name: 'hub' | 'controller'): Result<Lab | null> {
    const view = this[name].view(this.clock.monotonic());
    if (view === null) return { ok: true, value: null };
    if (typeof view === 'string') return { ok: true, value: labIn(view, name) };
    if ('kind' in view) return { ok: false, failure: view };
    return { ok: true, value: { ...labIn('failed', name), reason: view.failed, gone: true } };
  }
}

function labIn(phase: Phase, from: string): Lab {
  const url = `https://${from}.test/nb/user/rachel/`;
  return {
    phase,
    status: phase,
    url,
    address: { url, mayOpen: true, mayGetToken: true, hasCapitals: false, isShared: false },
    started: null,
    image: from === 'controller' ? 'lab:w_2026_40' : null,
    size: null,
    raw: { status: phase, internal_url: null },
  };
}

function ok<T>(value: T): Promise<Result<T>> {
  return Promise.resolve({ ok: true, value });
}

function streamOf(queue: Queue, clock: FakeClock, signal: AbortSignal, name: string): EventStream {
  return {
    body: bodyOf(queue, clock, signal),
    decode,
    replay: name === 'hub' ? 'unknown' : 'whole',
    heartbeat: name === 'hub' ? 'bytes' : 'comment',
  };
}

/** As both servers send it: what has happened at once, then each event at its time; a sign of life every eight seconds. */
async function* bodyOf(
  { events, end, isCut = false }: Queue,
  clock: FakeClock,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  async function* until(at: number): AsyncGenerator<Uint8Array> {
    while (at > clock.monotonic()) {
      await sleep(clock, Math.min(at - clock.monotonic(), 8_000), signal);
      if (signal.aborted) throw new Error('aborted');
      if (at > clock.monotonic()) yield Buffer.from('\n');
    }
  }
  for (const [at, event] of events) {
    yield* until(at);
    yield Buffer.from(toSse(event));
  }
  yield* until(end ?? Infinity);
  if (isCut) throw new Error('cut');
}
