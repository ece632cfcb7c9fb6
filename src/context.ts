/**
 * Everything a command may use from the world around it, as types.
 *
 * `main.ts` builds the real one; a test builds its own and is fast and exact. Nothing below `main` reads a
 * global instead.
 */
import type { Readable, Writable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Stamp } from './model/run.js';

/** Time. Monotonic milliseconds for durations, milliseconds since the epoch for timestamps. */
export interface Clock {
  monotonic(): number;
  now(): number;
  /** Calls back once after `ms`; the returned function cancels it. Any length is allowed. */
  after(ms: number, callback: () => void): () => void;
}

export function stamp(clock: Clock): Stamp {
  return { at: clock.monotonic(), time: clock.now() };
}

/** An output stream that may be a terminal. */
export interface Output extends Writable {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

/** An input stream that may be a terminal. */
export interface Input extends Readable {
  isTTY?: boolean;
}

/** The shell's job control: a display must leave the terminal sane while the program is stopped. */
export interface JobControl {
  /** Calls `suspend` before the process stops and `resume` after it continues; returns the way to unsubscribe. */
  subscribe(handlers: { suspend(): void; resume(): void }): () => void;
  /**
   * Makes a typed Ctrl-C and Ctrl-Z count in a raw terminal too, where they arrive as bytes; returns the way
   * to stop that. A cooked terminal sends signals instead and is not read from.
   */
  watchKeys(): () => void;
}

export interface Context {
  argv: readonly string[];
  in: Input;
  out: Output;
  err: Output;
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  /** The folder for temporary files. */
  tmp: string;
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Loads the HTTP library when the first request is made, not before. */
  connect: () => Promise<Dispatcher>;
  /** Aborts on the first signal that ends the program; the reason is the signal's name. */
  signal: AbortSignal;
  jobs: JobControl;
}
