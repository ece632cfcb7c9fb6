/**
 * The messages above the bar that wait for the next drawing.
 *
 * Owns the limit on them: thousands of lines cannot be read in the tenth of a second between two drawings, and a
 * terminal is slower than the stream. Of a flood, the last events are shown, and the number of omitted ones.
 */
import type { Event } from '../../model/event.js';
import type { EventInput } from '../../model/reducer.js';
import { eventMessage, type Message } from '../messages.js';
import type { Theme } from '../theme.js';
import { rowsOf, type Moment } from './rows.js';

/** How many events are shown at most in one drawing, and in a second. */
const most = 2000;

/** A longer message (in UTF-16 units) is cut at once, so that pending messages never take megabytes. */
const longest = 4000;

/** More events than this at once cannot be read, so their messages are cut to this length. */
const readable = 200;

/** A message that is ready, or an event that becomes one when it is drawn. */
type Item = { message: Message; moment: Moment | null; isEvent: boolean } | EventInput;

export class PendingLines {
  readonly #theme: Theme;
  /** When the run began, in monotonic milliseconds. */
  readonly #started: number;
  #items: Item[] = [];
  #events = 0;
  #leftOut = 0;
  /** How many events may still be shown, and when that was calculated, in monotonic milliseconds. */
  #allowance = most;
  #allowanceAt: number;

  constructor(theme: Theme, started: number) {
    this.#theme = theme;
    this.#started = started;
    this.#allowanceAt = started;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** A message that is always shown; `at` is in monotonic milliseconds, and null for a message without the time. */
  add(message: Message, at: number | null, progress: Event['progress'] = null): void {
    this.#items.push({ message, moment: at === null ? null : this.#moment(at, progress), isEvent: false });
    // Reached only if nothing is drawn for long, as in the background. The last messages say how the run ended.
    if (this.#items.length >= 4 * most) this.#keepLast(2 * most);
  }

  /** Adds an event. Its line is formatted when it is drawn. */
  addEvent(input: EventInput): void {
    const { event, at } = input;
    if (event.type !== 'info') {
      // The outcome of a run and its reason are never omitted.
      this.add(eventMessage(event, this.#theme), at, event.progress);
      return;
    }
    const isLong = event.message.length > longest;
    this.#items.push(
      isLong
        ? {
            message: eventMessage(event, this.#theme),
            moment: this.#moment(at, event.progress),
            isEvent: true,
          }
        : input,
    );
    this.#events += 1;
    // Keeps about as much as the next drawing may show. Done only occasionally, because it costs as much as it keeps.
    const kept = Math.min(most, this.#allowance + most / 8);
    if (this.#events >= 2 * kept) this.#leaveOut(kept);
  }

  /** All pending messages, as text for a terminal of this width. `now` is in monotonic milliseconds. */
  take(now: number, columns: number): string {
    this.#allowance = Math.min(most, this.#allowance + Math.floor(((now - this.#allowanceAt) * most) / 1000));
    this.#allowanceAt = now;
    this.#leaveOut(this.#allowance);
    this.#allowance -= this.#events;
    const { color, symbols } = this.#theme;
    const limit = this.#events > readable ? readable : undefined;
    const text = this.#items.map((item) => this.#rows(item, columns, limit));
    if (this.#leftOut > 0) {
      const note = `${symbols.ellipsis} ${this.#leftOut} more events, too fast to read`;
      text.unshift(rowsOf(columns, { word: '', text: note, paint: color.dim }, null, this.#theme));
    }
    this.#items = [];
    this.#events = 0;
    this.#leftOut = 0;
    return text.join('');
  }

  #rows(item: Item, columns: number, limit: number | undefined): string {
    if ('message' in item) return rowsOf(columns, item.message, item.moment, this.#theme);
    const moment = this.#moment(item.at, item.event.progress);
    return rowsOf(columns, eventMessage(item.event, this.#theme, limit), moment, this.#theme);
  }

  #moment(at: number, progress: Event['progress']): Moment {
    return { elapsedMs: at - this.#started, progress };
  }

  /** Keeps the last items of any kind. */
  #keepLast(kept: number): void {
    this.#leftOut += this.#items.length - kept;
    this.#items = this.#items.slice(-kept);
    this.#events = this.#items.filter(isEvent).length;
  }

  /** Keeps the last events, and every message that is not one. */
  #leaveOut(kept: number): void {
    let excess = this.#events - kept;
    if (excess <= 0) return;
    this.#leftOut += excess;
    this.#items = this.#items.filter((item) => !isEvent(item) || excess-- <= 0);
    this.#events = kept;
  }
}

function isEvent(item: Item): boolean {
  return 'message' in item ? item.isEvent : true;
}
