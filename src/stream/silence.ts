/**
 * Detects that a stream is silent, with a single timer for any amount of data.
 */
import type { Clock } from '../runtime/context.js';

export interface Silence {
  touch(): void;
  cancel(): void;
}

/** Calls back repeatedly, each time that `ms` have passed without a touch, but never while a call is in progress. */
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
