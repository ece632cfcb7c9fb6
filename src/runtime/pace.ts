/**
 * Limits how often something starts, however often it is wanted.
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

  /** How long until the next turn, in milliseconds. */
  get wait(): number {
    return Math.max(0, this.#nextAt - this.#clock.monotonic());
  }

  /** Counts a start out of turn: the next turn is one interval from now. */
  skip(): void {
    this.#nextAt = this.#clock.monotonic() + this.#interval;
  }

  /** Resolves when it is this caller's turn, or at once when the signal aborts. */
  async turn(signal: AbortSignal): Promise<void> {
    const at = Math.max(this.#clock.monotonic(), this.#nextAt);
    this.#nextAt = at + this.#interval;
    const wait = at - this.#clock.monotonic();
    if (wait > 0) await sleep(this.#clock, wait, signal);
    // A turn that is not used is free again, unless another caller already waits for the next one.
    if (signal.aborted && this.#nextAt === at + this.#interval) this.#nextAt = at;
  }
}

/** The shortest time between two requests for the lab's state, in milliseconds. */
export const stateInterval = 1_000;
