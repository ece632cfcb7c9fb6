/**
 * stderr for a reader that may have stopped reading.
 *
 * Owns what happens to text that is not read: a reader that has stopped delays the run only for a moment. After that the text
 * is dropped, except for its end.
 */
import type { Output } from '../runtime/context.js';
import { after, allWritten, unread, withOwn } from './stdio.js';

/** How many bytes may be unread before the run waits for the reader; at four times as many, text is dropped. */
const highWater = 1024 * 1024;

/** A reader that reads nothing for this long has stopped, in milliseconds. */
const patience = 2_000;

/** How many characters at the end of the dropped text are kept. */
const tail = 16 * 1024;

export class LossyOutput {
  readonly #stream: Output;
  #stopped = false;
  /** The end of the text that was not written. */
  #kept = '';
  #droppedLines = 0;

  constructor(stream: Output) {
    this.#stream = stream;
    stream.on('drain', () => {
      this.#stopped = false;
      this.release();
    });
  }

  /** The stream for the rest of the program. */
  asOutput(): Output {
    return withOwn(this.#stream, {
      write: (text: string) => this.#write(text),
      room: () => this.#room(),
    });
  }

  /** Writes what was kept. */
  release(): void {
    const count = this.#droppedLines;
    if (count > 0) this.#stream.write(`(${count} lines were left out because stderr was not read)\n`);
    if (this.#kept !== '') this.#stream.write(this.#kept);
    this.#droppedLines = 0;
    this.#kept = '';
  }

  #write(text: string): boolean {
    if (unread(this.#stream) > 4 * highWater) this.#stopped = true;
    if (!this.#stopped) return this.#stream.write(text);
    const all = this.#kept + text;
    const from = all.length <= tail ? 0 : all.indexOf('\n', all.length - tail) + 1;
    this.#droppedLines += all.slice(0, from).split('\n').length - 1;
    this.#kept = all.slice(from);
    return true;
  }

  /** See `Output.room`. */
  async #room(): Promise<void> {
    while (!this.#stopped && unread(this.#stream) > highWater) {
      this.#stopped = await isLeftUnread(this.#stream);
    }
  }
}

/** Waits until everything is read, or for a moment; true if nothing at all was read meanwhile. */
export async function isLeftUnread(stream: Output): Promise<boolean> {
  const before = unread(stream);
  await Promise.race([allWritten(stream), after(patience)]);
  const now = unread(stream);
  return now > 0 && now >= before;
}
