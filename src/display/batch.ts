/**
 * Lines that leave together: a system call for each would cost more than the line.
 */
import type { Output } from '../context.js';

/** A line of so many characters leaves by itself: megabytes would be copied to be put together with anything. */
const large = 64 * 1024;

export class Batch {
  readonly #out: Output;
  #waiting = '';

  constructor(out: Output) {
    this.#out = out;
  }

  add(line: string): void {
    if (line.length < large) {
      this.#waiting += `${line}\n`;
      return;
    }
    this.flush();
    writeInPieces(this.#out, line);
    this.#out.write('\n');
  }

  flush(): void {
    if (this.#waiting === '') return;
    writeInPieces(this.#out, this.#waiting);
    this.#waiting = '';
  }
}

/** Megabytes in one piece would be copied once more on their way out. */
function writeInPieces(out: Output, text: string): void {
  let at = 0;
  while (at + large < text.length) {
    // No stream can write half a character.
    const end = at + large - (isHighSurrogate(text.charCodeAt(at + large - 1)) ? 1 : 0);
    out.write(text.slice(at, end));
    at = end;
  }
  out.write(text.slice(at));
}

/** The first half of a character outside the Basic Multilingual Plane. */
function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
