/**
 * Progress as lines: one for each event, with a timestamp and the elapsed time, and a sign of life in long
 * silences. For logs, CI and terminals that can do no more.
 */
import type { Clock, Output } from '../../runtime/context.js';
import type { Event } from '../../model/event.js';
import type { Input, RunState } from '../../model/reducer.js';
import { Batch } from './batch.js';
import { SilentDisplay } from '../display.js';
import { connectionLine, eventColumns, skippedLine } from '../messages.js';
import { elapsed, inWords, logText } from '../../model/text.js';
import type { Theme } from '../theme.js';

/** A silence longer than this gets a line, in milliseconds. */
const signOfLife = 30_000;

export class PlainDisplay extends SilentDisplay {
  override readonly tickEvery = 1000;
  readonly #lines: Batch;
  readonly #theme: Theme;
  readonly #clock: Clock;
  readonly #started: number;
  #lastLineAt: number;
  #lastEventAt: number;
  /** What the last line began with, and of when and what that was: in a flood most begin the same. */
  #second = NaN;
  #since = NaN;
  #head = '';
  #of: Pick<Event, 'type' | 'progress'> | null = null;
  #columns = '';

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
    switch (input.kind) {
      case 'event':
        this.#eventLine(input.event);
        this.#lastEventAt = this.#lastLineAt;
        break;
      case 'skipped':
        this.#line(skippedLine(input, this.#theme));
        break;
      case 'connection': {
        const line = connectionLine(input);
        if (line !== null) this.warn(line);
        break;
      }
      default:
        break;
    }
  }

  override flush(): void {
    this.#lines.flush();
  }

  override warn(message: string): void {
    this.#line(`${this.#theme.color.yellow('warning '.padEnd(8))}       ${logText(message)}`);
    this.flush();
  }

  override note(message: string): void {
    this.#line(`${'note'.padEnd(8)}       ${logText(message)}`);
    this.flush();
  }

  override tick(state: RunState): void {
    const now = this.#clock.monotonic();
    if (now - this.#lastLineAt < signOfLife) return;
    const heard = state.heard
      ? `the controller was heard ${inWords(now - state.lastHeardAt)} ago`
      : 'the controller is not heard';
    this.#line(`${'waiting'.padEnd(8)}       no event for ${inWords(now - this.#lastEventAt)}; ${heard}`);
    this.flush();
  }

  #eventLine({ type, progress, message }: Event): void {
    if (this.#of?.type !== type || this.#of.progress !== progress) {
      // Not the event itself, whose message may be megabytes.
      this.#of = { type, progress };
      this.#columns = eventColumns(this.#of, this.#theme);
    }
    this.#line(this.#columns + logText(message));
  }

  #line(text: string): void {
    this.#lastLineAt = this.#clock.monotonic();
    const second = Math.floor(this.#clock.now() / 1000);
    const since = Math.floor((this.#lastLineAt - this.#started) / 1000);
    if (second !== this.#second || since !== this.#since) {
      this.#second = second;
      this.#since = since;
      const timestamp = new Date(second * 1000).toISOString().replace('.000', '');
      this.#head = `${timestamp} ${elapsed(since * 1000).padStart(6)}  `;
    }
    this.#lines.add(this.#head + text);
  }
}
