/**
 * The interface of every display: what a command can show.
 *
 * There is one accumulated state and several displays; redrawing does not update it. Progress displays write to stderr,
 * output displays to stdout, and a command gets both as one.
 */
import type { Stage } from '../model/stages.js';
import type { ImageOption, SizeOption } from '../model/choices.js';
import type { Outcome } from '../model/outcome.js';
import type { ReadyCheck } from '../model/output.js';
import type { EventInput, Input, RunState } from '../model/reducer.js';
import type { Lab, ListedLab } from '../model/lab.js';

/** What is about to happen, reported once the user and the server are known. */
export interface StartInfo {
  command: string;
  /** Null for a command that is not about one user. */
  user: string | null;
  /** Where the labs are. */
  address: ServerAddress;
  /** The body of the create request, with only the names of its `env`. */
  request: Record<string, unknown> | null;
}

/** The URL of a controller or of a JupyterHub. */
export interface ServerAddress {
  controller: string | null;
  hub: string | null;
  /** The name of a named server; empty for the default server, null for a controller. */
  name: string | null;
}

/** The end of a run, as the displays print it. */
export interface Ending {
  outcome: Outcome;
  /** Events seen. */
  events: number;
  lab: Lab | null;
  /** The last event, for a run that ended at its deadline; omitted if no stream was followed. */
  lastEvent?: EventInput | null;
  /** Where the time went, for a command that waits for a lab; omitted otherwise. */
  stages?: readonly Stage[];
  /** The lines of the result on stdout in text mode. They are untrusted; for a terminal they are sanitised. */
  text: readonly string[];
  /** Whether the text already says what the outcome says. */
  isInText?: boolean;
  /** Additional fields of the result object, by command. */
  more?: {
    users?: string[];
    labs?: ListedLab[];
    images?: ImageOption[];
    sizes?: SizeOption[];
    ready?: boolean | null;
    ready_check?: ReadyCheck;
  };
}

export interface Display {
  /** How often `tick` should be called, in milliseconds; null for never. */
  readonly tickEvery: number | null;
  start(info: StartInfo): void;
  /** One more input, and the state after it. */
  show(state: RunState, input: Input): void;
  /** There are no more inputs for now: lines that were held back are written. */
  flush(): void;
  /** Time has passed, and nothing else has changed: redraws. */
  tick(state: RunState): void;
  /** Something the user should know that does not end the run. */
  warn(message: string): void;
  /** An explanation requested with -v. It may quote a server. */
  note(message: string): void;
  /** The run is over: restores the screen. */
  close(state: RunState | null): void;
  /** Prints the end of the run. Called once, after `close`, on every path. */
  finish(ending: Ending): void;
}

/** A display that shows nothing; the others override parts of it. */
export class SilentDisplay implements Display {
  readonly tickEvery: number | null = null;

  start(_info: StartInfo): void {
    // Nothing to show.
  }
  show(_state: RunState, _input: Input): void {
    // Nothing to show.
  }
  flush(): void {
    // Nothing was held back.
  }
  tick(_state: RunState): void {
    // Nothing to redraw.
  }
  warn(_message: string): void {
    // Nothing to show.
  }
  note(_message: string): void {
    // Nothing to show.
  }
  close(_state: RunState | null): void {
    // Nothing to restore.
  }
  finish(_ending: Ending): void {
    // Nothing to show.
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
