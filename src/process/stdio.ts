/**
 * stdin, stdout and stderr beyond the public interface of their streams.
 *
 * Owns the only use of their handles. What is done with a handle is left out where a stream has none, as for a file,
 * or where Node's handles have changed.
 */
import type { Output } from '../context.js';

/** The handle of a pipe, socket or terminal. */
interface Handle {
  setBlocking?(blocking: boolean): number;
}

let stdin: NodeJS.ReadStream | null = null;

/** Opens stdin, which a mere look at it does. */
export function openStdin(): NodeJS.ReadStream {
  return (stdin ??= process.stdin);
}

/**
 * Makes the streams block again, for an end without Node's own way out. Node makes pipes non-blocking for every process
 * that shares them: after `(lab status; cat file) | less`, `cat` would fail.
 */
export function restoreBlocking(): void {
  for (const stream of [stdin, process.stdout, process.stderr]) {
    if (stream !== null) handleOf(stream).setBlocking?.(true);
  }
}

/** Whether something that was written has still to be read by somebody. */
export function hasUnwritten(stream: Output): boolean {
  return !stream.destroyed && stream.writableLength > 0;
}

function handleOf(stream: object): Handle {
  return (stream as { _handle?: Handle | null })._handle ?? {};
}
