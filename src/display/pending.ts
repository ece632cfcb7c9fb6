/**
 * The lines above the bar that wait for the next drawing.
 *
 * Owns the bound on them: nobody reads thousands of lines in the tenth of a second between two drawings, and a
 * terminal would take longer for them than the stream. Of a flood the last events are shown, and how many were not.
 */
import type { Event } from '../model/event.js';
import { eventLine } from './messages.js';
import type { Theme } from './theme.js';

/** So many events are shown at one drawing. */
const most = 2000;

/** A longer message, in UTF-16 units, becomes a line at once: what waits shall not be megabytes. */
const longest = 4000;

export class PendingLines {
  readonly #theme: Theme;
  #items: (string | Event)[] = [];
  #events = 0;
  #leftOut = 0;

  constructor(theme: Theme) {
    this.#theme = theme;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  addLine(line: string): void {
    this.#items.push(line);
  }

  /** An event; its line is made when it is shown. */
  addEvent(event: Event): void {
    this.#items.push(event.message.length > longest ? eventLine(event, this.#theme) : event);
    this.#events += 1;
    // Now and then, because each time costs as much as what is kept.
    if (this.#events >= 2 * most) this.#leaveOut();
  }

  /** All that waits as text, each line with its end. */
  take(): string {
    if (this.#events > most) this.#leaveOut();
    const lines = this.#items.map((item) => (typeof item === 'string' ? item : eventLine(item, this.#theme)));
    if (this.#leftOut > 0)
      lines.unshift(this.#theme.color.dim(`… ${this.#leftOut} events more, too fast to be read`));
    this.#items = [];
    this.#events = 0;
    this.#leftOut = 0;
    return lines.map((line) => `${line}\n`).join('');
  }

  /** Keeps the last events, and every line that is none. */
  #leaveOut(): void {
    let excess = this.#items.filter((item) => typeof item !== 'string').length - most;
    if (excess <= 0) return;
    this.#leftOut += excess;
    this.#items = this.#items.filter((item) => typeof item === 'string' || excess-- <= 0);
    this.#events = most;
  }
}
