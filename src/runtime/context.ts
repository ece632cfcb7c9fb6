/**
 * Everything a command may use from the world around it, as types.
 *
 * `main.ts` builds the real one; a test builds its own and is fast and exact. Nothing below `main` reads a
 * global instead.
 */
import type { Readable, Writable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { EndingSignal } from '../model/outcome.js';
import type { Stamp } from '../model/reducer.js';

/**
 * Why a run must end early: a signal (SIGPIPE when nobody reads stdout any more), an OutputError when stdout
 * cannot be written, or any other error, which is a bug.
 */
export type EndReason = EndingSignal | Error;

/** What may be left to a command that runs beside this program. */
export type PassedSignal = 'SIGHUP' | 'SIGINT' | 'SIGQUIT' | 'SIGTERM';

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
  /**
   * Resolves when more may be written, because there is room for it or because it would be left out. Where there is no
   * such method, that is when everything was read.
   */
  room?(): Promise<void>;
}

/** Resolves when the stream can take more, or at once when the signal aborts. */
export async function drained(stream: Output, signal: AbortSignal): Promise<void> {
  if (!stream.writableNeedDrain || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('error', done).off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    if (stream.room === undefined) stream.once('drain', done).once('error', done).once('close', done);
    else void stream.room().then(done);
  });
}

/** An input stream that may be a terminal. */
export interface Input extends Readable {
  isTTY?: boolean;
}

/** The shell's job control: a display must leave the terminal sane while the program is stopped. */
export interface JobControl {
  /**
   * Calls `suspend` before the process stops and `resume` after it continues; returns the way to unsubscribe. Before
   * it ends at once, for a second signal or Ctrl-\, `suspend` and `quit` are called, and nothing is waited for.
   */
  subscribe(handlers: { suspend?(): void; resume?(): void; quit?(): void }): () => void;
  /** Whether the process may draw on its terminal; not in a job that a shell runs in the background. It may change at any time. */
  isInForeground(): boolean;
  /**
   * Makes a typed Ctrl-C and Ctrl-Z count in a raw terminal too, where they arrive as bytes; returns the way
   * to stop that. A cooked terminal sends signals instead and is not read from.
   */
  watchKeys(): () => void;
  /**
   * Hands every signal that would end the run to `handler` instead, however many there are; returns the way to
   * give them back.
   */
  takeSignals(handler: (signal: PassedSignal) => void): () => void;
}

/** How a controller is reached. */
export interface ConnectSettings {
  /** Certificates to trust beside Node's own, in PEM. */
  certificates: readonly string[];
  /** Null where the way is direct. */
  proxy: ProxySettings | null;
}

export interface ProxySettings {
  /** Without its user name and password. */
  url: URL;
  /** The value of `Proxy-Authorization`, a secret; null for none. */
  authorization: string | null;
  /** The variable that it came from. */
  source: string;
  /** Whether the proxy opens a tunnel, as it must for https; otherwise it is sent the request itself. */
  tunnel: boolean;
}

export interface Context {
  argv: readonly string[];
  in: Input;
  out: Output;
  err: Output;
  env: Readonly<Record<string, string | undefined>>;
  /** Empty where nothing tells it. */
  home: string;
  /** Who this process runs as; null where the system has no such numbers. */
  uid: number | null;
  /** The folder for temporary files. */
  tmp: string;
  clock: Clock;
  /** See `ControllerOptions.turn`. */
  turn: () => Promise<void>;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Loads the HTTP library when the first request is made, not before. */
  connect: (settings: ConnectSettings) => Promise<Dispatcher>;
  /** Aborts when the run must end early; the reason is an `EndReason`. */
  signal: AbortSignal;
  jobs: JobControl;
  /** Hands Node's own warnings to `take` from now on, and keeps them off stderr. */
  takeWarnings: (take: (message: string) => void) => void;
  /** Lets go of what large input has left behind; left out where memory is no concern. */
  collectGarbage?: () => void;
  /** To be called where the deadline has ended the run: what is still unread is then waited for only a moment. */
  timeUp: () => void;
  /** Explains: decisions at level 1, requests and answers at level 2. Holds no secret. */
  trace: (level: 1 | 2, message: string) => void;
}
