/**
 * The one live line at the bottom of a terminal, in the shapes that ora and cli-progress write to.
 *
 * Both draw through this object, never at the same time. After every drawing the cursor returns to the
 * first column of the line: however a resize changes the text, wrapped or cut off, the next drawing then
 * begins where the old one began and erases everything below. Nothing else hides or shows the cursor. While the program
 * is in the background of the terminal, drawings are discarded.
 */
import type { Output } from '../../runtime/context.js';
import { columnsOf } from './rows.js';

/** Erases the row first: if erasing starts in the first row of the screen, tmux moves the erased text to its history. */
const eraseBelow = '\x1b[K\x1b[J';
const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';

export class LiveLine {
  readonly #out: Output;
  #hidden = false;
  #drawn = false;
  #away = false;

  constructor(out: Output) {
    this.#out = out;
  }

  get columns(): number {
    return columnsOf(this.#out);
  }

  /** Whether the program is in the background. */
  setAway(away: boolean): void {
    if (away) this.release();
    this.#away = away;
  }

  /** Hides the cursor until `release`. */
  hold(): void {
    if (this.#hidden || this.#away) return;
    this.#hidden = true;
    this.#send(hideCursor);
  }

  /** Erases the line and restores the terminal. */
  release(): void {
    this.erase();
    if (!this.#hidden) return;
    this.#hidden = false;
    this.#send(showCursor);
  }

  /** Writes at the cursor; `erase` will remove it. */
  write(text: string): boolean {
    this.#drawn = !this.#away;
    return this.#send(text);
  }

  /** Writes lines that stay, in the background too. Nothing may be drawn at that moment. */
  print(lines: string): void {
    if (lines !== '') this.#out.write(lines);
  }

  erase(): void {
    if (!this.#drawn) return;
    this.#drawn = false;
    this.#send(`\r${eraseBelow}`);
  }

  /** Returns to the first column after a drawing; see the head of this file. */
  park(): void {
    this.#send('\r');
  }

  /** Leaves the drawing on the screen permanently. */
  keep(): void {
    if (!this.#drawn) return;
    this.#drawn = false;
    this.#send('\n');
  }

  /** The line as the stream that ora writes to. */
  asStream(): NodeJS.WritableStream {
    const stream = {
      isTTY: true,
      write: (text: string) => this.write(text),
      cursorTo: () => this.#send('\r'),
      // The cursor is parked in the first column of the first row, however many rows the text takes.
      moveCursor: () => true,
      clearLine: () => this.#send(eraseBelow),
      once: () => stream,
      removeListener: () => stream,
    };
    Object.defineProperty(stream, 'columns', { get: () => this.columns });
    return stream as unknown as NodeJS.WritableStream;
  }

  /** The line as the terminal that cli-progress draws on. */
  asTerminal() {
    return {
      isTTY: () => true,
      getWidth: () => this.columns,
      write: (text: string) => this.write(text),
      newline: () => {
        this.keep();
      },
      cursorTo: () => this.#send('\r'),
      clearLine: () => this.#send(eraseBelow),
      clearRight: () => this.#send(`${eraseBelow}\r`),
      clearBottom: () => this.#send(eraseBelow),
      // The cursor is in the first column already; only `hold` and `release` hide and show it; and the bar is never as
      // wide as the terminal, so that lines may wrap.
      cursorRelativeReset: () => undefined,
      cursor: () => undefined,
      lineWrapping: () => undefined,
    };
  }

  #send(text: string): boolean {
    return this.#away || this.#out.write(text);
  }
}
