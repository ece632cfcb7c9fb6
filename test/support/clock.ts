/**
 * A clock that stands still until a test moves it.
 */
import type { Clock } from '../../src/runtime/context.js';

interface Timer {
  due: number;
  callback: () => void;
}

export class FakeClock implements Clock {
  readonly #epoch: number;
  readonly #timers = new Set<Timer>();
  #elapsed = 0;

  /** `epoch` is the time at the beginning, in milliseconds since 1970. */
  constructor(epoch = Date.UTC(2026, 10, 24, 0, 42, 1, 751)) {
    this.#epoch = epoch;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  now(): number {
    return this.#epoch + this.#elapsed;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.#elapsed + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** When the next timer is due, in the clock's own milliseconds; null if none is set. */
  get nextDue(): number | null {
    let next: number | null = null;
    for (const { due } of this.#timers) if (next === null || due < next) next = due;
    return next;
  }

  /** Advances by `ms`, and runs the timers that become due, each at its time, the earlier set first. */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) {
        if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer;
      }
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.due);
      next.callback();
    }
    this.#elapsed = end;
  }
}

/** The real clock, for what really talks over the network. */
export const realClock: Clock = {
  monotonic: () => performance.now(),
  now: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};
