/**
 * The event stream of a run: follows it, glances at it, or waits for a new event.
 *
 * Owns the effects of a stream's inputs: state, display, and the end of following. How a stream is read, lost and
 * reopened is `stream/follow.ts`.
 */
import type { Backend, Subject } from '../../backends/backend.js';
import type { Outcome } from '../../model/outcome.js';
import {
  advance,
  initialRun,
  type Goal,
  type Input,
  type Known,
  type RunState,
} from '../../model/reducer.js';
import { askedWait, outcomeOf, type Result } from '../../model/result.js';
import type { Redact } from '../../model/redactor.js';
import { drained, stamp } from '../../runtime/context.js';
import { sleep, startDeadline } from '../../runtime/deadline.js';
import type { RetryOptions } from '../../runtime/retry.js';
import type { EventStream } from '../../stream/event-stream.js';
import { follow, type AfterEnd, type FollowOptions } from '../../stream/follow.js';
import { Seen } from '../../stream/seen.js';
import { untilNews } from '../../stream/until-news.js';
import type { Run } from './run.js';
import type { StateRequests } from './state-requests.js';

export interface FollowUse {
  /** The purpose of following. Progress starts over, unless events of the same operation were seen. */
  goal: Goal;
  /** See `FollowOptions.silence`. */
  silence: number | null;
  /** See `FollowOptions.afterEnd`. */
  afterEnd: AfterEnd;
  /** The events of the operation that were already seen. */
  seen?: Seen;
  onBytes?: (bytes: Uint8Array) => Promise<void>;
  /** What is known about the operation before its first event. */
  known?: Partial<Known>;
  /**
   * Called for every input that is not an outcome itself, with the state after it. An outcome ends the run;
   * `leave` ends the following without one.
   */
  stopOn?: (input: Input, state: RunState) => Outcome | 'leave' | null;
  /** Stops following early, in addition to the deadline and signals. */
  until?: AbortSignal;
}

export interface EventFollowerOptions {
  run: Run;
  backend: Backend;
  states: StateRequests;
  redact: Redact;
  /** Aborts on the deadline and on a signal that ends the program. */
  signal: AbortSignal;
  /** A connection silent for this long is dead, in milliseconds; null for never. */
  idleTimeout: number | null;
  /** See `Limits.isIdleTimeoutGiven`. */
  isIdleTimeoutGiven: boolean;
  retry: RetryOptions;
  /** See `FollowOptions.watchWake`. */
  watchWake: NonNullable<FollowOptions['watchWake']>;
}

export class EventFollower {
  /** What was shown of the followed operation, across all connections of its stream. */
  operation = new Seen();
  /** Whether a `complete` is held back until `release`: whether the lab really runs has to be checked. */
  holdsComplete = false;
  readonly #options: EventFollowerOptions;
  readonly #run: Run;
  readonly #signal: AbortSignal;
  /** When the event stream may be opened, in monotonic milliseconds. */
  #eventsAt = 0;
  /** What was seen of the last followed stream. */
  #followed: Seen | null = null;

  constructor(options: EventFollowerOptions) {
    this.#options = options;
    this.#run = options.run;
    this.#signal = options.signal;
  }

  /** Follows the subject's events until there is an outcome, the stream ends for good, or the deadline passes. */
  async follow(subject: Subject, { stopOn, known = {}, ...use }: FollowUse): Promise<Outcome | null> {
    const again = use.seen !== undefined && use.seen === this.#followed;
    this.#followed = use.seen ?? null;
    const { goal } = use;
    const isProvisional = this.holdsComplete && (goal === 'spawn' || goal === 'create');
    this.#run.advance({ kind: 'following', goal, again, known: { ...known, isProvisional } });
    let left = false;
    for await (const batch of follow(this.#followOptions(subject, use))) {
      for (const input of batch) {
        this.#run.take(input);
        const { outcome } = this.#run.state;
        const stopped = outcome === null && !left ? (stopOn?.(input, this.#run.state) ?? null) : null;
        if (stopped === 'leave') left = true;
        else if (stopped !== null) this.#run.advance({ kind: 'decided', outcome: stopped });
        if (input.kind !== 'repeated' && input !== this.#run.state.held) this.#run.show(input);
        // Further events of the batch count as seen, so they must be shown.
        if (this.#run.state.outcome !== null) break;
      }
      this.#run.display.flush();
      if (left || this.#run.state.outcome !== null) return this.#run.state.outcome;
      // Backpressure: a slow reader slows down reading from the network, so nothing accumulates here.
      await drained(this.#run.context.out, this.#signal);
      await drained(this.#run.context.err, this.#signal);
    }
    return null;
  }

  /** The lab is said to run, and is checked from now on: until then, that is no outcome. */
  check(): void {
    this.#run.advance({ kind: 'checking' });
  }

  /** The lab runs: shows the `complete` that was held back. Returns the outcome that follows from it; null without one. */
  release(): Outcome | null {
    const { held } = this.#run.state;
    this.#run.advance({ kind: 'confirmed' });
    if (held === null) return null;
    const { operation, event } = held;
    this.#run.show(
      this.#run.advance({ kind: 'event', event, ...(operation === undefined ? {} : { operation }) }),
    );
    this.#run.display.flush();
    return this.#run.state.outcome;
  }

  /**
   * Reads the subject's events for up to `ms` milliseconds without showing them. Returns the state of the run then, or as
   * soon as there is an outcome or the stream ends.
   */
  async glance(subject: Subject, ms: number, use: Pick<FollowUse, 'goal' | 'known'>): Promise<RunState> {
    const limit = startDeadline(this.#run.context.clock, ms, this.#signal);
    const at = stamp(this.#run.context.clock);
    const { goal, known = {} } = use;
    let state = advance(initialRun(goal, at, this.#run.state.server), {
      ...at,
      kind: 'following',
      goal,
      again: false,
      known,
    });
    const options = { goal, silence: null, afterEnd: 'stop', until: limit.signal } as const;
    for await (const batch of follow(this.#followOptions(subject, options))) {
      state = batch.reduce(advance, state);
      if (state.outcome !== null) break;
    }
    limit.cancel();
    return state;
  }

  /** Reads the subject's queue, without display, until something unseen arrives; an outcome if it cannot be read. */
  async untilNews(subject: Subject, seen: Seen): Promise<Outcome | null> {
    this.#run.advance({ kind: 'polling' });
    const options = this.#followOptions(subject, { goal: 'events', silence: null, afterEnd: 'stop' });
    const failure = await untilNews({
      ...options,
      seen,
      onInput: (input) => {
        this.#run.take(input);
      },
    });
    return failure === null ? null : outcomeOf(failure);
  }

  /** Opens the event stream as soon as the controller allows it; an earlier response may have set that time. */
  async #openEvents(subject: Subject, signal: AbortSignal): Promise<Result<EventStream>> {
    const { clock, collectBehind } = this.#run.context;
    const { events } = this.#options.backend.lab(subject);
    if (events === null) throw new Error('a stream is followed that nobody may read');
    const wait = this.#eventsAt - clock.monotonic();
    if (wait > 0) await sleep(clock, wait, signal);
    const { isIdleTimeoutGiven, idleTimeout } = this.#options;
    const result = await (isIdleTimeoutGiven ? events(signal, idleTimeout) : events(signal));
    if (result.ok) {
      const stream = isIdleTimeoutGiven ? withoutIdleTimeout(result.value) : result.value;
      return { ok: true, value: collectBehind?.(stream) ?? stream };
    }
    this.#eventsAt = clock.monotonic() + (askedWait(result.failure) ?? 0);
    return result;
  }

  #followOptions(subject: Subject, { until, ...use }: FollowUse): FollowOptions {
    const { run, states, redact, retry, idleTimeout, watchWake } = this.#options;
    return {
      ...use,
      source: {
        events: (signal) => this.#openEvents(subject, signal),
        state: (signal) => states.request(subject, signal),
        redact,
      },
      clock: run.context.clock,
      retry,
      signal: until === undefined ? this.#signal : AbortSignal.any([this.#signal, until]),
      idleTimeout,
      watchWake,
    };
  }
}

function withoutIdleTimeout({ idleTimeout: _, ...stream }: EventStream): EventStream {
  return stream;
}
