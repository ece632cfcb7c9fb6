/**
 * Detects that the process was suspended: by the shell's job control, or together with the machine.
 *
 * The monotonic clock may stop while a machine sleeps, so this uses the wall clock.
 */
import type { Clock, JobControl } from './context.js';

/** The time between two checks, in milliseconds. */
const interval = 5_000;

/** A check this late means that the process was suspended, in milliseconds; less may be a busy machine. */
const tolerance = 2_000;

/** Calls back with about how long the process was suspended, in milliseconds; the returned function stops that. */
export function watchForWake(
  { clock, jobs }: { clock: Clock; jobs: JobControl },
  onWake: (sleptMs: number) => void,
): () => void {
  let last = clock.now();
  const sinceLast = (): number => {
    const since = clock.now() - last;
    last = clock.now();
    return since;
  };
  const check = (): void => {
    cancel = clock.after(interval, check);
    const slept = sinceLast() - interval;
    if (slept > tolerance) onWake(slept);
  };
  let cancel = clock.after(interval, check);
  const unsubscribe = jobs.subscribe({
    resume: () => {
      onWake(sinceLast());
    },
  });
  return () => {
    cancel();
    unsubscribe();
  };
}
