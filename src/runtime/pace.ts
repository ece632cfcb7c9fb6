/**
 * Keeps a distance between the beginnings of something that may be wanted at any time.
 */
import type { Clock } from './context.js';
import { sleep } from './deadline.js';

export class Pace {
  readonly #clock: Clock;
  readonly #interval: number;
  #nextAt = -Infinity;

  /** `interval` is in milliseconds. */
  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
  }

  /** How long the next turn is away, in milliseconds. */
  get wait(): number {
    return Math.max(0, this.#nextAt - this.#clock.monotonic());
  }

  /** Something begins now, out of turn; the next turn is an interval away. */
  skip(): void {
    this.#nextAt = this.#clock.monotonic() + this.#interval;
  }

  /** Resolves when it may begin, each time for one caller; or at once when the signal aborts. */
  async turn(signal: AbortSignal): Promise<void> {
    const at = Math.max(this.#clock.monotonic(), this.#nextAt);
    this.#nextAt = at + this.#interval;
    const wait = at - this.#clock.monotonic();
    if (wait > 0) await sleep(this.#clock, wait, signal);
    // A turn that nobody takes costs the others nothing, unless one of them has been promised the next already.
    if (signal.aborted && this.#nextAt === at + this.#interval) this.#nextAt = at;
  }
}

/** The lab's state is requested once in so many milliseconds at most. */
export const stateInterval = 1_000;
