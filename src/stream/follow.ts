/**
 * Follows a lab's event stream: connects, reads, reconnects, and requests the lab's state when the stream does not say
 * enough.
 *
 * Owns the order in which inputs reach the consumer. The outcome comes from a terminal event or from the lab's state,
 * never from an end of stream alone (contract, "What a client must survive", 2 and 3). The consumer pulls: after an
 * input, nothing is read or requested until the consumer requests the next one; a consumer that knows the outcome
 * leaves the loop.
 */
import { stamp } from '../runtime/context.js';
import { sleep } from '../runtime/deadline.js';
import type { Lab, Phase } from '../model/lab.js';
import type { Failure, Result } from '../model/result.js';
import type { Fact, Input } from '../model/reducer.js';
import { Retry } from '../runtime/retry.js';
import { Arrivals, type Yielding } from './arrivals.js';
import { Connection, type ConnectionEnd } from './connection.js';
import type { EventStream } from './event-stream.js';
import type { FollowOptions } from './follow-options.js';
import { Renewal } from './renewal.js';
import { Seen } from './seen.js';
import { StateWatch } from './state-watch.js';
import { StreamReader } from './stream-reader.js';

export type { AfterEnd, FollowOptions } from './follow-options.js';

/** After so many streams that ended cleanly without an outcome, a stream of unknown replay is not reopened. */
const mostCleanEnds = 2;

/** The interval between two requests for the state without a stream, in milliseconds. */
const pollInterval = 2_000;

/** Yields the inputs from the stream and the state, in order. Leaving the loop closes the connection. */
export async function* follow(options: FollowOptions): Yielding<void> {
  yield* new Following(options).run();
}

class Following {
  readonly #options: FollowOptions;
  readonly #closing = new AbortController();
  readonly #retry: Retry;
  readonly #seen: Seen;
  readonly #renewal: Renewal;
  readonly #lab: StateWatch;
  readonly #arrivals = new Arrivals();
  #connection: Connection | null = null;
  /** Whether a stream was open before, so that the next one resumes. */
  #opened = false;
  #bytesShown = false;
  /** What the last stream repeats on a new connection. */
  #replay: EventStream['replay'] = 'whole';
  /** How many streams have ended cleanly before the operation was over. */
  #cleanEnds = 0;
  #cancelJudging: () => void = () => undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#retry = new Retry(options.retry);
    this.#seen = options.seen ?? new Seen();
    this.#renewal = new Renewal(options.clock);
    // Silence is measured from the beginning: a proxy may delay the headers as well as the events.
    this.#lab = new StateWatch({
      request: (signal) => options.source.state(signal),
      clock: options.clock,
      silence: options.silence,
      signal: this.#closing.signal,
      isBusy: () => this.#arrivals.areWaiting,
      onResult: (result) => {
        this.#onState(result);
      },
      onBroken: () => {
        this.#closing.abort();
      },
    });
  }

  async *run(): Yielding<void> {
    const { clock, signal, watchWake } = this.#options;
    const stop = (): void => {
      this.#closing.abort();
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const unwatchWake = watchWake?.((sleptMs) => {
      this.#lab.wake();
      this.#connection?.wake(sleptMs);
    });
    try {
      while (!this.#isClosing()) {
        const end = yield* this.#connect();
        if (this.#isClosing()) return;
        const wait = yield* this.#afterwards(end);
        if (wait === null) return;
        yield* this.#arrivals.during(sleep(clock, wait, this.#closing.signal));
      }
    } finally {
      stop();
      signal.removeEventListener('abort', stop);
      unwatchWake?.();
      this.#cancelJudging();
      await this.#lab.close();
    }
  }

  /** Reads one connection to its end; null if it was given up for a new one. */
  async *#connect(): Yielding<ConnectionEnd | null> {
    const { source, clock, idleTimeout, retry } = this.#options;
    const connection = new Connection({ clock, idleTimeout, signal: this.#closing.signal });
    this.#connection = connection;
    try {
      const opened = yield* this.#arrivals.during(connection.open(source));
      if (opened.kind !== 'open') return opened;
      retry.contact.reached = true;
      this.#replay = opened.stream.replay;
      const isRenewed = this.#renewal.opened(() => {
        connection.abort();
      });
      const state = this.#opened ? 'resumed' : 'open';
      this.#opened = true;
      if (isRenewed) this.#judge('failed');
      else yield [this.#connectionInput(state, Math.max(1, this.#retry.attempts))];
      return yield* this.#read(connection, opened.stream);
    } finally {
      this.#connection = null;
      this.#renewal.closed();
      await connection.close();
    }
  }

  async *#read(
    connection: Connection,
    { decode, replay, heartbeat }: EventStream,
  ): Yielding<ConnectionEnd | null> {
    const { clock, source, onBytes } = this.#options;
    const [seen, retry, { redact }] = [this.#seen, this.#retry, source];
    const reader = new StreamReader({ decode, replay, heartbeat, redact, clock, seen, retry });
    for (;;) {
      const next = yield* this.#arrivals.during(connection.next());
      const isEnd = !(next instanceof Uint8Array);
      if (isEnd && next.kind !== 'clean') return this.#renewal.isDue ? null : next;
      if (!isEnd && onBytes !== undefined) {
        this.#bytesShown = true;
        yield* this.#arrivals.during(onBytes(next));
      }
      const { inputs, frames, inDoubt } = isEnd ? reader.end() : reader.push(next);
      if (frames !== null) this.#renewal.frame(frames === 'new');
      if (frames === 'new') this.#lab.touch();
      if (inputs.length > 0) yield inputs;
      if (isEnd) return next;
      if (inDoubt) yield* this.#arrivals.during(this.#lab.request());
    }
  }

  /** Milliseconds until the stream is reopened; null if it is not reopened. */
  async *#afterwards(end: ConnectionEnd | null): Yielding<number | null> {
    switch (end?.kind) {
      case undefined:
        return 0;
      case 'clean':
        return yield* this.#afterCleanEnd();
      case 'lost':
        return yield* this.#afterLoss(end.reason, end.opened);
      case 'failed':
        return yield* this.#afterFailure(end.failure);
    }
  }

  async *#afterCleanEnd(): Yielding<number | null> {
    const { clock, afterEnd } = this.#options;
    // A state that was requested before the stream ended does not show how the operation ended.
    yield* this.#arrivals.during(this.#lab.settled());
    yield [this.#stamped({ kind: 'ended', clean: true, reason: null })];
    if (!(yield* this.#requestState())) return null;
    this.#cleanEnds += 1;
    // Such a stream ends early each time, and repeats everything in new words: the state alone is followed.
    if (afterEnd === 'reopen' && this.#replay === 'unknown' && this.#cleanEnds >= mostCleanEnds) {
      return yield* this.#poll();
    }
    if (afterEnd === 'reopen') {
      const wait = this.#retry.next();
      yield [this.#retrying('the stream ended before the operation')];
      return wait;
    }
    while (this.#lab.failure !== null) {
      const { failure } = this.#lab;
      const wait = this.#retry.after(failure);
      if (wait === null) {
        yield [this.#stamped({ kind: 'refused', failure })];
        return null;
      }
      yield [this.#retrying(failure.error.message)];
      yield* this.#arrivals.during(sleep(clock, wait, this.#closing.signal));
      if (!(yield* this.#requestState())) return null;
    }
    return null;
  }

  /** Requests the state until the consumer leaves. */
  async *#poll(): Yielding<null> {
    for (;;) {
      const { failure } = this.#lab;
      if (failure === null) this.#retry.reset();
      const wait = failure === null ? pollInterval : this.#retry.after(failure);
      if (failure !== null) {
        yield [
          wait === null ? this.#stamped({ kind: 'refused', failure }) : this.#retrying(failure.error.message),
        ];
      }
      if (wait === null) return null;
      yield* this.#arrivals.during(sleep(this.#options.clock, wait, this.#closing.signal));
      if (!(yield* this.#requestState())) return null;
    }
  }

  async *#afterLoss(reason: string, opened: boolean): Yielding<number | null> {
    if (opened) yield [this.#connectionInput('lost', 1, reason)];
    if (this.#bytesShown) {
      yield [this.#stamped({ kind: 'ended', clean: false, reason })];
      return null;
    }
    // A connection without a response is treated like a refused one: the state may still be available.
    if (!opened && !(yield* this.#requestState())) return null;
    const wait = this.#retry.afterLoss();
    yield [this.#retrying(reason)];
    return wait;
  }

  async *#afterFailure(failure: Failure): Yielding<number | null> {
    const { afterEnd, retry } = this.#options;
    const gone = failure.kind === 'not-found';
    if (gone) retry.contact.reached = true;
    let wait = this.#retry.after(failure);
    if (gone) yield* this.#arrivals.during(this.#lab.settled());
    if (wait === null || gone) {
      yield [this.#stamped({ kind: 'refused', failure })];
      if (!(yield* this.#requestState())) return null;
      if (!gone || afterEnd === 'stop') return null;
      wait = this.#retry.next();
    } else if (retry.contact.reached && !(yield* this.#requestState())) {
      return null;
    }
    yield [this.#retrying(failure.error.message)];
    return wait;
  }

  /** The input that reports that the stream will be reopened. */
  #retrying(reason: string): Input {
    this.#renewal.cancel();
    return this.#connectionInput('retrying', this.#retry.attempts, reason);
  }

  /** Requests the state, and yields it. Returns false if following has stopped in the meantime. */
  async *#requestState(): Yielding<boolean> {
    yield* this.#arrivals.during(this.#lab.request());
    return !this.#isClosing();
  }

  #onState(result: Result<Lab | null>): void {
    if (result.ok) {
      this.#options.retry.contact.reached = true;
      const { emptyFor } = this.#renewal;
      const fact = { kind: 'state', lab: result.value, ...(emptyFor === null ? {} : { emptyFor }) } as const;
      this.#arrivals.add(this.#stamped(fact));
      this.#judge(result.value?.phase);
    } else if (result.failure.kind === 'unauthorized') {
      // Only a refusal says something about the lab; any other failure may be temporary.
      this.#arrivals.add(this.#stamped({ kind: 'refused', failure: result.failure }));
    }
  }

  /** Compares the state with the stream, now and again when the result may change. */
  #judge(phase: Phase | undefined): void {
    const { clock, silence } = this.#options;
    if (silence === null) return;
    this.#cancelJudging();
    const again = this.#renewal.judge(phase);
    if (again === null) return;
    this.#cancelJudging = clock.after(again, () => {
      this.#lab.wake();
    });
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  #connectionInput(
    state: (Input & { kind: 'connection' })['state'],
    attempt: number,
    reason: string | null = null,
  ): Input {
    return this.#stamped({ kind: 'connection', state, attempt, reason });
  }

  #stamped(fact: Fact): Input {
    return { ...stamp(this.#options.clock), ...fact };
  }
}
