/**
 * Time limits as AbortSignals on the injected clock, and what heeds them.
 */
import type { Clock } from './context.js';

export interface Deadline {
  /** Aborts when the time is up or the parent aborts. */
  signal: AbortSignal;
  /** Whether it was the time that ran out, and not the parent that aborted. */
  readonly expired: boolean;
  /** Milliseconds that are left; null where there is no limit. */
  left(): number | null;
  /** Begins the time anew. Cheap: there is one timer, however often it is touched. */
  touch(): void;
  /** Lets no time pass until it is touched. */
  hold(): void;
  /** Leaves no more than so many milliseconds from now on, until it is touched again. */
  shorten(ms: number): void;
  /** Leaves no less than so many milliseconds from now on. */
  atLeast(ms: number): void;
  /** Releases the timer and the parent; the signal then never aborts. */
  cancel(): void;
}

/** A timer that comes so much too late was slept through, or the machine is busy, in milliseconds. */
const slept = 200;

/** After such a sleep, what arrived meanwhile is read before the time counts as up, in milliseconds. */
const grace = 1_000;

/** A deadline `ms` milliseconds from now, or none for null, within a parent signal. */
export function startDeadline(clock: Clock, ms: number | null, parent: AbortSignal): Deadline {
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
      // What is less than a millisecond may be what rounding has left, and too little to move a clock on.
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

/** The promise, or the signal's reason as soon as that aborts. */
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

/** Asked through a function, because an abort may come at every await. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
