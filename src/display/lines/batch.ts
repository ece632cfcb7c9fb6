/**
 * Writes lines together, because a system call for each would cost more than the line.
 */
import type { Output } from '../../runtime/context.js';

/** A line of this many characters is written separately, because joining megabytes with other lines would copy them. */
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
    this.#out.write(line);
    this.#out.write('\n');
  }

  flush(): void {
    if (this.#waiting === '') return;
    this.#out.write(this.#waiting);
    this.#waiting = '';
  }
}
