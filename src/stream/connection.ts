/**
 * One connection to an event stream, from the request to its end.
 *
 * Owns the idle timeout and how a connection is closed. Leaves reconnecting, and what the bytes mean, to its users.
 */
import type { Clock } from '../runtime/context.js';
import { isAborted, startDeadline, type Deadline } from '../runtime/deadline.js';
import { isResponse, type Failure } from '../model/result.js';
import type { EventStream } from './event-stream.js';
import type { Source } from './source.js';

export interface ConnectionOptions {
  clock: Clock;
  /** A connection without a byte for this long is considered lost, in milliseconds; null for never. */
  idleTimeout: number | null;
  /** Ends the connection. */
  signal: AbortSignal;
}

export interface Opened {
  kind: 'open';
  stream: EventStream;
}

/** Why a stream could not be opened, or cannot be read any further. */
export type Unreadable =
  /** `opened`: whether there had been a response. */
  | { kind: 'lost'; reason: string; opened: boolean }
  /** The response was not a stream, or there was none. */
  | { kind: 'failed'; failure: Failure };

/** How a connection ended; `clean` if the server ended the stream properly. */
export type ConnectionEnd = { kind: 'clean' } | Unreadable;

/** After a suspend longer than the idle timeout, a connection has this long to show that it is alive, in milliseconds. */
const wakeGrace = 2_000;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #leaving = new AbortController();
  readonly #idle: Deadline;
  /** See `ConnectionOptions.idleTimeout`; the stream may have its own. */
  #idleTimeout: number | null;
  #chunks: AsyncIterator<Uint8Array> | null = null;
  /** The operation in progress; it never rejects, except for a bug. */
  #pending: Promise<unknown> = Promise.resolve();
  /** The read that was started together with the stream, until it is taken. */
  #first: Promise<Uint8Array | ConnectionEnd> | null = null;
  #hasEnded = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { clock, idleTimeout, signal } = options;
    // The timeout also applies before the headers arrive.
    this.#idle = startDeadline(clock, idleTimeout, signal);
    this.#idleTimeout = idleTimeout;
  }

  /** Opens the stream. */
  open(source: Pick<Source, 'events'>): Promise<Opened | Unreadable> {
    const opening = this.#open(source);
    this.#pending = opening.catch(() => undefined);
    return opening;
  }

  async #open(source: Pick<Source, 'events'>): Promise<Opened | Unreadable> {
    const opened = await source.events(AbortSignal.any([this.#idle.signal, this.#leaving.signal]));
    if (opened.ok) {
      this.#chunks = opened.value.body[Symbol.asyncIterator]();
      const { idleTimeout } = opened.value;
      if (idleTimeout !== undefined) {
        this.#idleTimeout = idleTimeout;
        this.#idle.change(idleTimeout);
      }
      // Reading starts immediately: the error of a body that is aborted before it is read would be unhandled.
      this.#first = this.#read(this.#chunks);
      return isAborted(this.#options.signal) ? this.#lost(true) : { kind: 'open', stream: opened.value };
    }
    this.#hasEnded = true;
    const { failure } = opened;
    // A refusal counts as a response, even if its body is incomplete.
    return this.#idle.expired && !isResponse(failure) ? this.#lost(false) : { kind: 'failed', failure };
  }

  /** The next bytes, or how the connection ended. The time between two calls does not count as idle. */
  next(): Promise<Uint8Array | ConnectionEnd> {
    const first = this.#first;
    this.#first = null;
    if (first !== null) return first;
    if (this.#chunks === null) throw new Error('the stream is not open');
    this.#idle.touch();
    return this.#read(this.#chunks);
  }

  #read(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array | ConnectionEnd> {
    // A failed read means that the connection is lost.
    const reading = chunks.next().then(
      (next) => {
        this.#idle.hold();
        if (isAborted(this.#options.signal)) return this.#lost(true);
        if (next.done !== true) return next.value;
        this.#hasEnded = true;
        return { kind: 'clean' } as const;
      },
      () => this.#lost(true),
    );
    this.#pending = reading;
    return reading;
  }

  #lost(opened: boolean): Unreadable {
    const reason = this.#idle.expired
      ? `no byte for ${(this.#idleTimeout ?? 0) / 1000} s`
      : 'the connection was cut';
    return { kind: 'lost', reason, opened };
  }

  /**
   * The process was suspended: a connection that should have received data in the meantime must show that it is alive.
   */
  wake(sleptMs: number): void {
    if (this.#idleTimeout !== null && sleptMs > this.#idleTimeout) this.#idle.shorten(wakeGrace);
  }

  /** Closes the connection; the read in progress then fails. */
  abort(): void {
    this.#leaving.abort();
  }

  /** Closes what is still open, and resolves when nothing is in progress any more. */
  async close(): Promise<void> {
    // Not after the connection has ended: the rest of a refusal may still be read, so that its connection can be
    // reused. Must come first: once cancelled, the deadline does not forward an abort.
    if (!this.#hasEnded) this.#leaving.abort();
    this.#idle.cancel();
    await this.#pending;
  }
}
