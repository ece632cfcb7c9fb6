/**
 * What every command that talks to a controller starts from: the backend, the display, the time limits.
 *
 * Owns the one loop in which inputs become state and state is shown, and the words for a run that ended
 * without an outcome of its own.
 */
import type { Context } from '../context.js';
import { drained, stamp, type EndReason } from '../context.js';
import type { Backend } from '../controller/backend.js';
import type { Deadline } from '../deadline.js';
import type { Display, Ending } from '../display/display.js';
import type { LabState } from '../model/lab.js';
import { bug, outputFailed, type Outcome } from '../model/outcome.js';
import { OutputError } from '../model/output-error.js';
import { outcomeOf, type Failure, type Result } from '../model/result.js';
import { advance, initialRun, type Goal, type Input, type RunState } from '../model/run.js';
import { follow } from '../stream/follow.js';

export interface Limits {
  /** For the whole command, in milliseconds; null for none. */
  timeout: number | null;
  /** A connection silent for this long is dead, in milliseconds; null for never. */
  idleTimeout: number | null;
}

/** Whose lab, as far as that is configured. */
export interface UserSetting {
  /** Null where the token has to tell. */
  name: string | null;
  /** Whether somebody said so, and it may be another user than the token's own. */
  given: boolean;
  /** Behind the ingress, whoever is named is the user. */
  direct: boolean;
}

export interface SessionOptions {
  context: Context;
  display: Display;
  backend: Backend;
  /** The controller's base URL, for people. */
  controller: string;
  user: UserSetting;
  /** Whether there is a token. */
  hasToken: boolean;
  limits: Limits;
  /** The command's deadline, which has begun already. */
  deadline: Deadline;
}

export interface FollowUse {
  /** What the stream is followed for; an operation of its own, so that progress begins anew. */
  goal: Goal;
  /** See `FollowOptions.quiet`. */
  quiet: number | null;
  onBytes?: (bytes: Uint8Array) => Promise<void>;
  /** Ends the run on an input that the reducer would pass over. */
  stopOn?: (input: Input) => Outcome | null;
  /** Ends the following early, beside the deadline and signals. */
  until?: AbortSignal;
}

/** Whose lab a command is about, and whether that is the token's own user. */
export interface Subject {
  name: string;
  own: boolean;
}

export class Session {
  readonly context: Context;
  readonly display: Display;
  readonly backend: Backend;
  readonly controller: string;
  readonly hasToken: boolean;
  readonly #user: UserSetting;
  readonly #limits: Limits;
  readonly #deadline: Deadline;
  #state: RunState;
  #stopTicking: () => void = () => undefined;

  constructor(
    { context, display, backend, controller, user, hasToken, limits, deadline }: SessionOptions,
    goal: Goal,
  ) {
    this.context = context;
    this.display = display;
    this.backend = backend;
    this.controller = controller;
    this.hasToken = hasToken;
    this.#user = user;
    this.#limits = limits;
    this.#deadline = deadline;
    this.#state = initialRun(goal, stamp(context.clock));
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
  }

  /**
   * Whose lab this is about: as configured, or as the token says. Who the token's own user is, is asked only
   * where another user may be meant.
   */
  async subject(mayBeAnother: boolean): Promise<Result<Subject>> {
    const { name, given, direct } = this.#user;
    if (name !== null && (direct || !given || !mayBeAnother)) return { ok: true, value: { name, own: true } };
    const answer = await this.backend.whoAmI(this.signal);
    if (answer.ok)
      return { ok: true, value: { name: name ?? answer.value, own: name === null || name === answer.value } };
    if (answer.failure.error.status === 404 && name !== null) return { ok: true, value: { name, own: true } };
    // Not every installation has this route; whoever names the user does not need it.
    if (name !== null || answer.failure.kind !== 'unknown' || answer.failure.error.status === null)
      return answer;
    const { error: asked } = answer.failure;
    const error = {
      ...asked,
      hint: `${asked.hint ?? ''} If so, name the user with --user or LAB_USER.`.trim(),
    };
    return { ok: false, failure: { ...answer.failure, error } };
  }

  /** The state of the subject's lab, noted and shown; null where there is none. */
  async labState({ name, own }: Subject, signal = this.signal): Promise<Result<LabState | null>> {
    const answer = await (own ? this.backend.ownState(signal) : this.backend.stateOf(name, signal));
    if (!answer.ok) return answer;
    const { value: lab } = answer;
    this.#state = { ...this.#state, heard: true, lab };
    this.display.show(this.#state, { ...stamp(this.context.clock), kind: 'state', lab });
    return answer;
  }

  /** Follows the subject's events until there is an outcome, the stream gives no more, or time is up. */
  async follow(
    subject: Subject,
    { goal, quiet, onBytes, stopOn, until }: FollowUse,
  ): Promise<Outcome | null> {
    this.#state = {
      ...initialRun(goal, this.#state.started),
      events: this.#state.events,
      heard: this.#state.heard,
    };
    const { name, own } = subject;
    const inputs = follow({
      source: {
        events: (signal) => this.backend.events(name, signal),
        state: (signal) => (own ? this.backend.ownState(signal) : this.backend.stateOf(name, signal)),
      },
      clock: this.context.clock,
      signal: until === undefined ? this.signal : AbortSignal.any([this.signal, until]),
      idleTimeout: this.#limits.idleTimeout,
      quiet,
      onBytes,
    });
    for await (const input of inputs) {
      const next = advance(this.#state, input);
      const stopped = next.outcome === null ? (stopOn?.(input) ?? null) : null;
      this.#state = stopped === null ? next : { ...next, outcome: stopped };
      this.display.show(this.#state, input);
      if (this.#state.outcome !== null) return this.#state.outcome;
      // A reader that is slow slows the reading from the network, and nothing piles up here.
      await drained(this.context.out, this.signal);
      await drained(this.context.err, this.signal);
    }
    return null;
  }

  /** Explains a decision to whoever asked with -v. */
  trace(level: 1 | 2, message: string): void {
    this.context.trace(level, message);
  }

  /** Notes that the controller was heard outside of a stream. */
  heard(): void {
    this.#state = { ...this.#state, heard: true, lastHeardAt: this.context.clock.monotonic() };
  }

  /** Notes how the run ended, for the last drawing. */
  settle(outcome: Outcome): void {
    this.#state = { ...this.#state, outcome };
  }

  /** See the function of the same name. */
  cutShort(words: Words): Outcome {
    return cutShort(this.context.signal, this.#deadline, this.#state, words);
  }

  /** The outcome of a question that failed, unless it failed because the run was cut short. */
  failureOutcome(failure: Failure, words: Words): Outcome {
    return this.signal.aborted ? this.cutShort(words) : outcomeOf(failure);
  }

  ending(outcome: Outcome, extra: Partial<Omit<Ending, 'outcome' | 'events'>> = {}): Ending {
    this.settle(outcome);
    const { events, lab } = this.#state;
    return { outcome, events, lab: lab ?? null, text: [], ...extra };
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

/** What to say when a run is cut short. */
export interface Words {
  interrupted: string;
  hint: string | null;
}

/**
 * What a run means that ended without an outcome of its own: because it had to, because the time was up, or
 * because nothing more can be known.
 */
export function cutShort(
  signal: AbortSignal,
  deadline: Deadline,
  { heard, trouble }: Pick<RunState, 'heard' | 'trouble'>,
  words: Words,
): Outcome {
  const { interrupted, hint } = words;
  if (signal.aborted) {
    const reason = signal.reason as EndReason;
    if (typeof reason === 'string') {
      return { kind: 'interrupted', signal: reason, ...saying(reason.toLowerCase(), interrupted, hint) };
    }
    return reason instanceof OutputError ? outputFailed(reason.message) : bug(reason);
  }
  if (!deadline.expired) {
    const error = trouble ?? saying('lost', 'the event stream ended without an outcome', null).error;
    return { kind: 'unknown', message: error.message, error: { ...error, hint: error.hint ?? hint } };
  }
  return heard
    ? {
        kind: 'timeout',
        ...saying('timeout', 'the time is up; the operation goes on in the controller', hint),
      }
    : { kind: 'unknown', ...saying('timeout', 'the time is up, and nothing is known', hint) };
}

function saying(type: string, message: string, hint: string | null) {
  return { message, error: { type, message, status: null, hint } };
}
