/**
 * Shared by all modes for people: warnings if no display shows progress, the end of the run on stderr, and the
 * result on stdout.
 */
import type { Clock, Output } from '../runtime/context.js';
import { isByDeadline } from '../model/outcome.js';
import type { Input, RunState } from '../model/reducer.js';
import { sanitise, logText } from '../model/text.js';
import { ConnectionReports } from './connection.js';
import { SilentDisplay, type Ending, type StartInfo } from './display.js';
import { detail, endMessages, lastEventText, lineOf, warningMessage, type Message } from './messages.js';
import type { Theme } from './theme.js';

export interface EndingOptions {
  /** Whether only an end with an error is printed. */
  errorsOnly: boolean;
  /** Whether the result on stdout is text for people, so that a message need not repeat it. */
  isTextOnStdout: boolean;
  /** Formats a message for a terminal that showed errors as events; null for a log, where each line is independent. */
  layOut: ((message: Message) => string) | null;
}

/** Reports on stderr how the run ended. */
export class EndingDisplay extends SilentDisplay {
  readonly #err: Output;
  readonly #theme: Theme;
  readonly #clock: Clock;
  readonly #options: EndingOptions;
  readonly #started: number;
  #command: string | null = null;
  /** The last event, if it is an error. */
  #shownError: string | null = null;

  constructor(err: Output, theme: Theme, clock: Clock, options: EndingOptions) {
    super();
    this.#err = err;
    this.#theme = theme;
    this.#clock = clock;
    this.#options = options;
    this.#started = clock.monotonic();
  }

  override start({ command }: StartInfo): void {
    this.#command = command;
  }

  override show(_state: RunState, input: Input): void {
    if (input.kind !== 'event') return;
    const { type, message } = input.event;
    if (type === 'error') this.#shownError = message;
    else if (type === 'info') this.#shownError = null;
  }

  override finish({ outcome, lastEvent = null, isInText = false, stages }: Ending): void {
    const { errorsOnly, isTextOnStdout, layOut } = this.#options;
    if (errorsOnly && !('error' in outcome)) return;
    if (isInText && isTextOnStdout) return;
    const finish = {
      command: this.#command,
      elapsedMs: this.#clock.monotonic() - this.#started,
      isAtTerminal: layOut !== null,
      stages,
      shownError: layOut === null ? null : this.#shownError,
    };
    const messages = endMessages(outcome, finish, this.#theme);
    if (lastEvent !== null && isByDeadline(outcome)) {
      messages.splice(1, 0, detail(lastEventText(lastEvent, this.#started)));
    }
    for (const message of messages) this.#err.write(layOut?.(message) ?? `${lineOf(message)}\n`);
  }
}

/** Warnings on stderr, if no display shows progress. */
export class WarningDisplay extends SilentDisplay {
  readonly #err: Output;
  readonly #theme: Theme;
  readonly #connection = new ConnectionReports();

  constructor(err: Output, theme: Theme) {
    super();
    this.#err = err;
    this.#theme = theme;
  }

  override show(_state: RunState, input: Input): void {
    const news = this.#connection.report(input);
    if (news?.isWarning === true) this.warn(news.text);
    else if (news !== null) this.#err.write(`${news.text}\n`);
  }

  override warn(text: string): void {
    this.#err.write(`${lineOf(warningMessage(text, this.#theme, this.#theme.symbols.warning))}\n`);
  }

  override note(text: string): void {
    this.#err.write(`${this.#theme.color.dim(logText(text))}\n`);
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
    // A script gets the text unchanged, except that each line stays one line; a terminal gets it sanitised.
    const show = this.#out.isTTY === true ? sanitise : (line: string) => line.replace(/[\r\n]+/g, sanitise);
    for (const line of text) this.#out.write(`${show(line)}\n`);
  }
}
