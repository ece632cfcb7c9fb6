/**
 * Notices that a stream has been silent, with one timer however much comes.
 */
import type { Clock } from '../runtime/context.js';

export interface Silence {
  touch(): void;
  cancel(): void;
}

/** Calls back whenever nothing has touched it for `ms`, again and again, but never while a call is in progress. */
export function repeatWhenSilent(clock: Clock, ms: number, onSilence: () => Promise<void>): Silence {
  let touched = clock.monotonic();
  let cancelled = false;
  const check = (): void => {
    const left = touched + ms - clock.monotonic();
    if (left > 0) {
      cancelTimer = clock.after(left, check);
      return;
    }
    void onSilence().finally(() => {
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
