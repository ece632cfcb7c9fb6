/**
 * Follows a lab's event stream: connects, reads, watches for silence, reconnects, and has the lab's state asked.
 *
 * Owns the order in which inputs reach the reducer and the stamp they carry. The outcome comes from a
 * terminal event or from the lab's state, never from an end of stream alone (contract, "What a client must
 * survive", 2 and 3). A stream that is lost is opened again, and what it repeats is passed over.
 */
import { stamp, type Clock } from '../runtime/context.js';
import { sleep, startDeadline, type Deadline } from '../runtime/deadline.js';
import type { Decoder } from '../model/frame.js';
import type { Lab, Phase } from '../model/lab.js';
import type { Redact } from '../model/redactor.js';
import type { Failure, Result } from '../model/result.js';
import type { EventInput, Input, SkippedInput, Stamp } from '../model/reducer.js';
import { Retry, type RetryOptions } from '../runtime/retry.js';
import type { EventStream } from './event-stream.js';
import { createFrameReader, frameLimit, type FrameItem } from './frames.js';
import { inputOf } from './input.js';
import { createMailbox, type Mailbox } from './mailbox.js';
import { Renewal } from './renewal.js';
import { Seen } from './seen.js';
import { StateWatch } from './state-watch.js';

/** Where events and states come from: one user's lab at some backend. */
export interface Source {
  events(signal: AbortSignal): Promise<Result<EventStream>>;
  state(signal: AbortSignal): Promise<Result<Lab | null>>;
  /** Removes the secrets that it was given from what its stream says. */
  redact: Redact;
}

/**
 * What follows the proper end of a stream, once the state was asked: nothing more; the stream again, with
 * back-off, because there must be more; or the stream again, now and then and in silence, until there is more.
 */
export type AfterEnd = 'stop' | 'reopen' | 'poll';

export interface FollowOptions {
  source: Source;
  clock: Clock;
  retry: RetryOptions;
  /** Ends the following; the iteration then simply stops. */
  signal: AbortSignal;
  /** A connection with no byte for this long is dead, in milliseconds; null for never. */
  idleTimeout: number | null;
  /** The state is asked after this long without an event, in milliseconds; null where silence is nobody's concern. */
  quiet: number | null;
  afterEnd: AfterEnd;
  /** What was seen of the operation before; default nothing. */
  seen?: Seen | undefined;
  /** Calls back when the state should be asked at once, with about how many milliseconds the process has slept; returns the way to stop that. */
  watchWake?: ((onWake: (sleptMs: number) => void) => () => void) | undefined;
  /**
   * Sees the exact bytes of the body as they come; reading waits for it. A stream that is lost after that is not
   * opened again: two bodies are not one.
   */
  onBytes?: ((bytes: Uint8Array) => Promise<void>) | undefined;
  /** See `createFrameReader`. */
  collectGarbage?: (() => void) | undefined;
}

/** The least time between two looks at a queue that has ended, in milliseconds, and its least share of all time. */
const pollInterval = 1_000;
const pollShare = 10;

/** A stream that says nothing for this long is waiting, not sending what it has, in milliseconds. */
const stillness = 100;

/** A stream that sends something when it is this old was a success, whatever it sends, in milliseconds. */
const steady = 5_000;

/** After a long sleep, a connection has this long to show that it lives, in milliseconds. */
const wakeGrace = 2_000;

/** Everything the stream and the state say, in order, in batches. Leaving the loop closes the connection. */
export async function* follow(options: FollowOptions): AsyncGenerator<readonly Input[], void, undefined> {
  const mailbox = createMailbox<Input>();
  const closing = new AbortController();
  const stop = (): void => {
    closing.abort();
    mailbox.close();
  };
  if (options.signal.aborted) stop();
  options.signal.addEventListener('abort', stop, { once: true });

  const pump = new Pump(options, mailbox, closing.signal, stop).run().finally(() => {
    mailbox.close();
  });
  // A pump that breaks has a bug; the error surfaces below, where it is awaited, and not as an unhandled rejection.
  pump.catch(() => undefined);
  try {
    yield* mailbox;
    await pump;
  } finally {
    options.signal.removeEventListener('abort', stop);
    stop();
    await pump.catch(() => undefined);
  }
}

/** How one connection ended. */
type ConnectionEnd =
  | { kind: 'clean' }
  | { kind: 'lost'; reason: string; opened: boolean }
  /** Given up for a new one. */
  | { kind: 'renewed' }
  | { kind: 'failed'; failure: Failure };

/** Moves everything from the source into the mailbox, never holding more than one chunk's worth. */
class Pump {
  readonly #options: FollowOptions;
  readonly #mailbox: Mailbox<Input>;
  readonly #closing: AbortSignal;
  readonly #retry: Retry;
  readonly #seen: Seen;
  readonly #lab: StateWatch;
  #idle: Deadline | null = null;
  /** Whether a stream was open before, so that the next one resumes. */
  #opened = false;
  /** When the stream was opened, in monotonic milliseconds, and for how long it has had nothing to send since. */
  #openedAt = 0;
  #stillMs = 0;
  readonly #renewal: Renewal;
  #cancelJudging: () => void = () => undefined;
  #bytesShown = false;

  /** `stop` makes `closing` abort. */
  constructor(options: FollowOptions, mailbox: Mailbox<Input>, closing: AbortSignal, stop: () => void) {
    this.#options = options;
    this.#mailbox = mailbox;
    this.#closing = closing;
    this.#retry = new Retry(options.retry);
    this.#seen = options.seen ?? new Seen();
    this.#renewal = new Renewal(options.clock);
    // Silence counts from the beginning: a proxy may hold back the headers as well as the events.
    this.#lab = new StateWatch({
      question: (signal) => options.source.state(signal),
      clock: options.clock,
      quiet: options.quiet,
      signal: closing,
      onAnswer: (answer) => {
        this.#putState(answer);
      },
      onBroken: stop,
    });
  }

  async run(): Promise<void> {
    const { clock, watchWake } = this.#options;
    const unwatchWake = watchWake?.((sleptMs) => {
      this.#onWake(sleptMs);
    });
    try {
      let wait: number | null;
      do {
        const end = await this.#connection();
        if (this.#isClosing()) return;
        wait = await this.#afterwards(end);
        if (wait !== null) await sleep(clock, wait, this.#closing);
      } while (wait !== null && !this.#isClosing());
    } finally {
      unwatchWake?.();
      this.#cancelJudging();
      await this.#lab.close();
    }
  }

  /** Milliseconds until the stream is opened again; null where it is not. */
  async #afterwards(end: ConnectionEnd): Promise<number | null> {
    switch (end.kind) {
      case 'clean':
        return this.#afterCleanEnd();
      case 'renewed':
        return 0;
      case 'lost':
        return this.#afterLoss(end.reason, end.opened);
      case 'failed':
        return this.#afterFailure(end.failure);
    }
  }

  async #afterCleanEnd(): Promise<number | null> {
    const { clock, afterEnd } = this.#options;
    if (afterEnd === 'poll') {
      const readingMs = clock.monotonic() - this.#openedAt - this.#stillMs;
      return Math.max(pollInterval, pollShare * readingMs);
    }
    // A state that was asked for before the stream ended says nothing about how the operation ended.
    await this.#lab.settled();
    this.#put({ kind: 'ended', clean: true, reason: null });
    if (!(await this.#isStillWanted())) return null;
    if (afterEnd === 'reopen')
      return this.#again('the stream ended before the operation', this.#retry.next());
    while (this.#lab.unanswered !== null) {
      const failure = this.#lab.unanswered;
      const wait = this.#retry.after(failure);
      if (wait === null) {
        this.#put({ kind: 'refused', failure });
        return null;
      }
      await sleep(clock, this.#again(failure.error.message, wait), this.#closing);
      if (!(await this.#isStillWanted())) return null;
    }
    return null;
  }

  async #afterLoss(reason: string, opened: boolean): Promise<number | null> {
    if (opened) this.#put({ kind: 'connection', state: 'lost', attempt: 1, reason });
    if (this.#bytesShown) {
      this.#put({ kind: 'ended', clean: false, reason });
      return null;
    }
    // A connection that never gave an answer says as much as a refused one: the state may be had all the same.
    if (!opened && !(await this.#isStillWanted())) return null;
    return this.#again(reason, this.#retry.afterLoss());
  }

  async #afterFailure(failure: Failure): Promise<number | null> {
    const { afterEnd } = this.#options;
    const gone = failure.kind === 'not-found';
    if (gone) this.#options.retry.contact.reached = true;
    const wait = this.#retry.after(failure);
    if (gone) await this.#lab.settled();
    if (wait === null || gone) {
      this.#put({ kind: 'refused', failure });
      if (gone && afterEnd === 'poll') return pollInterval;
      if (!(await this.#isStillWanted())) return null;
      if (!gone || afterEnd === 'stop') return null;
      return this.#again(failure.error.message, this.#retry.next());
    }
    if (this.#options.retry.contact.reached && !(await this.#isStillWanted())) return null;
    return this.#again(failure.error.message, wait);
  }

  /** Asks the state, and whether the consumer wants more after that: one that knows the outcome has left. */
  async #isStillWanted(): Promise<boolean> {
    await this.#mailbox.drained();
    if (this.#isClosing()) return false;
    if (this.#options.afterEnd !== 'poll') await this.#lab.ask();
    await this.#mailbox.drained();
    return !this.#isClosing();
  }

  #again(reason: string, wait: number): number {
    this.#renewal.cancel();
    this.#put({ kind: 'connection', state: 'retrying', attempt: this.#retry.attempts, reason });
    return wait;
  }

  async #connection(): Promise<ConnectionEnd> {
    const { source, clock, idleTimeout, retry } = this.#options;
    // The watch covers the time before the headers as well: a connection is dead or it is not.
    const idle = startDeadline(clock, idleTimeout, this.#closing);
    this.#idle = idle;
    const giveUp = new AbortController();
    try {
      const opened = await source.events(AbortSignal.any([idle.signal, giveUp.signal]));
      if (opened.ok) {
        retry.contact.reached = true;
        this.#putOpen(giveUp);
        return await this.#read(opened.value, idle);
      }
      const { failure } = opened;
      // A refusal is one, even where the rest of its text did not come.
      const silent = idle.expired && !failure.reached;
      return silent
        ? { kind: 'lost', reason: silence(idleTimeout), opened: false }
        : { kind: 'failed', failure };
    } finally {
      this.#idle = null;
      this.#renewal.closed();
      idle.cancel();
    }
  }

  #putOpen(giveUp: AbortController): void {
    if (this.#isClosing()) return;
    const state = this.#opened ? 'resumed' : 'open';
    this.#opened = true;
    this.#openedAt = this.#options.clock.monotonic();
    this.#stillMs = 0;
    this.#seen.rewind();
    if (this.#renewal.opened(giveUp)) {
      this.#judge('failed');
      return;
    }
    this.#put({ kind: 'connection', state, attempt: Math.max(1, this.#retry.attempts), reason: null });
  }

  async #read({ body, decode }: EventStream, idle: Deadline): Promise<ConnectionEnd> {
    const { clock, idleTimeout, onBytes, collectGarbage } = this.#options;
    const reader = createFrameReader(frameLimit, collectGarbage);
    const iterator = body[Symbol.asyncIterator]();
    for (;;) {
      const asked = clock.monotonic();
      // A read that fails is a lost connection; whatever else fails here is a bug and stays one.
      const next = await iterator.next().catch(() => null);
      const waited = clock.monotonic() - asked;
      if (waited >= stillness) this.#stillMs += waited;
      if (next === null && this.#renewal.isDue) return { kind: 'renewed' };
      if (next === null || this.#isClosing()) {
        const reason = idle.expired ? silence(idleTimeout) : 'the connection was cut';
        return { kind: 'lost', reason, opened: true };
      }
      if (next.done === true) {
        this.#putItems(reader.end(), decode);
        return { kind: 'clean' };
      }
      if (clock.monotonic() - this.#openedAt >= steady) this.#retry.reset();
      // Whoever waits for all of this may be slow; the connection is not.
      idle.hold();
      if (onBytes !== undefined) {
        this.#bytesShown = true;
        await onBytes(next.value);
      }
      const items = reader.push(next.value);
      const { doubt, news } = this.#putItems(items, decode);
      if (!news) this.#put({ kind: 'bytes' });
      await this.#mailbox.drained();
      if (doubt) await this.#lab.ask();
      idle.touch();
    }
  }

  /** `doubt`: a `complete` among them cannot be read, so that the state must be asked. `news`: something was handed on. */
  #putItems(items: readonly FrameItem[], decode: Decoder): { doubt: boolean; news: boolean } {
    let [doubt, news] = [false, false];
    // What came in one piece came at one time.
    const at = stamp(this.#options.clock);
    for (const item of items) {
      const input = inputOf(item, at, decode, this.#options.source.redact);
      if (input.kind === 'heartbeat') {
        this.#mailbox.put(input);
        news = true;
        continue;
      }
      const judgement = this.#seen.judge(item.kind === 'frame' ? item.frame : null);
      this.#renewal.frame(judgement !== 'repeated');
      if (input.kind === 'skipped' && input.type === 'complete') doubt = true;
      if (judgement === 'repeated') {
        // Only its display is spared: whoever follows has perhaps not heard it yet, or something else had its hash.
        if (decides(input)) {
          this.#mailbox.put({ ...at, kind: 'repeated', frame: input });
          news = true;
        }
        continue;
      }
      if (judgement === 'replaced') {
        this.#put({
          kind: 'connection',
          state: 'replaced',
          attempt: Math.max(1, this.#retry.attempts),
          reason: null,
        });
      }
      this.#retry.reset();
      this.#lab.touch();
      this.#mailbox.put(input);
      news = true;
    }
    return { doubt, news };
  }

  #putState(answer: Result<Lab | null>): void {
    if (answer.ok) {
      this.#options.retry.contact.reached = true;
      const { emptyFor } = this.#renewal;
      this.#put({ kind: 'state', lab: answer.value, ...(emptyFor === null ? {} : { emptyFor }) });
      this.#judge(answer.value?.phase);
    } else if (answer.failure.kind === 'unauthorized') {
      // Anything else than a refusal says nothing about the lab, and may be better next time.
      this.#put({ kind: 'refused', failure: answer.failure });
    }
  }

  /** Weighs the state against the stream, now and when that may come out otherwise. */
  #judge(phase: Phase | undefined): void {
    const { clock, quiet } = this.#options;
    if (quiet === null) return;
    this.#cancelJudging();
    const again = this.#renewal.judge(phase);
    if (again === null) return;
    this.#cancelJudging = clock.after(again, () => {
      this.#lab.wake();
    });
  }

  #onWake(sleptMs: number): void {
    const { idleTimeout } = this.#options;
    this.#lab.wake();
    if (idleTimeout !== null && sleptMs > idleTimeout) this.#idle?.shorten(wakeGrace);
  }

  #isClosing(): boolean {
    return this.#closing.aborted;
  }

  #put(fact: Fact): void {
    this.#mailbox.put({ ...stamp(this.#options.clock), ...fact });
  }
}

/** Whether a frame says how the operation ended, or why it will. */
function decides(input: Input): input is EventInput | SkippedInput {
  if (input.kind === 'event') return input.event.type !== 'info';
  return input.kind === 'skipped' && (input.type === 'complete' || input.type === 'failed');
}

/** An input before it is stamped. */
type Fact = Input extends infer I ? (I extends Input ? Omit<I, keyof Stamp> : never) : never;

function silence(ms: number | null): string {
  return `no byte for ${(ms ?? 0) / 1000} s`;
}
