/**
 * Pauses in the middle of a request, on the controller's clock.
 *
 * Owns the timers. A request whose pause is cancelled never continues, as if its process had died.
 */
import type { Clock } from '../../runtime/context.js';

export class Pauses {
  readonly #clock: Clock;
  readonly #speed: number;
  readonly #cancels = new Set<() => void>();

  /** `speed` divides all pauses. */
  constructor(clock: Clock, speed: number) {
    this.#clock = clock;
    this.#speed = speed;
  }

  /** Resolves after `ms` milliseconds, or never. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms / this.#speed, () => {
        this.#cancels.delete(cancel);
        resolve();
      });
      this.#cancels.add(cancel);
    });
  }

  cancel(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}
