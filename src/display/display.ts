/**
 * What a command may do to be seen: the interface of every display.
 *
 * One accumulated state, several displays; redrawing is not updating. Progress displays write to stderr,
 * output displays to stdout, and a command is handed both as one.
 */
import type { ImageOption, SizeOption } from '../model/choices.js';
import type { Outcome } from '../model/outcome.js';
import type { EventInput, Input, RunState } from '../model/reducer.js';
import type { Lab } from '../model/lab.js';

/** What is about to happen, said once the user and the controller are known. */
export interface StartInfo {
  command: string;
  /** Null for a command that is about no user. */
  user: string | null;
  controller: string;
  /** What is asked of the controller: the create body, with the names of its `env` only. */
  request: Record<string, unknown> | null;
}

/** The end of a run, for whoever prints it. */
export interface Ending {
  outcome: Outcome;
  /** Events seen. */
  events: number;
  lab: Lab | null;
  /** The last event, for an ending by the deadline; left out where nothing could be followed. */
  lastEvent?: EventInput | null;
  /** What stdout carries in text mode, line by line; from outside, and made harmless for a terminal. */
  text: readonly string[];
  /** What the result object carries beside, by command. */
  more?: { users?: string[]; images?: ImageOption[]; sizes?: SizeOption[] };
}

export interface Display {
  /** How often `tick` should be called, in milliseconds; null for never. */
  readonly tickEvery: number | null;
  start(info: StartInfo): void;
  /** One more input, and the state after it. */
  show(state: RunState, input: Input): void;
  /** No more inputs are at hand now: what was shown may leave. */
  flush(): void;
  /** Time has passed; only a redraw may follow. */
  tick(state: RunState): void;
  /** Something the user should know that ends nothing. */
  warn(message: string): void;
  /** An explanation that was asked for with -v. It may repeat what a server said. */
  note(message: string): void;
  /** The run is over: whatever lives on the screen is put in order. */
  close(state: RunState | null): void;
  /** Prints the ending. Comes after `close`, once, on every path. */
  finish(ending: Ending): void;
}

/** A display of nothing, for others to override in part. */
export class SilentDisplay implements Display {
  readonly tickEvery: number | null = null;

  start(_info: StartInfo): void {
    // Nothing to say.
  }
  show(_state: RunState, _input: Input): void {
    // Nothing to say.
  }
  flush(): void {
    // Nothing was held back.
  }
  tick(_state: RunState): void {
    // Nothing to redraw.
  }
  warn(_message: string): void {
    // Nothing to say.
  }
  note(_message: string): void {
    // Nothing to say.
  }
  close(_state: RunState | null): void {
    // Nothing on the screen.
  }
  finish(_ending: Ending): void {
    // Nothing to say.
  }
}

/** Several displays as one. */
export class Displays implements Display {
  readonly #all: readonly Display[];

  constructor(...all: readonly Display[]) {
    this.#all = all;
  }
  get tickEvery(): number | null {
    const periods = this.#all.map((display) => display.tickEvery).filter((ms) => ms !== null);
    return periods.length === 0 ? null : Math.min(...periods);
  }
  start(info: StartInfo): void {
    for (const display of this.#all) display.start(info);
  }
  show(state: RunState, input: Input): void {
    for (const display of this.#all) display.show(state, input);
  }
  flush(): void {
    for (const display of this.#all) display.flush();
  }
  tick(state: RunState): void {
    for (const display of this.#all) display.tick(state);
  }
  warn(message: string): void {
    for (const display of this.#all) display.warn(message);
  }
  note(message: string): void {
    for (const display of this.#all) display.note(message);
  }
  close(state: RunState | null): void {
    for (const display of this.#all) display.close(state);
  }
  finish(ending: Ending): void {
    for (const display of this.#all) display.finish(ending);
  }
}
