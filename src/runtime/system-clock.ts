/**
 * The real clock and event loop. Only `main` and the library face, where a caller brings none, use it.
 */
import type { Clock } from './context.js';

/** setTimeout fires at once above this many milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** Resolves when the event loop has come round: what was ready before has been done. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  now: () => Date.now(),
  after(ms, callback) {
    let timer: NodeJS.Timeout;
    const arm = (left: number): void => {
      timer = setTimeout(
        () => {
          if (left > longestTimer) arm(left - longestTimer);
          else callback();
        },
        Math.min(left, longestTimer),
      );
    };
    arm(ms);
    return () => {
      clearTimeout(timer);
    };
  },
};
