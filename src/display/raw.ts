/**
 * The exact bytes of a stream's body: untouched to a pipe or a file, escaped on a terminal.
 */
import type { Output } from '../context.js';
import { harmless } from './text.js';

/** A writer of body bytes to `out`. */
export function rawWriter(out: Output): (bytes: Uint8Array) => void {
  if (out.isTTY !== true) return (bytes) => out.write(bytes);
  const decoder = new TextDecoder();
  return (bytes) => {
    const text = decoder.decode(bytes, { stream: true });
    // Line ends stay line ends, so that frames can be read, but they are shown as well.
    out.write(text.split('\n').map(harmless).join('\\n\n'));
  };
}
