/**
 * Progress as lines: one for each event, with a timestamp and the elapsed time, and a sign of life in long
 * silences. For logs, CI and terminals that can do no more.
 */
import type { Clock, Output } from '../context.js';
import type { Input, RunState } from '../model/run.js';
import { Batch } from './batch.js';
import { SilentDisplay } from './display.js';
import { connectionLine, eventLine, skippedLine } from './messages.js';
import { elapsed, harmless, inWords, logText } from './text.js';
import type { Theme } from './theme.js';

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
  /** The second of the last line, since 1970, and its text; many lines may have the same. */
  #second = NaN;
  #timestamp = '';

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
        this.#line(eventLine(input.event, this.#theme));
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
    this.#line(`${'note'.padEnd(8)}       ${harmless(message)}`);
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

  #line(text: string): void {
    this.#lastLineAt = this.#clock.monotonic();
    const second = Math.floor(this.#clock.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#timestamp = new Date(second * 1000).toISOString().replace('.000', '');
    }
    const since = elapsed(this.#lastLineAt - this.#started).padStart(6);
    this.#lines.add(`${this.#timestamp} ${since}  ${text}`);
  }
}
