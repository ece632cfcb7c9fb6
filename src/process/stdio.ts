/**
 * stdin, stdout and stderr beyond the public interface of their streams.
 *
 * Owns the only use of their handles. If a stream has no handle, as for a file, or Node's handles have changed, that use is
 * skipped.
 */
import type { Output } from '../runtime/context.js';

/** The handle of a pipe, socket or terminal. */
interface Handle {
  setBlocking?(blocking: boolean): number;
  /** Bytes that the system has not accepted yet. */
  writeQueueSize?: number;
}

let stdin: NodeJS.ReadStream | null = null;

/** Opens stdin: Node does that when `process.stdin` is read. */
export function openStdin(): NodeJS.ReadStream {
  return (stdin ??= process.stdin);
}

/**
 * Makes the streams blocking again, for an exit that bypasses Node's own. Node makes pipes non-blocking for every process that
 * shares them: in `(lab status; cat file) | less`, `cat` would fail.
 */
export function restoreBlocking(): void {
  for (const stream of [stdin, process.stdout, process.stderr]) {
    if (stream !== null) handleOf(stream).setBlocking?.(true);
  }
}

/**
 * A measure of what is written but unread: 0 for nothing, and less with every byte that is read. Bytes of a write in progress
 * count twice.
 */
export function unread(stream: Output): number {
  return stream.destroyed ? 0 : stream.writableLength + (handleOf(stream).writeQueueSize ?? 0);
}

/** Resolves when everything is written, or nothing can be written any more. */
export function allWritten(stream: Output): Promise<void> {
  return new Promise((resolve) => {
    // A failed write calls its callback first, and then emits the error.
    stream.write('', () => setImmediate(resolve));
  });
}

/** Resolves after this many milliseconds; does not keep the event loop alive. */
export function after(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

/** The stream with some of its methods replaced. */
export function withOwn(stream: Output, own: Partial<Output>): Output {
  return new Proxy(stream, {
    get(target, key) {
      if (key in own) return own[key as keyof Output];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

function handleOf(stream: object): Handle {
  return (stream as { _handle?: Handle | null })._handle ?? {};
}
