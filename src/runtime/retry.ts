/**
 * When a question that got no good answer is asked again, and when that is no use.
 *
 * Owns the back-off, `Retry-After`, and the difference between a controller that was never reached and one that was
 * lost. Sends nothing and waits for nothing itself.
 */
import type { Clock } from './context.js';
import { askedWait, isAway, isFinal, type Failure } from '../model/result.js';

/** Whether the controller has answered in this run. What was lost may come back; what never was there will hardly. */
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

/** So long a controller that has never answered is looked for, in milliseconds. */
const patience = 5_000;

/** The attempts at one thing: a stream that should stay open, or a question that should be answered. */
export class Retry {
  readonly #options: RetryOptions;
  #attempts = 0;
  /** Since when nothing at all was found where the controller should be. */
  #absentSince: number | null;

  constructor(options: RetryOptions) {
    this.#options = options;
    this.#absentSince = options.clock.monotonic();
  }

  /** Failures since the last success. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Something came of it: the back-off begins anew. */
  reset(): void {
    this.#attempts = 0;
  }

  /** Milliseconds to wait: exponential back-off with full jitter. */
  next(): number {
    const most = Math.min(longestWait, firstWait * 2 ** this.#attempts);
    this.#attempts += 1;
    return this.#options.random() * most;
  }

  /** Milliseconds to wait after a connection that was there fell silent or broke. */
  afterLoss(): number {
    this.#absentSince = null;
    return this.next();
  }

  /** Milliseconds to wait after this failure, or null where it is final. `least`: it cannot be tried again before that. */
  after(failure: Failure, least = 0): number | null {
    const { clock, contact, left } = this.#options;
    const now = clock.monotonic();
    if (isFinal(failure)) return null;
    if (isAway(failure)) contact.reached = true;
    const { from, effect } = failure;
    if (from === 'server' || effect === 'possible' || contact.reached) this.#absentSince = null;
    else if (from === 'other' || now - (this.#absentSince ??= now) >= patience) return null;
    const absence = this.#absentSince === null ? Infinity : patience - (now - this.#absentSince);
    if (least > absence) return null;
    const wait = Math.max(least, Math.min(this.next(), absence));
    const asked = askedWait(failure);
    if (asked === null) return wait;
    const rest = left();
    return rest !== null && asked > rest ? null : Math.max(wait, asked);
  }
}
