/**
 * Whether and when to retry a failed request.
 *
 * Owns the back-off, `Retry-After`, and the difference between a controller that was never reached and one that was lost.
 * Does not send or wait itself.
 */
import type { Clock } from './context.js';
import { askedWait, isAway, isFinal, type Failure } from '../model/result.js';

/** Whether the controller has responded in this run: if so, it may come back; if not, the address is probably wrong. */
export interface Contact {
  reached: boolean;
}

export interface RetryOptions {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  contact: Contact;
  /** Milliseconds until the deadline; null for none. */
  left: () => number | null;
}

/** The longest wait after the first failure, in milliseconds; it doubles with each one that follows. */
const firstWait = 500;
const longestWait = 15_000;

/** How long to keep trying a controller that has never responded, in milliseconds. */
const patience = 5_000;

/** The attempts at one request, or at keeping one stream open. */
export class Retry {
  readonly #options: RetryOptions;
  #attempts = 0;
  /** When the controller began to be unreachable; null once it has responded. */
  #absentSince: number | null;

  constructor(options: RetryOptions) {
    this.#options = options;
    this.#absentSince = options.clock.monotonic();
  }

  /** Failures since the last success. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Restarts the back-off after a success. */
  reset(): void {
    this.#attempts = 0;
  }

  /** Milliseconds to wait: exponential back-off with full jitter. */
  next(): number {
    const most = Math.min(longestWait, firstWait * 2 ** this.#attempts);
    this.#attempts += 1;
    return this.#options.random() * most;
  }

  /** Milliseconds to wait after a connection was lost. */
  afterLoss(): number {
    this.#absentSince = null;
    return this.next();
  }

  /** Milliseconds to wait after this failure; null if it is final. `least`: no retry is possible before that. */
  after(failure: Failure, least = 0): number | null {
    const { clock, contact, left } = this.#options;
    const now = clock.monotonic();
    if (isFinal(failure)) return null;
    if (isAway(failure)) contact.reached = true;
    const { from, effect } = failure;
    if (from === 'server' || effect === 'possible' || contact.reached) this.#absentSince = null;
    else if (from === 'other' || now - (this.#absentSince ??= now) >= patience) return null;
    if (typeof failure.retry === 'object' && 'everyMs' in failure.retry) {
      // Half of it more or less, so that many clients do not come at the same time.
      return Math.max(least, failure.retry.everyMs * (0.5 + this.#options.random()));
    }
    const absence = this.#absentSince === null ? Infinity : patience - (now - this.#absentSince);
    if (least > absence) return null;
    const wait = Math.max(least, Math.min(this.next(), absence));
    const asked = askedWait(failure);
    if (asked === null) return wait;
    const rest = left();
    return rest !== null && asked > rest ? null : Math.max(wait, asked);
  }
}
