/**
 * The words for people that are the same in every human mode: warnings without a progress display, the
 * ending on stderr, and the one line of result on stdout.
 */
import type { Clock, Output } from '../runtime/context.js';
import { isByDeadline } from '../model/outcome.js';
import type { Input, RunState } from '../model/reducer.js';
import { SilentDisplay, type Ending } from './display.js';
import { connectionLine, endingLines, lastEventLine } from './messages.js';
import { harmless, logText } from '../model/text.js';
import type { Theme } from './theme.js';

/** Says on stderr how it ended. */
export class EndingDisplay extends SilentDisplay {
  readonly #err: Output;
  readonly #theme: Theme;
  readonly #errorsOnly: boolean;
  readonly #started: number;

  constructor(err: Output, theme: Theme, errorsOnly: boolean, clock: Clock) {
    super();
    this.#err = err;
    this.#theme = theme;
    this.#errorsOnly = errorsOnly;
    this.#started = clock.monotonic();
  }

  override finish({ outcome, lastEvent = null }: Ending): void {
    if (this.#errorsOnly && !('error' in outcome)) return;
    const lines = endingLines(outcome, this.#theme);
    if (lastEvent !== null && isByDeadline(outcome)) {
      lines.splice(1, 0, lastEventLine(lastEvent, this.#started));
    }
    for (const line of lines) this.#err.write(`${line}\n`);
  }
}

/** Warnings on stderr, where no progress display shows them. */
export class WarningDisplay extends SilentDisplay {
  readonly #err: Output;
  readonly #theme: Theme;

  constructor(err: Output, theme: Theme) {
    super();
    this.#err = err;
    this.#theme = theme;
  }

  override show(_state: RunState, input: Input): void {
    const line = input.kind === 'connection' ? connectionLine(input) : null;
    if (line !== null) this.warn(line);
  }

  override warn(message: string): void {
    const { color, symbols } = this.#theme;
    this.#err.write(`${color.yellow(symbols.warning)} ${logText(message)}\n`);
  }

  override note(message: string): void {
    this.#err.write(`${this.#theme.color.dim(logText(message))}\n`);
  }
}

/** The result as text on stdout. */
export class TextDisplay extends SilentDisplay {
  readonly #out: Output;

  constructor(out: Output) {
    super();
    this.#out = out;
  }

  override finish({ text }: Ending): void {
    // Verbatim for a script, as long as a line stays one; harmless for a terminal.
    const show = this.#out.isTTY === true ? harmless : (line: string) => line.replace(/[\r\n]+/g, harmless);
    for (const line of text) this.#out.write(`${show(line)}\n`);
  }
}
