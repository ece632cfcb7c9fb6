/**
 * A command at the simulated Hub: the real Session and the real client over HTTP, with one clock for both sides. The clock
 * jumps from one timer to the next whenever nothing moves on the network, so a run of minutes takes a moment.
 */
import type { Dispatcher } from 'undici';
import { createJupyterHub } from '../../src/backends/jupyterhub/backend.js';
import type { HubSettings } from '../../src/backends/jupyterhub/server.js';
import { Session, type UserSetting } from '../../src/commands/session/session.js';
import { spawn, type SpawnOptions } from '../../src/commands/spawn.js';
import { SilentDisplay, type Ending } from '../../src/display/display.js';
import { exitCode, type Outcome } from '../../src/model/outcome.js';
import { noSecrets, type Redactor } from '../../src/model/redactor.js';
import type { Goal, Input, RunState } from '../../src/model/reducer.js';
import type { Context } from '../../src/runtime/context.js';
import { startDeadline } from '../../src/runtime/deadline.js';
import {
  startHub,
  type HubOptions,
  type SeenRequest,
  type SimulatedHub,
} from '../../src/simulator/jupyterhub/hub.js';
import { FakeClock } from './clock.js';
import { fakeContext } from './context.js';
import { loopbackAgent } from './loopback.js';

export interface HubPlay {
  hub?: Partial<HubOptions>;
  settings?: Partial<HubSettings>;
  /** The token; default the user's. */
  token?: 'user' | 'admin';
  user?: UserSetting;
  goal?: Goal;
  /** For the whole command, in milliseconds; default none. */
  timeout?: number | null;
  idleTimeout?: number | null;
  isIdleTimeoutGiven?: boolean;
  redactor?: Redactor;
  /** The source of jitter; default always 0.5. */
  random?: () => number;
  /** Parts of the Context that matter to the test. */
  context?: Partial<Context>;
  /** Called with the Hub before the command begins. */
  before?: (site: HubSite) => void | Promise<void>;
  /** Called for every request, when its body has arrived. */
  onRequest?: (request: SeenRequest, site: HubSite) => void;
  /** Called at times after the beginning, in milliseconds. */
  at?: readonly (readonly [ms: number, act: (site: HubSite) => void])[];
}

export interface HubSite {
  hub: SimulatedHub;
  clock: FakeClock;
  /** Sends the signal that ends the program. */
  interrupt: () => void;
}

export interface TimedRequest extends SeenRequest {
  /** When it arrived, in milliseconds since the beginning. */
  at: number;
}

export interface HubPlayed {
  code: number;
  outcome: Outcome;
  message: string;
  ending: Ending;
  endedAt: number;
  /** The types and messages of the events that were shown. */
  shown: string[];
  inputs: Input[];
  warnings: string[];
  requests: TimedRequest[];
  posts: number;
  deletes: number;
}

/** Anything that still waits after this time would wait for ever, in milliseconds. */
const longest = 3_600_000;

export async function playAtHub(
  play: HubPlay,
  command: (session: Session) => Promise<Ending>,
): Promise<HubPlayed> {
  const clock = new FakeClock();
  const dispatcher = loopbackAgent();
  const requests: TimedRequest[] = [];
  const network = new Activity();
  const signals = new AbortController();
  const hub: SimulatedHub = await startHub({
    clock,
    ...play.hub,
    onRequest(request) {
      network.moved();
      requests.push({ ...request, at: clock.monotonic() });
      play.onRequest?.(request, site);
    },
  });
  const {
    redactor = noSecrets,
    timeout = null,
    idleTimeout = 45_000,
    isIdleTimeoutGiven = false,
    goal = 'spawn',
  } = play;
  const createBackend = () =>
    createJupyterHub(
      {
        base: new URL(hub.url),
        credentials: { kind: 'bearer', token: hub.tokens[play.token ?? 'user'] },
        dispatcher: dispatcher.compose(network.watch),
        clock,
        redact: redactor.redact,
      },
      { server: '', userOptions: {}, forget: false, ...play.settings },
    );
  const display = new Recorder();
  const { random = () => 0.5 } = play;
  const context = fakeContext({ ...play.context, clock, random, signal: signals.signal });
  const site = {
    hub,
    clock,
    interrupt: () => {
      signals.abort('SIGINT');
    },
  };
  await play.before?.(site);
  for (const [ms, act] of play.at ?? []) {
    clock.after(ms, () => {
      act(site);
    });
  }
  const deadline = startDeadline(clock, timeout, context.signal);
  const session = new Session(
    {
      context,
      display,
      backend: createBackend(),
      freshBackend: () => Promise.resolve(createBackend()),
      address: { controller: null, hub: hub.url, name: '' },
      user: play.user ?? { name: null, given: false },
      redactor,
      demo: false,
      limits: { timeout, idleTimeout, isIdleTimeoutGiven },
      deadline,
    },
    goal,
  );
  try {
    const ended: { ending?: Ending; error?: unknown }[] = [];
    command(session).then(
      (ending) => ended.push({ ending }),
      (error: unknown) => ended.push({ error }),
    );
    await network.still();
    while (ended.length === 0 && clock.nextDue !== null && clock.monotonic() < longest) {
      clock.advance(clock.nextDue - clock.monotonic());
      await network.still();
    }
    const [result] = ended;
    if (result?.error !== undefined) throw result.error as Error;
    if (result?.ending === undefined) throw new Error(`it did not end by ${clock.monotonic()} ms`);
    const { ending } = result;
    const count = (method: string): number => requests.filter((each) => each.method === method).length;
    return {
      code: exitCode(ending.outcome),
      outcome: ending.outcome,
      message: ending.outcome.message,
      ending,
      endedAt: clock.monotonic(),
      shown: display.shown,
      inputs: display.inputs,
      warnings: display.warnings,
      requests,
      posts: count('POST'),
      deletes: count('DELETE'),
    };
  } finally {
    session.close();
    deadline.cancel();
    await dispatcher.destroy();
    await hub.close();
  }
}

/** Both ends are in this process: when many turns of the event loop bring nothing, nothing is on its way. */
const turns = 30;

class Activity {
  #moves = 0;
  /** Requests that the client has sent and the Hub has not received. */
  #sent = 0;

  moved(): void {
    this.#moves += 1;
    this.#sent -= 1;
  }

  /** An interceptor that notices everything that the client sends and receives. */
  readonly watch: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
    this.#moves += 1;
    this.#sent += 1;
    return dispatch(options, new Proxy(handler, { get: (target, key) => this.#noticing(target, key) }));
  };

  #noticing(target: object, key: string | symbol): unknown {
    const value: unknown = Reflect.get(target, key);
    if (typeof value !== 'function') return value;
    return (...parameters: unknown[]): unknown => {
      this.#moves += 1;
      return Reflect.apply(value, target, parameters);
    };
  }

  /** Resolves when nothing moves any more. */
  async still(): Promise<void> {
    let seen = this.#moves;
    // A request that was aborted before it arrived is never received.
    for (let quiet = 0; quiet < (this.#sent > 0 ? 10 * turns : turns); quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#moves !== seen) quiet = 0;
      seen = this.#moves;
    }
  }
}

class Recorder extends SilentDisplay {
  readonly shown: string[] = [];
  readonly inputs: Input[] = [];
  readonly warnings: string[] = [];

  override show(_state: RunState, input: Input): void {
    this.inputs.push(input);
    if (input.kind === 'event') this.shown.push(`${input.event.type} ${input.event.message}`);
  }

  override warn(message: string): void {
    this.warnings.push(message);
  }
}

/** `lab spawn` with defaults. */
export function spawnAtHub(options: Partial<SpawnOptions> = {}): (session: Session) => Promise<Ending> {
  const request = {
    image: { image_class: 'recommended' },
    size: 'small',
    enableDebug: false,
    resetUserEnv: false,
    env: {},
  } as const;
  return (session) => spawn(session, { request, detach: false, onConflict: 'attach', ...options });
}
