/**
 * The exact bytes of a stream's body: unchanged for a pipe or a file; escaped and redacted on a terminal.
 */
import { drained, type Output } from '../runtime/context.js';
import type { Redactor } from '../model/redactor.js';
import { sanitise } from '../model/text.js';

export interface RawWriter {
  /** Writes at the reader's pace. */
  write: (bytes: Uint8Array) => Promise<void>;
  /** The body has ended: writes what was held back as a possible part of a character or of a secret. */
  end: () => void;
}

export function rawWriter(out: Output, signal: AbortSignal, redactor: Redactor): RawWriter {
  const decoder = new TextDecoder();
  const shown = redactor.inPieces();
  // Line ends are kept, so that frames are readable, and also shown as escapes.
  const show = (text: string): boolean => out.write(text.split('\n').map(sanitise).join('\\n\n'));
  return {
    async write(bytes) {
      if (out.isTTY === true) show(shown.push(decoder.decode(bytes, { stream: true })));
      else out.write(bytes);
      await drained(out, signal);
    },
    end() {
      if (out.isTTY === true) show(shown.push(decoder.decode()) + shown.end());
    },
  };
}
