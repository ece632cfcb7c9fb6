/**
 * What every command that talks to a controller starts from: the backend, the display, the time limits.
 *
 * Owns the one loop in which inputs become state and state is shown.
 */
import type { Context } from '../../runtime/context.js';
import { drained, stamp } from '../../runtime/context.js';
import type { Backend, Subject } from '../../backends/backend.js';
import type { EventStream } from '../../stream/event-stream.js';
import { isAborted, sleep, startDeadline, type Deadline } from '../../runtime/deadline.js';
import type { Display, Ending } from '../../display/display.js';
import type { Lab } from '../../model/lab.js';
import type { Outcome } from '../../model/outcome.js';
import type { Redactor } from '../../model/redactor.js';
import { askedWait, isFinal, outcomeOf, type Failure, type Result } from '../../model/result.js';
import {
  advance,
  initialRun,
  type Goal,
  type Fact,
  type Input,
  type Known,
  type RunState,
} from '../../model/reducer.js';
import { Retry, type RetryOptions } from '../../runtime/retry.js';
import { follow, type AfterEnd, type FollowOptions } from '../../stream/follow.js';
import { untilNews } from '../../stream/until-news.js';
import { Seen } from '../../stream/seen.js';
import { watchForWake } from '../../runtime/wake.js';
import { cutShort, type Words } from './cut-short.js';
import { scheduleLook } from './last-look.js';
import { answeredWithin, StateRequests } from './state-requests.js';

export interface Limits {
  /** For the whole command, in milliseconds; null for none. */
  timeout: number | null;
  /** A connection silent for this long is dead, in milliseconds; null for never. */
  idleTimeout: number | null;
}

export interface UserSetting {
  /** Null where the token has to tell. */
  name: string | null;
  /** Whether somebody said so, and it may be another user than the token's own. */
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
  /** The controller's base URL, for people. */
  controller: string;
  /** Whose lab, as far as that is configured. */
  user: UserSetting;
  /** Whether the controller ends with this program, so that nothing is left to come back to. */
  demo: boolean;
  limits: Limits;
  /** The command's deadline, which has begun already. */
  deadline: Deadline;
}

export interface FollowUse {
  /** What the stream is followed for. Progress begins anew, unless something was seen of the same operation. */
  goal: Goal;
  /** See `FollowOptions.silence`. */
  silence: number | null;
  /** See `FollowOptions.afterEnd`. */
  afterEnd: AfterEnd;
  /** What was seen of the operation before. */
  seen?: Seen;
  onBytes?: (bytes: Uint8Array) => Promise<void>;
  /** What is known of the operation before anything of it is seen. */
  known?: Partial<Known>;
  /**
   * Looks at every input that is no outcome by itself, with the state after it. An outcome ends the run with it;
   * `leave` ends the following without one.
   */
  stopOn?: (input: Input, state: RunState) => Outcome | 'leave' | null;
  /** Ends the following early, beside the deadline and signals. */
  until?: AbortSignal;
}

export class Session {
  readonly context: Context;
  readonly display: Display;
  readonly backend: Backend;
  readonly redactor: Redactor;
  readonly controller: string;
  /** What was shown of the operation that is followed, however often its stream is opened. */
  operation = new Seen();
  readonly #user: UserSetting;
  readonly #demo: boolean;
  readonly #limits: Limits;
  readonly #deadline: Deadline;
  readonly #retryOptions: RetryOptions;
  readonly #states: StateRequests;
  readonly #wakeListeners = new Set<(sleptMs: number) => void>();
  readonly #unwatchWake: () => void;
  #state: RunState;
  /** When the event stream may be opened, in monotonic milliseconds. */
  #eventsAt = 0;
  /** What was seen of the stream that was followed last. */
  #followed: Seen | null = null;
  #stopTicking: () => void = () => undefined;
  #cancelLook: () => void;
  readonly #closing = new AbortController();
  /** Whose lab this is about, once that is known. */
  #subject: Subject | null = null;

  constructor(options: SessionOptions, goal: Goal) {
    const { context, display, backend, freshBackend, redactor, controller } = options;
    const { user, demo, limits, deadline } = options;
    this.context = context;
    this.display = display;
    this.backend = backend;
    this.redactor = redactor;
    this.controller = controller;
    this.#user = user;
    this.#demo = demo;
    this.#limits = limits;
    this.#deadline = deadline;
    const { clock, random } = context;
    this.#retryOptions = { clock, random, contact: { reached: false }, left: () => deadline.left() };
    const { idleTimeout } = limits;
    this.#states = new StateRequests({ backend, freshBackend, clock, idleTimeout });
    this.#unwatchWake = watchForWake(context, (sleptMs) => {
      for (const listener of this.#wakeListeners) listener(sleptMs);
    });
    this.#state = initialRun(goal, stamp(clock));
    this.#cancelLook = scheduleLook(clock, deadline, limits.timeout, () => {
      void this.#lastLook();
    });
    this.#tick();
  }

  /** Aborts on the deadline and on a signal that ends the program. */
  get signal(): AbortSignal {
    return this.#deadline.signal;
  }

  get state(): RunState {
    return this.#state;
  }

  /** Stops redrawing; the display and the deadline are the caller's. */
  close(): void {
    this.#stopTicking();
    this.#unwatchWake();
    this.#cancelLook();
    this.#closing.abort();
  }

  /** Whose lab this is about; `mayBeAnother` where the command can serve others than the token's own user. */
  async subject(mayBeAnother: boolean): Promise<Result<Subject>> {
    const { name, given } = this.#user;
    const subject = await this.backend.subject(
      { name, mayBeAnother: given && mayBeAnother },
      {
        request: (send, from) => this.ask(send, from === 'server'),
        state: async (of) => {
          const answer = await this.#untilAnswered(
            () => this.#attemptState(of, this.signal),
            () => this.#states.wait,
          );
          if (answer.ok) this.#states.keep(of.name, answer.value);
          return answer;
        },
      },
    );
    if (!subject.ok) return subject;
    if (name === null) this.trace(1, `user ${subject.value.name}: from the token`);
    this.#subject = subject.value;
    return subject;
  }

  /** The attempts at one thing, for a command that decides itself what to do between them. */
  retries(): Retry {
    return new Retry(this.#retryOptions);
  }

  /**
   * Asks once. A question without an answer for the idle timeout is taken for lost, as a silent stream is.
   * `isContact`: whether an answer shows that there is a controller.
   */
  async attempt<T>(
    question: (signal: AbortSignal) => Promise<Result<T>>,
    isContact = true,
    signal = this.signal,
  ): Promise<Result<T>> {
    const { idleTimeout } = this.#limits;
    return this.#noteAnswer(
      await answeredWithin(this.context.clock, idleTimeout, signal, question),
      isContact,
      signal,
    );
  }

  #noteAnswer<T>(answer: Result<T>, isContact: boolean, signal: AbortSignal): Result<T> {
    if (isAborted(signal)) return answer;
    if (isContact && (answer.ok || (answer.failure.from === 'server' && isFinal(answer.failure)))) {
      this.#retryOptions.contact.reached = true;
    }
    const failure = answer.ok ? null : answer.failure;
    this.#advance({ kind: 'response', from: isContact ? 'server' : 'other', failure });
    return answer;
  }

  /** Asks until there is an answer, or none can be expected. Only for what may be asked twice. */
  ask<T>(question: (signal: AbortSignal) => Promise<Result<T>>, isContact = true): Promise<Result<T>> {
    return this.#untilAnswered(() => this.attempt(question, isContact));
  }

  /** `least`: milliseconds until it can be tried again. `early`: aborts when it can be tried before its time. */
  async #untilAnswered<T>(
    attempt: () => Promise<Result<T>>,
    least = () => 0,
    early?: AbortSignal,
  ): Promise<Result<T>> {
    const retry = this.retries();
    for (;;) {
      const answer = await attempt();
      if (answer.ok || this.signal.aborted) return answer;
      const wait = retry.after(answer.failure, least());
      if (wait === null) return answer;
      await this.waitToRetry(retry, answer.failure, wait, early);
      if (isAborted(this.signal)) return answer;
    }
  }

  /** Says that something is tried again, and waits until it is time. */
  async waitToRetry(retry: Retry, { error }: Failure, ms: number, early?: AbortSignal): Promise<void> {
    this.trace(1, `retrying in ${Math.round(ms)} ms`);
    const { attempts: attempt } = retry;
    this.#show(this.#advance({ kind: 'connection', state: 'retrying', attempt, reason: error.message }));
    this.display.flush();
    const isOver = early === undefined || early.aborted;
    await sleep(this.context.clock, ms, isOver ? this.signal : AbortSignal.any([this.signal, early]));
  }

  /** The one way in which the run's state changes. */
  #advance(fact: Fact): Input {
    const input: Input = { ...stamp(this.context.clock), ...fact };
    this.#state = advance(this.#state, input);
    return input;
  }

  #show(input: Input): void {
    // A display reports retries only when they last, so that the reasons are in the trace.
    if (input.kind === 'connection' && input.state === 'retrying') {
      this.trace(1, `retrying, attempt ${input.attempt}: ${input.reason ?? 'the connection was lost'}`);
    }
    this.display.show(this.#state, input);
  }

  /** The state of the subject's lab, noted and shown; null where there is none. */
  async labState(subject: Subject): Promise<Result<Lab | null>> {
    const attempt = () => this.#attemptState(subject, this.signal);
    const { lookBegins } = this.#states;
    return this.#noteState(await this.#untilAnswered(attempt, () => this.#states.wait, lookBegins));
  }

  /** The same, asked only once, for whoever asks again anyway. */
  async lookAtLab(subject: Subject, signal: AbortSignal): Promise<Result<Lab | null>> {
    return this.#noteState(await this.#attemptState(subject, signal));
  }

  async #attemptState(subject: Subject, signal: AbortSignal): Promise<Result<Lab | null>> {
    return this.#noteAnswer(await this.#states.request(subject, signal), true, signal);
  }

  #noteState(answer: Result<Lab | null>): Result<Lab | null> {
    if (!answer.ok) return answer;
    const { value: lab } = answer;
    this.#show(this.#advance({ kind: 'lab', lab }));
    this.display.flush();
    return answer;
  }

  /** Follows the subject's events until there is an outcome, the stream gives no more, or time is up. */
  async follow(subject: Subject, { stopOn, known = {}, ...use }: FollowUse): Promise<Outcome | null> {
    const again = use.seen !== undefined && use.seen === this.#followed;
    this.#followed = use.seen ?? null;
    const { goal } = use;
    this.#advance({ kind: 'following', goal, again, known });
    let left = false;
    for await (const batch of follow(this.#followOptions(subject, use))) {
      for (const input of batch) {
        this.#state = advance(this.#state, input);
        const { outcome } = this.#state;
        const stopped = outcome === null && !left ? (stopOn?.(input, this.#state) ?? null) : null;
        if (stopped === 'leave') left = true;
        else if (stopped !== null) this.#advance({ kind: 'decided', outcome: stopped });
        if (input.kind !== 'repeated') this.#show(input);
        // What else has come counts as seen, so it has to be shown.
        if (this.#state.outcome !== null) break;
      }
      this.display.flush();
      if (left || this.#state.outcome !== null) return this.#state.outcome;
      // A reader that is slow slows the reading from the network, and nothing piles up here.
      await drained(this.context.out, this.signal);
      await drained(this.context.err, this.signal);
    }
    return null;
  }

  /**
   * Looks at the subject's events for a moment without showing any: what they and the state come to in so many
   * milliseconds, or as soon as that is an outcome or the stream ends.
   */
  async glance(subject: Subject, ms: number, use: Pick<FollowUse, 'goal' | 'known'>): Promise<RunState> {
    const limit = startDeadline(this.context.clock, ms, this.signal);
    const at = stamp(this.context.clock);
    const { goal, known = {} } = use;
    let state = advance(initialRun(goal, at), { ...at, kind: 'following', goal, again: false, known });
    const options = { goal, silence: null, afterEnd: 'stop', until: limit.signal } as const;
    for await (const batch of follow(this.#followOptions(subject, options))) {
      state = batch.reduce(advance, state);
      if (state.outcome !== null) break;
    }
    limit.cancel();
    return state;
  }

  /** Looks at the subject's queue, in silence, until there is something that was not seen; an outcome where it cannot. */
  async untilNews(subject: Subject, seen: Seen): Promise<Outcome | null> {
    this.#advance({ kind: 'polling' });
    const options = this.#followOptions(subject, { goal: 'events', silence: null, afterEnd: 'stop' });
    const failure = await untilNews({
      ...options,
      seen,
      onInput: (input) => {
        this.#state = advance(this.#state, input);
      },
    });
    return failure === null ? null : outcomeOf(failure);
  }

  /** Opens the event stream, once the controller allows it: it may have said to another follower when that is. */
  async #openEvents(subject: Subject, signal: AbortSignal): Promise<Result<EventStream>> {
    const { clock, collectBehind } = this.context;
    const { events } = this.backend.lab(subject);
    if (events === null) throw new Error('a stream is followed that nobody may read');
    const wait = this.#eventsAt - clock.monotonic();
    if (wait > 0) await sleep(clock, wait, signal);
    const answer = await events(signal);
    if (answer.ok) return { ok: true, value: collectBehind?.(answer.value) ?? answer.value };
    this.#eventsAt = clock.monotonic() + (askedWait(answer.failure) ?? 0);
    return answer;
  }

  #followOptions(subject: Subject, { until, ...use }: FollowUse): FollowOptions {
    return {
      ...use,
      source: {
        events: (signal) => this.#openEvents(subject, signal),
        state: (signal) => this.#states.request(subject, signal),
        redact: this.redactor.redact,
      },
      clock: this.context.clock,
      retry: this.#retryOptions,
      signal: until === undefined ? this.signal : AbortSignal.any([this.signal, until]),
      idleTimeout: this.#limits.idleTimeout,
      watchWake: (listener) => {
        this.#wakeListeners.add(listener);
        return () => this.#wakeListeners.delete(listener);
      },
    };
  }

  /** Explains a decision to whoever asked with -v. */
  trace(level: 1 | 2, message: string): void {
    this.context.trace(level, message);
  }

  /** Notes how the run ended, for the last drawing; the deadline does not matter any more. */
  settle(outcome: Outcome): void {
    this.#cancelLook();
    this.#advance({ kind: 'decided', outcome });
  }

  /** See the function of the same name. */
  cutShort(words: Words): Outcome {
    const unreached = this.#retryOptions.contact.reached ? null : this.controller;
    const shown = this.#demo ? demoWords : words;
    return cutShort(this.context.signal, this.#deadline, this.#state, shown, unreached);
  }

  /** The outcome of leaving the controller to what it is doing; `wayBack` says how to come back to that. */
  detached(doing: string, wayBack: string): Outcome {
    return { kind: 'detached', message: `the controller is ${doing}; ${this.#demo ? demoEnds : wayBack}` };
  }

  /** The outcome of a question that failed, unless it failed because the run was cut short. */
  failureOutcome(failure: Failure, words: Words): Outcome {
    // A refusal is one, even where the time was up before the rest of its text came.
    const refused = isFinal(failure) && !isAborted(this.context.signal);
    return this.signal.aborted && !refused ? this.cutShort(words) : outcomeOf(failure);
  }

  ending(outcome: Outcome, extra: Partial<Omit<Ending, 'outcome' | 'events' | 'lastEvent'>> = {}): Ending {
    this.settle(outcome);
    const { events, lab, lastEvent } = this.#state;
    return { outcome, events, lab: lab ?? null, lastEvent, text: [], ...extra };
  }

  async #lastLook(): Promise<void> {
    this.trace(1, 'the deadline is near: requesting the state once more, on a new connection');
    this.#advance({ kind: 'look', answer: null });
    const { name } = this.#user;
    const subject = this.#subject ?? (name === null ? null : { name, own: true });
    const signal = AbortSignal.any([this.signal, this.#closing.signal]);
    const looking = this.#states.look(subject, signal);
    for (const listener of this.#wakeListeners) listener(0);
    const answer = await looking;
    if (!signal.aborted) this.#advance({ kind: 'look', answer });
  }

  #tick(): void {
    const every = this.display.tickEvery;
    if (every === null) return;
    this.display.tick(this.#state);
    const again = (): void => {
      this.#stopTicking = this.context.clock.after(every, again);
      this.display.tick(this.#state);
    };
    this.#stopTicking = this.context.clock.after(every, again);
  }
}

const demoEnds = 'the demo ends here';
const demoWords: Words = { interrupted: `interrupted; ${demoEnds}`, timeUp: demoEnds, hint: null };
