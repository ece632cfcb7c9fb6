/**
 * stderr for a reader that may have stopped reading.
 *
 * Owns what becomes of text that it does not take: a reader that takes nothing holds up the run for a moment only, and
 * after that the text is left out, except for its end.
 */
import type { Output } from '../runtime/context.js';
import { after, allWritten, unread, withOwn } from './stdio.js';

/** The reader may be behind by about so many bytes before anything waits for it; and never by more than four times as many. */
const behind = 1024 * 1024;

/** A reader that takes nothing for this long has stopped, in milliseconds. */
const patience = 2_000;

/** So many characters of what is left out are kept. */
const tail = 16 * 1024;

export class LossyOutput {
  readonly #stream: Output;
  #stopped = false;
  /** The end of what the reader has not been sent. */
  #kept = '';
  #linesLeftOut = 0;

  constructor(stream: Output) {
    this.#stream = stream;
    stream.on('drain', () => {
      this.#stopped = false;
      this.release();
    });
  }

  /** The stream as the rest of the program sees it. */
  asOutput(): Output {
    return withOwn(this.#stream, {
      write: (text: string) => this.#write(text),
      room: () => this.#room(),
    });
  }

  /** Sends what was kept. */
  release(): void {
    const count = this.#linesLeftOut;
    if (count > 0) this.#stream.write(`(${count} lines were left out because stderr was not read)\n`);
    if (this.#kept !== '') this.#stream.write(this.#kept);
    this.#linesLeftOut = 0;
    this.#kept = '';
  }

  #write(text: string): boolean {
    if (unread(this.#stream) > 4 * behind) this.#stopped = true;
    if (!this.#stopped) return this.#stream.write(text);
    const all = this.#kept + text;
    const from = all.length <= tail ? 0 : all.indexOf('\n', all.length - tail) + 1;
    this.#linesLeftOut += all.slice(0, from).split('\n').length - 1;
    this.#kept = all.slice(from);
    return true;
  }

  /** See `Output.room`. */
  async #room(): Promise<void> {
    while (!this.#stopped && unread(this.#stream) > behind) {
      this.#stopped = await isLeftUnread(this.#stream);
    }
  }
}

/** Waits until everything was read, or for a moment; whether nothing at all was read meanwhile. */
export async function isLeftUnread(stream: Output): Promise<boolean> {
  const before = unread(stream);
  await Promise.race([allWritten(stream), after(patience)]);
  const now = unread(stream);
  return now > 0 && now >= before;
}
