/**
 * What every command that talks to a controller starts from: the backend, the display, the time limits.
 *
 * Owns the one loop in which inputs become state and state is shown, and the words for a run that ended
 * without an outcome of its own.
 */
import type { Context } from '../context.js';
import { stamp } from '../context.js';
import type { Backend } from '../controller/backend.js';
import { startDeadline, type Deadline } from '../deadline.js';
import type { Display, Ending } from '../display/display.js';
import type { LabState } from '../model/lab.js';
import { signalCodes, type EndingSignal, type Outcome } from '../model/outcome.js';
import { outcomeOf, type Failure, type Result } from '../model/result.js';
import { advance, initialRun, type Goal, type Input, type RunState } from '../model/run.js';
import { follow } from '../stream/follow.js';

export interface Limits {
  /** For the whole command, in milliseconds; null for none. */
  timeout: number | null;
  /** A connection silent for this long is dead, in milliseconds; null for never. */
  idleTimeout: number | null;
}

export interface SessionOptions {
  context: Context;
  display: Display;
  backend: Backend;
  /** The controller's base URL, for people. */
  controller: string;
  /** Whose lab; null where the token has to tell. */
  user: string | null;
  /** Whether there is a token. */
  hasToken: boolean;
  limits: Limits;
}

export interface FollowUse {
  goal: Goal;
  /** See `FollowOptions.quiet`. */
  quiet: number | null;
  onBytes?: (bytes: Uint8Array) => void;
  /** Ends the run on an input that the reducer would pass over. */
  stopOn?: (input: Input) => Outcome | null;
}

export class Session {
  readonly context: Context;
  readonly display: Display;
  readonly backend: Backend;
  readonly controller: string;
  readonly hasToken: boolean;
  readonly #user: string | null;
  readonly #limits: Limits;
  readonly #deadline: Deadline;
  #state: RunState;
  #stopTicking: () => void = () => undefined;

  constructor({ context, display, backend, controller, user, hasToken, limits }: SessionOptions, goal: Goal) {
    this.context = context;
    this.display = display;
    this.backend = backend;
    this.controller = controller;
    this.hasToken = hasToken;
    this.#user = user;
    this.#limits = limits;
    this.#deadline = startDeadline(context.clock, limits.timeout, context.signal);
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

  /** Releases timers; the display is the caller's. */
  close(): void {
    this.#stopTicking();
    this.#deadline.cancel();
  }

  /** Whose lab this is about: as configured, or as the token says. */
  async user(): Promise<Result<string>> {
    if (this.#user !== null) return { ok: true, value: this.#user };
    const answer = await this.backend.whoAmI(this.signal);
    if (answer.ok || answer.failure.kind === 'unauthorized') return answer;
    const { error } = answer.failure;
    return {
      ok: false,
      failure: { ...answer.failure, error: { ...error, hint: error.hint ?? 'Name the user with --user.' } },
    };
  }

  /** Follows the user's events until there is an outcome, the stream gives no more, or time is up. */
  async follow(user: string, { goal, quiet, onBytes, stopOn }: FollowUse): Promise<void> {
    this.#state = { ...this.#state, goal };
    const inputs = follow({
      source: {
        events: (signal) => this.backend.events(user, signal),
        state: (signal) => this.backend.ownState(signal),
      },
      clock: this.context.clock,
      signal: this.signal,
      idleTimeout: this.#limits.idleTimeout,
      quiet,
      onBytes,
    });
    for await (const input of inputs) {
      const next = advance(this.#state, input);
      const stopped = next.outcome === null ? (stopOn?.(input) ?? null) : null;
      this.#state = stopped === null ? next : { ...next, outcome: stopped };
      this.display.show(this.#state, input);
      if (this.#state.outcome !== null) return;
    }
  }

  /** Notes that the controller was heard outside of a stream. */
  heard(): void {
    this.#state = { ...this.#state, heard: true, lastHeardAt: this.context.clock.monotonic() };
  }

  /** Notes how the run ended, for the last drawing. */
  settle(outcome: Outcome): void {
    this.#state = { ...this.#state, outcome };
  }

  /** What a run means that was cut short: by a signal, by the deadline, or because nothing more can be known. */
  cutShort(words: { interrupted: string; hint: string | null }): Outcome {
    const { signal } = this.context;
    if (signal.aborted) return interrupted(signal.reason, words.interrupted, words.hint);
    if (this.#deadline.expired) {
      return this.#state.heard
        ? timedOut(words.hint)
        : unknown('the time is up, and nothing is known', words.hint);
    }
    return unknown(
      'the event stream was lost, and the state of the lab does not tell the outcome',
      words.hint,
    );
  }

  /** The outcome of a question that failed, unless it failed because the run was cut short. */
  failureOutcome(failure: Failure, words: { interrupted: string; hint: string | null }): Outcome {
    return this.signal.aborted ? this.cutShort(words) : outcomeOf(failure);
  }

  ending(outcome: Outcome, extra: { lab?: LabState | null; text?: string | null } = {}): Ending {
    this.settle(outcome);
    return {
      outcome,
      events: this.#state.events,
      lab: extra.lab ?? this.#state.lab ?? null,
      text: extra.text ?? null,
    };
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

function interrupted(reason: unknown, message: string, hint: string | null): Outcome {
  const signal: EndingSignal =
    typeof reason === 'string' && reason in signalCodes ? (reason as EndingSignal) : 'SIGINT';
  return {
    kind: 'interrupted',
    signal,
    message,
    error: { type: signal.toLowerCase(), message, status: null, hint },
  };
}

function timedOut(hint: string | null): Outcome {
  const message = 'the time is up; the operation goes on in the controller';
  return { kind: 'timeout', message, error: { type: 'timeout', message, status: null, hint } };
}

function unknown(message: string, hint: string | null): Outcome {
  return { kind: 'unknown', message, error: { type: 'unknown', message, status: null, hint } };
}
