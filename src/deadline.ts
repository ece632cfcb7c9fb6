/**
 * Time limits as AbortSignals on the injected clock.
 */
import type { Clock } from './context.js';

export interface Deadline {
  /** Aborts when the time is up or the parent aborts. */
  signal: AbortSignal;
  /** Whether it was the time that ran out, and not the parent that aborted. */
  readonly expired: boolean;
  /** Begins the time anew. Cheap: there is one timer, however often it is touched. */
  touch(): void;
  /** Releases the timer and the parent; the signal then never aborts. */
  cancel(): void;
}

/** A deadline `ms` milliseconds from now, or none for null, within a parent signal. */
export function startDeadline(clock: Clock, ms: number | null, parent: AbortSignal): Deadline {
  const controller = new AbortController();
  let expired = false;
  let touched = clock.monotonic();
  let cancelTimer = (): void => undefined;

  const onParent = (): void => {
    controller.abort(parent.reason);
  };
  if (parent.aborted) onParent();
  parent.addEventListener('abort', onParent, { once: true });

  const arm = (left: number): void => {
    cancelTimer = clock.after(left, () => {
      const rest = touched + (ms ?? 0) - clock.monotonic();
      if (rest > 0) {
        arm(rest);
      } else if (!controller.signal.aborted) {
        expired = true;
        controller.abort();
      }
    });
  };
  if (ms !== null) arm(ms);

  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    touch() {
      touched = clock.monotonic();
    },
    cancel() {
      cancelTimer();
      parent.removeEventListener('abort', onParent);
    },
  };
}

/** Resolves after `ms`, or at once when the signal aborts. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const limit = startDeadline(clock, ms, signal);
    const done = (): void => {
      limit.cancel();
      resolve();
    };
    if (limit.signal.aborted) done();
    else limit.signal.addEventListener('abort', done, { once: true });
  });
}

/** Asked through a function, because an abort may come at every await. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
