/**
 * Everything that commands may use from outside the program, as types.
 *
 * `main.ts` builds the real Context; tests build their own, so they are fast and exact. Nothing below `main` and `process`
 * reads a global instead.
 */
import type { Readable, Writable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { EndingSignal } from '../model/outcome.js';
import type { Stamp } from '../model/reducer.js';
import type { collectBehind } from './garbage.js';

/**
 * Why a run must end early: a signal (SIGPIPE if stdout was closed by its reader), an OutputError if stdout cannot be
 * written, or any other error, which is a bug.
 */
export type EndReason = EndingSignal | Error;

/** The signals that are forwarded to a command that this program runs. */
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
   * Resolves when more may be written, because there is room for it or because it would be dropped. Without this method,
   * that is when everything was read.
   */
  room?(): Promise<void>;
}

/** Resolves when more can be written to the stream, or at once when the signal aborts. */
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
   * Calls `suspend` before the process stops and `resume` after it continues; returns a function to unsubscribe. Before the
   * process ends at once, after a second signal or Ctrl-\, `suspend` and `quit` are called.
   */
  subscribe(handlers: { suspend?(): void; resume?(): void; quit?(): void }): () => void;
  /** Whether the process may draw on its terminal: not while it is a job in the background. May change at any time. */
  isInForeground(): boolean;
  /**
   * Handles Ctrl-C and Ctrl-Z in a raw terminal, where they arrive as bytes; returns a function to stop that. A cooked
   * terminal sends signals instead and is not read from.
   */
  watchKeys(): () => void;
  /**
   * Passes every signal that would end the run to `handler` instead, however many there are; returns a function to stop
   * that.
   */
  takeSignals(handler: (signal: PassedSignal) => void): () => void;
}

/** How to connect to a server. */
export interface ConnectSettings {
  /** Certificates to trust in addition to Node's own, in PEM. */
  certificates: readonly string[];
  /** Null for a direct connection. */
  proxy: ProxySettings | null;
}

export interface ProxySettings {
  /** Without its user name and password. */
  url: URL;
  /** The value of `Proxy-Authorization`, a secret; null for none. */
  authorization: string | null;
  /** The variable that it came from. */
  source: string;
  /** Whether the proxy opens a tunnel, as for https; otherwise it forwards the request. */
  tunnel: boolean;
}

export interface Context {
  argv: readonly string[];
  in: Input;
  out: Output;
  err: Output;
  env: Readonly<Record<string, string | undefined>>;
  /** The home directory; empty if unknown. */
  home: string;
  /** The user id of the process; null if the system has none. */
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
  /** Opens a URL in the user's browser; rejects with an Error that says for people why it could not be opened. */
  openBrowser: (url: string) => Promise<void>;
  /** Aborts when the run must end early; the reason is an `EndReason`. */
  signal: AbortSignal;
  jobs: JobControl;
  /** Passes Node's own warnings to `take` from now on, instead of writing them to stderr. */
  takeWarnings: (take: (message: string) => void) => void;
  /** Keeps the process small while it reads a large stream; left out where memory is no concern. */
  collectBehind?: typeof collectBehind;
  /** Must be called if the deadline has ended the run: the end then waits only a moment for unread output. */
  timeUp: () => void;
  /**
   * Traces decisions (level 1), and requests and responses (level 2). A message contains no secret, but it may contain text
   * from a server: whoever shows or writes it sanitises it.
   */
  trace: (level: 1 | 2, message: string) => void;
}
