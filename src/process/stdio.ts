/**
 * stdin, stdout and stderr beyond the public interface of their streams.
 *
 * Owns the only use of their handles. What is done with a handle is left out where a stream has none, as for a file,
 * or where Node's handles have changed.
 */
import type { Output } from '../runtime/context.js';

/** The handle of a pipe, socket or terminal. */
interface Handle {
  setBlocking?(blocking: boolean): number;
  /** Bytes that the system has not taken yet. */
  writeQueueSize?: number;
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

/**
 * A measure of what was written and not read: 0 for nothing, and with every byte that a reader takes it is less. What
 * the system is being given counts twice.
 */
export function unread(stream: Output): number {
  return stream.destroyed ? 0 : stream.writableLength + (handleOf(stream).writeQueueSize ?? 0);
}

/** Resolves when everything has been written, or nothing can be any more. */
export function allWritten(stream: Output): Promise<void> {
  return new Promise((resolve) => {
    // A write that fails says so to its callback first, and then to everybody.
    stream.write('', () => setImmediate(resolve));
  });
}

/** Resolves after so many milliseconds; nothing is kept alive for that. */
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
