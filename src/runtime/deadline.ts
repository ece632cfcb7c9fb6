/**
 * Time limits as AbortSignals on the injected clock, and functions that wait for a signal.
 */
import type { Clock } from './context.js';

export interface Deadline {
  /** Aborts when the deadline passes or the parent aborts. */
  signal: AbortSignal;
  /** Whether the deadline has passed, as opposed to an abort of the parent. */
  readonly expired: boolean;
  /** The remaining milliseconds; null if there is no limit. */
  left(): number | null;
  /** Restarts the time. Cheap: there is one timer, however often this is called. */
  touch(): void;
  /** Stops the time until the next `touch`. */
  hold(): void;
  /** Limits the remaining time to this many milliseconds, until the next `touch`. */
  shorten(ms: number): void;
  /** Extends the remaining time to at least this many milliseconds. */
  atLeast(ms: number): void;
  /** Changes the total time, counted from the last `touch`. */
  change(ms: number): void;
  /** Releases the timer and the parent; the signal then never aborts. */
  cancel(): void;
}

/** A timer this late means that the process was suspended or the machine is busy, in milliseconds. */
const slept = 200;

/** After that, how long to read what arrived meanwhile before the deadline passes, in milliseconds. */
const grace = 1_000;

/** A deadline `total` milliseconds from now, or none for null, within a parent signal. */
export function startDeadline(clock: Clock, total: number | null, parent: AbortSignal): Deadline {
  let ms = total;
  const controller = new AbortController();
  let expired = false;
  let touched = clock.monotonic();
  let held = false;
  let graced = false;
  let cancelTimer = (): void => undefined;

  const onParent = (): void => {
    controller.abort(parent.reason);
  };
  if (parent.aborted) onParent();
  parent.addEventListener('abort', onParent, { once: true });

  const rest = (): number => (ms ?? 0) - (held ? 0 : clock.monotonic() - touched);
  const arm = (left: number): void => {
    const due = clock.monotonic() + left;
    cancelTimer = clock.after(left, () => {
      // Less than a millisecond may be a rounding error, and too little for a timer.
      if (rest() >= 1) {
        arm(rest());
      } else if (clock.monotonic() - due > slept && !graced) {
        graced = true;
        arm(grace);
      } else if (!controller.signal.aborted) {
        expired = true;
        controller.abort();
      }
    });
  };
  if (ms !== null) arm(ms);

  const leave = (left: number): void => {
    touched = clock.monotonic() - (ms ?? 0) + left;
    cancelTimer();
    arm(left);
  };
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    left: () => (ms === null ? null : Math.max(0, rest())),
    touch() {
      touched = clock.monotonic();
      held = false;
      graced = false;
    },
    hold() {
      held = true;
    },
    shorten(most) {
      if (ms !== null && rest() > most && !controller.signal.aborted) leave(most);
    },
    atLeast(least) {
      if (ms !== null && rest() < least && !controller.signal.aborted) leave(least);
    },
    change(next) {
      ms = next;
      cancelTimer();
      if (!controller.signal.aborted) arm(Math.max(0, rest()));
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

/** Settles like `promise`, or rejects when the signal aborts. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    void promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}

/** A function, because TypeScript would remember the value of the property across an await. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
