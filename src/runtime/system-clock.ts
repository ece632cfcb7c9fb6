/**
 * The real clock and event loop. Used by `main`, and by the library as the default.
 */
import type { Clock } from './context.js';

/** setTimeout fires at once for more than this many milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** Resolves after one turn of the event loop: everything that was ready before has run. */
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
