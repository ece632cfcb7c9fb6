/**
 * The exact bytes of a stream's body: untouched to a pipe or a file, escaped on a terminal.
 */
import { drained, type Output } from '../context.js';
import { harmless } from './text.js';

/** A writer of body bytes to `out`, at the pace of whoever reads there. */
export function rawWriter(out: Output, signal: AbortSignal): (bytes: Uint8Array) => Promise<void> {
  const decoder = new TextDecoder();
  return async (bytes) => {
    if (out.isTTY === true) {
      const text = decoder.decode(bytes, { stream: true });
      // Line ends stay line ends, so that frames can be read, but they are shown as well.
      out.write(text.split('\n').map(harmless).join('\\n\n'));
    } else {
      out.write(bytes);
    }
    await drained(out, signal);
  };
}
