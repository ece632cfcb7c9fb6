/**
 * Notices that the process has slept: stopped by the shell's job control, or together with the machine.
 *
 * The monotonic clock may stand still while a machine sleeps, so it is the clock on the wall that tells.
 */
import type { Clock, JobControl } from './context.js';

/** The time between two looks at the clock, in milliseconds. */
const interval = 5_000;

/** A look that comes so much too late was slept through, in milliseconds; less may be a busy machine. */
const tolerance = 2_000;

/** Calls back with about how long it slept, in milliseconds; the returned function stops that. */
export function watchForWake(
  { clock, jobs }: { clock: Clock; jobs: JobControl },
  onWake: (sleptMs: number) => void,
): () => void {
  let last = clock.now();
  const look = (): number => {
    const since = clock.now() - last;
    last = clock.now();
    return since;
  };
  const again = (): void => {
    cancel = clock.after(interval, again);
    const slept = look() - interval;
    if (slept > tolerance) onWake(slept);
  };
  let cancel = clock.after(interval, again);
  const unsubscribe = jobs.subscribe({
    resume: () => {
      onWake(look());
    },
  });
  return () => {
    cancel();
    unsubscribe();
  };
}
