/**
 * The signals of this process: which end the run, which stop the process, and who is notified first.
 *
 * The first signal ends the run in the usual way, a second one ends the process at once, unless a handler takes them all.
 */
import type { EndReason, JobControl, PassedSignal } from '../runtime/context.js';
import { watchForeground } from './foreground.js';
import { watchKeys } from './keys.js';
import { dieOf, exitNow } from './leave.js';
import { signalCodes } from '../model/outcome.js';

type Suspender = Parameters<JobControl['subscribe']>[0];
type Taker = (signal: PassedSignal) => void;

/** The signals that end a run. */
const ending = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;
type Ending = (typeof ending)[number];

export interface Signals {
  jobs: JobControl;
  /** Restores the terminal before the process ends at once. */
  quit(): void;
}

/** Handles every signal from now on. `abort` ends the run. */
export function watchSignals(abort: AbortController): Signals {
  const foreground = watchForeground(process.platform);
  const suspenders = new Set<Suspender>();
  const takers = new Set<Taker>();
  const suspend = (): void => {
    for (const each of suspenders) each.suspend?.();
  };
  const resume = (): void => {
    foreground.refresh();
    for (const each of suspenders) each.resume?.();
  };
  const quit = (): void => {
    for (const each of suspenders) {
      each.suspend?.();
      each.quit?.();
    }
  };
  const stop = (): void => {
    suspend();
    // The default action, not SIGSTOP: if there is no shell that could continue this process, the system does not stop it,
    // and it continues at once.
    process.off('SIGTSTP', stop);
    process.kill(process.pid, 'SIGTSTP');
    setImmediate(() => {
      process.on('SIGTSTP', stop);
      resume();
    });
  };
  const onSignal = (signal: Ending | 'SIGTSTP'): void => {
    if (signal === 'SIGTSTP') {
      stop();
    } else if (takers.size > 0) {
      for (const take of takers) take(signal);
    } else if (abort.signal.aborted) {
      quit();
      // The process ends by the signal that is in the result, if that was printed.
      endBy(abort.signal.reason as EndReason, signal);
    } else {
      abort.abort(signal satisfies EndReason);
    }
  };
  for (const signal of ending) {
    process.on(signal, () => {
      onSignal(signal);
    });
  }
  process.on('SIGTSTP', stop);
  process.on('SIGCONT', resume);
  // Ctrl-\\ has its default action, a core dump, but the cursor is shown again first.
  const dump = (): void => {
    for (const take of takers) take('SIGQUIT');
    if (takers.size > 0) return;
    quit();
    dieOf('SIGQUIT');
  };
  process.on('SIGQUIT', dump);
  const jobs: JobControl = {
    subscribe(handlers) {
      suspenders.add(handlers);
      return () => suspenders.delete(handlers);
    },
    isInForeground: () => foreground.isIn(),
    watchKeys: () => watchKeys(onSignal, foreground),
    takeSignals(handler) {
      takers.add(handler);
      return () => takers.delete(handler);
    },
  };
  return { jobs, quit };
}

/** Whether a run that ended for this reason ends the process by a signal. */
export function isEndingSignal(reason: EndReason | undefined): reason is Ending {
  return ending.some((signal) => signal === reason);
}

function endBy(reason: EndReason, second: Ending): void {
  if (reason === 'SIGPIPE') exitNow(signalCodes.SIGPIPE);
  dieOf(isEndingSignal(reason) ? reason : second);
}
