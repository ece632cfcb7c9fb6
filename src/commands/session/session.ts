/**
 * What every command that talks to a server starts from: the backend, the display, the time limits.
 *
 * Owns whose lab the run is about, the last look before the deadline, and the run's ending. The state is `run.ts`, requests
 * and their retries are `requests.ts`, the event stream is `event-follower.ts`.
 */
import type { Backend, Subject } from '../../backends/backend.js';
import type { Display, Ending, ServerAddress } from '../../display/display.js';
import type { Outcome } from '../../model/outcome.js';
import type { Redactor } from '../../model/redactor.js';
import type { Goal, RunState, ServerName } from '../../model/reducer.js';
import { isFinal, outcomeOf, type Failure, type Result } from '../../model/result.js';
import type { Context } from '../../runtime/context.js';
import { isAborted, type Deadline } from '../../runtime/deadline.js';
import { watchForWake } from '../../runtime/wake.js';
import { cutShort, type Words } from './cut-short.js';
import { EventFollower } from './event-follower.js';
import { scheduleLook } from './last-look.js';
import { Requests } from './requests.js';
import { Run } from './run.js';
import { StateRequests } from './state-requests.js';

export interface Limits {
  /** For the whole command, in milliseconds; null for none. */
  timeout: number | null;
  /** A connection silent for this long is dead, in milliseconds; null for never. */
  idleTimeout: number | null;
  /** Whether the user chose the idle timeout, so that a stream's own does not count. */
  isIdleTimeoutGiven?: boolean;
}

export interface UserSetting {
  /** Null if it has to be looked up by the token. */
  name: string | null;
  /** Whether the user was given explicitly, and may differ from the token's own user. */
  given: boolean;
}

export interface SessionOptions {
  context: Context;
  display: Display;
  backend: Backend;
  /** The same backend, on connections of its own. */
  freshBackend: () => Promise<Backend>;
  /** Knows the secrets that the backend was given. */
  redactor: Redactor;
  /** Where the labs are, for people. */
  address: ServerAddress;
  /** Whose lab, as far as that is configured. */
  user: UserSetting;
  /** Whether the server ends with this program, so that no operation can be resumed later. */
  demo: boolean;
  limits: Limits;
  /** The command's deadline, which has begun already. */
  deadline: Deadline;
}

export class Session {
  readonly context: Context;
  readonly display: Display;
  readonly backend: Backend;
  readonly redactor: Redactor;
  readonly address: ServerAddress;
  readonly requests: Requests;
  readonly events: EventFollower;
  readonly #user: UserSetting;
  readonly #demo: boolean;
  readonly #deadline: Deadline;
  readonly #contact = { reached: false };
  readonly #run: Run;
  #timesStages = false;
  readonly #states: StateRequests;
  readonly #wakeListeners = new Set<(sleptMs: number) => void>();
  readonly #unwatchWake: () => void;
  #cancelLook: () => void;
  readonly #closing = new AbortController();
  /** Whose lab this is about, once that is known. */
  #subject: Subject | null = null;

  constructor(options: SessionOptions, goal: Goal) {
    const { context, display, backend, freshBackend, redactor, address } = options;
    const { user, demo, limits, deadline } = options;
    this.context = context;
    this.display = display;
    this.backend = backend;
    this.redactor = redactor;
    this.address = address;
    this.#user = user;
    this.#demo = demo;
    this.#deadline = deadline;
    const { clock, random } = context;
    const { idleTimeout, isIdleTimeoutGiven = false, timeout } = limits;
    const run = (this.#run = new Run(context, display, goal, backend.name));
    const states = (this.#states = new StateRequests({ backend, freshBackend, clock, idleTimeout }));
    const { signal } = deadline;
    const retry = { clock, random, contact: this.#contact, left: () => deadline.left() };
    this.requests = new Requests({ run, states, signal, idleTimeout, retry });
    this.#unwatchWake = watchForWake(context, (sleptMs) => {
      for (const listener of this.#wakeListeners) listener(sleptMs);
    });
    const watchWake = (listener: (sleptMs: number) => void): (() => void) => {
      this.#wakeListeners.add(listener);
      return () => this.#wakeListeners.delete(listener);
    };
    const { redact } = redactor;
    const following = { run, backend, states, redact, signal, idleTimeout, retry, watchWake };
    this.events = new EventFollower({ ...following, isIdleTimeoutGiven });
    this.#cancelLook = scheduleLook(clock, deadline, timeout, () => {
      void this.#lastLook();
    });
  }

  /** What the server with the labs is called in messages. */
  get server(): ServerName {
    return this.backend.name;
  }

  /** Aborts on the deadline and on a signal that ends the program. */
  get signal(): AbortSignal {
    return this.#deadline.signal;
  }

  get state(): RunState {
    return this.#run.state;
  }

  /** Stops redrawing; the display and the deadline are the caller's. */
  close(): void {
    this.#run.close();
    this.#unwatchWake();
    this.#cancelLook();
    this.#closing.abort();
  }

  /** Whose lab this is about; `mayBeAnother`: the command can act for users other than the token's own. */
  async subject(mayBeAnother: boolean): Promise<Result<Subject>> {
    const { name, given } = this.#user;
    const subject = await this.backend.subject(
      { name, mayBeAnother: given && mayBeAnother },
      {
        request: (send, from) => this.requests.ask(send, from === 'server'),
        state: (of) => this.requests.stateOnce(of),
      },
    );
    if (!subject.ok) return subject;
    if (name === null) this.trace(1, `user ${subject.value.name}: from the token`);
    this.#subject = subject.value;
    return subject;
  }

  /** Explains a decision in the output of -v. */
  trace(level: 1 | 2, message: string): void {
    this.context.trace(level, message);
  }

  /** Records how the run ended, for the last drawing, and cancels the last look: the deadline no longer matters. */
  settle(outcome: Outcome): void {
    this.#cancelLook();
    this.#run.advance({ kind: 'decided', outcome });
  }

  /** The result will say where the time went. `own`: whether this command has started the operation. */
  timeStages(own: boolean): void {
    this.#timesStages = true;
    if (own) this.#run.stages.own();
  }

  /** See the function of the same name. */
  cutShort(words: Words): Outcome {
    const unreached = this.#contact.reached ? null : (this.address.hub ?? this.address.controller);
    const shown = this.#demo ? demoWords : words;
    return cutShort(this.context.signal, this.#deadline, this.#run.state, shown, unreached);
  }

  /** The outcome of detaching while the operation continues; `wayBack` says how to follow it again. */
  detached(doing: string, wayBack: string): Outcome {
    return { kind: 'detached', message: `${this.server} is ${doing}; ${this.#demo ? demoEnds : wayBack}` };
  }

  /** The outcome of a failed request, unless it failed because the run was cut short. */
  failureOutcome(failure: Failure, words: Words): Outcome {
    // A refusal counts even if the deadline passed before its full text arrived.
    const refused = isFinal(failure) && !isAborted(this.context.signal);
    return this.signal.aborted && !refused ? this.cutShort(words) : outcomeOf(failure);
  }

  ending(outcome: Outcome, extra: Partial<Omit<Ending, 'outcome' | 'events' | 'lastEvent'>> = {}): Ending {
    this.settle(outcome);
    const { events, lab, lastEvent } = this.#run.state;
    const stages =
      this.#timesStages && events > 0 ? { stages: this.#run.stages.end(this.context.clock.monotonic()) } : {};
    return { outcome, events, lab: lab ?? null, lastEvent, text: [], ...stages, ...extra };
  }

  async #lastLook(): Promise<void> {
    this.trace(1, 'the deadline is near: requesting the state once more, on a new connection');
    this.#run.advance({ kind: 'look', result: null });
    const { name } = this.#user;
    const subject = this.#subject ?? (name === null ? null : { name, own: true });
    const signal = AbortSignal.any([this.signal, this.#closing.signal]);
    const looking = this.#states.look(subject, signal);
    for (const listener of this.#wakeListeners) listener(0);
    const response = await looking;
    if (!signal.aborted) this.#run.advance({ kind: 'look', result: response });
  }
}

const demoEnds = 'the demo ends here';
const demoWords: Words = { interrupted: `interrupted; ${demoEnds}`, timeUp: demoEnds, hint: null };
