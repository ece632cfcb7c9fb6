/**
 * Follows a lab's event stream: connects, reads, watches for silence, asks the lab's state.
 *
 * Owns the order in which inputs reach the reducer and the stamp they carry. The outcome comes from a
 * terminal event or from the lab's state, never from an end of stream alone (contract, "What a client must
 * survive", 2 and 3), so a stream that ends is followed by one question for the state.
 */
import { stamp, type Clock } from '../context.js';
import { startDeadline, type Deadline } from '../deadline.js';
import type { LabState } from '../model/lab.js';
import type { Result } from '../model/result.js';
import type { Input, Stamp } from '../model/run.js';
import { decode } from './decode.js';
import { createFrameReader, type FrameItem } from './frames.js';
import { createMailbox, type Mailbox } from './mailbox.js';

/** Where events and states come from: one user's lab at some backend. */
export interface Source {
  events(signal: AbortSignal): Promise<Result<AsyncIterable<Uint8Array>>>;
  state(signal: AbortSignal): Promise<Result<LabState | null>>;
}

export interface FollowOptions {
  source: Source;
  clock: Clock;
  /** Ends the following; the iteration then simply stops. */
  signal: AbortSignal;
  /** A connection with no byte for this long is dead, in milliseconds; null for never. */
  idleTimeout: number | null;
  /** The state is asked after this long without an event, in milliseconds; null where silence is nobody's concern. */
  quiet: number | null;
  /** Sees the exact bytes of the body as they come; reading waits for it. */
  onBytes?: ((bytes: Uint8Array) => Promise<void>) | undefined;
}

/** Everything the stream and the state say, in order. Leaving the loop closes the connection. */
/** A question for the state is given up after this long, in milliseconds. */
const stateTimeout = 10_000;

/** Everything the stream and the state say, in order. Leaving the loop closes the connection. */
export async function* follow(options: FollowOptions): AsyncGenerator<Input, void, undefined> {
  const mailbox = createMailbox<Input>();
  const closing = new AbortController();
  const stop = (): void => {
    closing.abort();
    mailbox.close();
  };
  if (options.signal.aborted) stop();
  options.signal.addEventListener('abort', stop, { once: true });

  const pump = new Pump(options, mailbox, closing.signal).run().finally(() => {
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

/** Moves everything from the source into the mailbox, never holding more than one chunk's worth. */
class Pump {
  readonly #options: FollowOptions;
  readonly #mailbox: Mailbox<Input>;
  readonly #closing: AbortSignal;

  constructor(options: FollowOptions, mailbox: Mailbox<Input>, closing: AbortSignal) {
    this.#options = options;
    this.#mailbox = mailbox;
    this.#closing = closing;
  }

  async run(): Promise<void> {
    const { clock, quiet } = this.#options;
    // Silence counts from the beginning: a proxy may hold back the headers as well as the events.
    const silent = quiet === null ? null : repeatWhenQuiet(clock, quiet, () => this.#askState());
    try {
      await this.#connectAndRead(silent);
    } finally {
      silent?.cancel();
    }
    await this.#mailbox.drained();
    // A consumer that knows the outcome by now has left, and the question is not asked.
    await this.#askState();
  }

  async #connectAndRead(silent: Silence | null): Promise<void> {
    const { source, clock, idleTimeout } = this.#options;
    // The watch covers the time before the headers as well: a connection is dead or it is not.
    const idle = startDeadline(clock, idleTimeout, this.#closing);
    try {
      const opened = await source.events(idle.signal);
      if (this.#isClosing()) return;
      if (opened.ok) {
        this.#put({ kind: 'connection', state: 'open', attempt: 1, reason: null });
        await this.#read(opened.value, idle, silent);
      } else if (idle.expired) {
        this.#lost(silence(idleTimeout));
      } else {
        this.#put({ kind: 'refused', failure: opened.failure });
      }
    } finally {
      idle.cancel();
    }
  }

  async #read(body: AsyncIterable<Uint8Array>, idle: Deadline, silent: Silence | null): Promise<void> {
    const { idleTimeout, onBytes } = this.#options;
    const reader = createFrameReader();
    /** Whether a `complete` among them cannot be read, so that the state must be asked. */
    const putItems = (items: FrameItem[]): boolean => {
      let doubt = false;
      for (const item of items) {
        const fact = factOf(item);
        if (fact.kind === 'event') silent?.touch();
        if (fact.kind === 'skipped' && fact.type === 'complete') doubt = true;
        this.#put(fact);
      }
      return doubt;
    };
    const iterator = body[Symbol.asyncIterator]();
    for (;;) {
      // A read that fails is a lost connection; whatever else fails here is a bug and stays one.
      const next = await iterator.next().catch(() => null);
      if (this.#isClosing()) return;
      if (next === null) {
        this.#lost(idle.expired ? silence(idleTimeout) : 'the connection was cut');
        return;
      }
      if (next.done === true) {
        putItems(reader.end());
        this.#put({ kind: 'ended', clean: true, reason: null });
        return;
      }
      idle.touch();
      await onBytes?.(next.value);
      const doubt = putItems(reader.push(next.value));
      await this.#mailbox.drained();
      if (doubt) await this.#askState();
    }
  }

  #lost(reason: string): void {
    this.#put({ kind: 'connection', state: 'lost', attempt: 1, reason });
    this.#put({ kind: 'ended', clean: false, reason });
  }

  async #askState(): Promise<void> {
    if (this.#isClosing()) return;
    const { source, clock } = this.#options;
    const limit = startDeadline(clock, stateTimeout, this.#closing);
    const answer = await source.state(limit.signal);
    limit.cancel();
    if (this.#isClosing()) return;
    if (answer.ok) this.#put({ kind: 'state', lab: answer.value });
    // Anything else than a refusal says nothing about the lab, and may be better next time.
    else if (answer.failure.kind === 'unauthorized') this.#put({ kind: 'refused', failure: answer.failure });
  }

  #isClosing(): boolean {
    return this.#closing.aborted;
  }

  #put(fact: Fact): void {
    this.#mailbox.put({ ...stamp(this.#options.clock), ...fact });
  }
}

/** An input before it is stamped. */
type Fact = Input extends infer I ? (I extends Input ? Omit<I, keyof Stamp> : never) : never;

function factOf(item: FrameItem): Fact {
  switch (item.kind) {
    case 'comment':
      return { kind: 'heartbeat', comment: item.text };
    case 'oversized':
      return { kind: 'skipped', reason: `a frame above ${item.limit} bytes`, frame: null, type: null };
    case 'frame': {
      const decoded = decode(item.frame);
      switch (decoded.kind) {
        case 'event':
          return { kind: 'event', event: decoded.event };
        case 'ping':
          return { kind: 'heartbeat', comment: item.frame.data };
        case 'invalid':
          return { kind: 'skipped', reason: decoded.reason, frame: item.frame, type: decoded.type };
      }
    }
  }
}

function silence(ms: number | null): string {
  return `no byte for ${(ms ?? 0) / 1000} s`;
}

interface Silence {
  touch(): void;
  cancel(): void;
}

/** Calls back whenever nothing has touched it for `ms`, again and again, but never while a call is under way. */
function repeatWhenQuiet(clock: Clock, ms: number, onQuiet: () => Promise<void>): Silence {
  let touched = clock.monotonic();
  let cancelled = false;
  const check = (): void => {
    const left = touched + ms - clock.monotonic();
    if (left > 0) {
      cancelTimer = clock.after(left, check);
      return;
    }
    void onQuiet().finally(() => {
      touched = clock.monotonic();
      if (!cancelled) cancelTimer = clock.after(ms, check);
    });
  };
  let cancelTimer = clock.after(ms, check);
  return {
    touch() {
      touched = clock.monotonic();
    },
    cancel() {
      cancelled = true;
      cancelTimer();
    },
  };
}
