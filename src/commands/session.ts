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
  /** The command's deadline, which has begun already. */
  deadline: Deadline;
}

export interface FollowUse {
  /** See `FollowOptions.quiet`. */
  quiet: number | null;
  onBytes?: (bytes: Uint8Array) => Promise<void>;
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

  /** Whose lab this is about: as configured, or as the token says. */
  async user(): Promise<Result<string>> {
    if (this.#user !== null) return { ok: true, value: this.#user };
    const answer = await this.backend.whoAmI(this.signal);
    // Not every installation has this route; whoever names the user does not need it.
    if (answer.ok || answer.failure.kind !== 'unknown' || answer.failure.error.status === null) return answer;
    const { error: asked } = answer.failure;
    const error = {
      ...asked,
      hint: `${asked.hint ?? ''} If so, name the user with --user or LAB_USER.`.trim(),
    };
    return { ok: false, failure: { ...answer.failure, error } };
  }

  /** Follows the user's events until there is an outcome, the stream gives no more, or time is up. */
  async follow(user: string, { quiet, onBytes, stopOn }: FollowUse): Promise<void> {
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
      // A reader that is slow slows the reading from the network, and nothing piles up here.
      await drained(this.context.out, this.signal);
      await drained(this.context.err, this.signal);
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

  /** See the function of the same name. */
  cutShort(words: Words): Outcome {
    return cutShort(this.context.signal, this.#deadline, this.#state, words);
  }

  /** The outcome of a question that failed, unless it failed because the run was cut short. */
  failureOutcome(failure: Failure, words: Words): Outcome {
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
