/**
 * Garbage collection in the middle of large input. Only `main` uses it: a flag of V8 is the whole process's.
 *
 * V8 lets garbage grow to hundreds of megabytes before it looks for any, as long as the machine has them: a few
 * frames of several megabytes are enough, or a million small ones. A collection takes some milliseconds, so a stream
 * that is worth it must be megabytes long.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let gc: (() => void) | null = null;

export function collectGarbage(): void {
  gc ??= exposed();
  gc();
}

/** The collector is a global of contexts that are made after the flag is set. */
function exposed(): () => void {
  setFlagsFromString('--expose-gc');
  // By now the space for young objects has grown as far as it wins time; from here on it only takes memory.
  setFlagsFromString('--semi-space-growth-factor=1');
  const found: unknown = runInNewContext('typeof gc === "function" ? gc : null');
  return typeof found === 'function' ? (found as () => void) : () => undefined;
}
