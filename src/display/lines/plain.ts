/**
 * Progress as lines of a log: one for each event, with a timestamp and the elapsed time, and a sign of life in long
 * silences. For files, CI and simple terminals; a line is never wrapped.
 */
import type { Clock, Output } from '../../runtime/context.js';
import type { Event } from '../../model/event.js';
import type { EventInput, Input, RunState } from '../../model/reducer.js';
import { elapsed, inWords, logText } from '../../model/text.js';
import { ConnectionReports } from '../connection.js';
import { SilentDisplay } from '../display.js';
import {
  asItIs,
  eventMessage,
  lineOf,
  percentColumn,
  skippedMessage,
  warningMessage,
  type Message,
} from '../messages.js';
import type { Theme } from '../theme.js';
import { Batch } from './batch.js';

/** A silence longer than this gets a line, in milliseconds. */
const signOfLife = 30_000;

export class PlainDisplay extends SilentDisplay {
  override readonly tickEvery = 1000;
  readonly #lines: Batch;
  readonly #theme: Theme;
  readonly #clock: Clock;
  readonly #started: number;
  readonly #connection = new ConnectionReports();
  #lastLineAt: number;
  #lastEventAt: number;
  /** The last timestamp and elapsed time, and the seconds that they show: in a flood, most lines have the same. */
  #second = NaN;
  #since = NaN;
  #head = '';

  constructor(out: Output, theme: Theme, clock: Clock) {
    super();
    this.#lines = new Batch(out);
    this.#theme = theme;
    this.#clock = clock;
    this.#started = clock.monotonic();
    this.#lastLineAt = this.#started;
    this.#lastEventAt = this.#started;
  }

  override show(_state: RunState, input: Input): void {
    const news = this.#connection.report(input);
    if (news?.isWarning === true) this.warn(news.text);
    else if (news !== null) this.#message({ word: '', text: news.text, paint: asItIs });
    if (input.kind === 'event') this.#event(input);
    else if (input.kind === 'skipped') this.#message(skippedMessage(input, this.#theme));
  }

  override flush(): void {
    this.#lines.flush();
  }

  override warn(text: string): void {
    this.#message(warningMessage(text, this.#theme, 'warning:'));
    this.flush();
  }

  override note(text: string): void {
    this.#message({ word: 'note:', text: logText(text), paint: asItIs });
    this.flush();
  }

  override tick(state: RunState): void {
    const now = this.#clock.monotonic();
    if (now - this.#lastLineAt < signOfLife) return;
    const contact = state.reachable
      ? `last contact with ${state.server} ${inWords(now - state.lastContactAt)} ago`
      : `${state.server} is unreachable${state.retrying === null ? '' : `, attempt ${state.retrying}`}`;
    const text = `no event for ${inWords(now - this.#lastEventAt)}; ${contact}`;
    this.#message({ word: 'waiting:', text, paint: asItIs });
    this.flush();
  }

  #event({ event }: EventInput): void {
    this.#line(
      event.progress,
      event.type === 'info' ? logText(event.message) : lineOf(eventMessage(event, this.#theme)),
    );
    this.#lastEventAt = this.#lastLineAt;
  }

  #message(message: Message): void {
    this.#line(null, lineOf(message));
  }

  #line(progress: Event['progress'], text: string): void {
    this.#lastLineAt = this.#clock.monotonic();
    const second = Math.floor(this.#clock.now() / 1000);
    const since = Math.floor((this.#lastLineAt - this.#started) / 1000);
    if (second !== this.#second || since !== this.#since) {
      this.#second = second;
      this.#since = since;
      const timestamp = new Date(second * 1000).toISOString().replace('.000', '');
      this.#head = `${timestamp} ${elapsed(since * 1000).padStart(6)}  `;
    }
    this.#lines.add(`${this.#head}${percentColumn(progress)}  ${text}`);
  }
}
