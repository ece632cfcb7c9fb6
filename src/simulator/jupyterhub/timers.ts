/**
 * The Hub's timers: all times are divided by its speed, and all timers are cancelled together.
 *
 * Owns the pending timers. Unlike a promise, a callback runs at the moment when an injected clock reaches it.
 */
import type { Clock } from '../../runtime/context.js';

export class Timers {
  readonly #clock: Clock;
  readonly #speed: number;
  readonly #cancels = new Set<() => void>();

  constructor(clock: Clock, speed: number) {
    this.#clock = clock;
    this.#speed = speed;
  }

  now(): number {
    return this.#clock.now();
  }

  /** Calls back after `ms` milliseconds, immediately if that is 0; the returned function cancels it. */
  after(ms: number, callback: () => void): () => void {
    if (ms <= 0) {
      callback();
      return () => undefined;
    }
    return this.#wait(ms / this.#speed, callback);
  }

  /** The same, but not divided by the speed. */
  afterRealTime(ms: number, callback: () => void): () => void {
    return this.#wait(ms, callback);
  }

  cancelAll(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  #wait(ms: number, callback: () => void): () => void {
    const cancelTimer = this.#clock.after(ms, () => {
      this.#cancels.delete(cancel);
      callback();
    });
    const cancel = (): void => {
      this.#cancels.delete(cancel);
      cancelTimer();
    };
    this.#cancels.add(cancel);
    return cancel;
  }
}
