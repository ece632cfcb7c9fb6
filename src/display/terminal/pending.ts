/**
 * The lines above the bar that wait for the next drawing.
 *
 * Owns the bound on them: nobody reads thousands of lines in the tenth of a second between two drawings, and a
 * terminal would take longer for them than the stream. Of a flood the last events are shown, and how many were not.
 */
import type { Event } from '../../model/event.js';
import { eventLine } from '../messages.js';
import type { Theme } from '../theme.js';

/** So many events are shown at one drawing, and in a second. */
const most = 2000;

/** A longer message, in UTF-16 units, becomes a line at once: what waits shall not be megabytes. */
const longest = 4000;

/** A line, which may be an event's; or an event that is still to become one. */
type Item = { line: string; isEvent: boolean } | Event;

export class PendingLines {
  readonly #theme: Theme;
  #items: Item[] = [];
  #events = 0;
  #leftOut = 0;
  /** How many events may still be shown, and since when it is reckoned, in monotonic milliseconds. */
  #allowance = most;
  #reckonedAt: number;

  constructor(theme: Theme, now: number) {
    this.#theme = theme;
    this.#reckonedAt = now;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  addLine(line: string): void {
    this.#items.push({ line, isEvent: false });
    // Only where nothing is drawn for long, as in the background, are there ever so many. The last ones say how it ended.
    if (this.#items.length >= 4 * most) this.#keepLast(2 * most);
  }

  /** An event; its line is made when it is shown. */
  addEvent(event: Event): void {
    if (event.type !== 'info') {
      // How it ends, and why, is never too much.
      this.addLine(eventLine(event, this.#theme));
      return;
    }
    const isLong = event.message.length > longest;
    this.#items.push(isLong ? { line: eventLine(event, this.#theme), isEvent: true } : event);
    this.#events += 1;
    // What may be shown by the next drawing, or not much more. Now and then, because each time costs as much as what is kept.
    const kept = Math.min(most, this.#allowance + most / 8);
    if (this.#events >= 2 * kept) this.#leaveOut(kept);
  }

  /** All that waits as text, each line with its end. `now` is in monotonic milliseconds. */
  take(now: number): string {
    this.#allowance = Math.min(most, this.#allowance + Math.floor(((now - this.#reckonedAt) * most) / 1000));
    this.#reckonedAt = now;
    this.#leaveOut(this.#allowance);
    this.#allowance -= this.#events;
    const lines = this.#items.map((item) => ('line' in item ? item.line : eventLine(item, this.#theme)));
    if (this.#leftOut > 0)
      lines.unshift(
        this.#theme.color.dim(
          `${this.#theme.symbols.ellipsis} ${this.#leftOut} events more, too fast to be read`,
        ),
      );
    this.#items = [];
    this.#events = 0;
    this.#leftOut = 0;
    return lines.map((line) => `${line}\n`).join('');
  }

  /** Keeps the last items, whatever they are. */
  #keepLast(kept: number): void {
    this.#leftOut += this.#items.length - kept;
    this.#items = this.#items.slice(-kept);
    this.#events = this.#items.filter((item) => !('line' in item) || item.isEvent).length;
  }

  /** Keeps the last events, and every line that is none. */
  #leaveOut(kept: number): void {
    let excess = this.#events - kept;
    if (excess <= 0) return;
    this.#leftOut += excess;
    this.#items = this.#items.filter((item) => ('line' in item && !item.isEvent) || excess-- <= 0);
    this.#events = kept;
  }
}
