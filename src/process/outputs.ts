/**
 * stdout and stderr: what becomes of a run whose output cannot be written, and how long output is waited for.
 */
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { EndReason, Output } from '../runtime/context.js';
import { readsUtf8, toAscii } from '../display/locale.js';
import { exitCode, outputFailed, signalCodes } from '../model/outcome.js';
import { OutputError } from '../model/output-error.js';
import { isLeftUnread, LossyOutput } from './lossy.js';
import { after, allWritten, unread, withOwn } from './stdio.js';

/** How long output is waited for after a signal and after the deadline, in milliseconds. */
const afterSignal = 1_000;
const afterDeadline = 2_000;

/** Which of stdin, stdout and stderr were terminals at the start. */
const terminals = [0, 1, 2].filter((fd) => isatty(fd));

export class Outputs {
  /** Why stdout cannot be written any more. */
  #failure: 'SIGPIPE' | 'SIGHUP' | OutputError | null = null;
  readonly #abort: AbortController;
  readonly #lossy = new LossyOutput(process.stderr);
  readonly out: Output;
  readonly err: Output;

  /** A reader of stdout that has left ends the run by `abort`; on stderr there is then simply less to be said. */
  constructor(abort: AbortController) {
    this.#abort = abort;
    const utf8 = readsUtf8(process.env);
    // What a script reads is not changed.
    this.out = utf8 || !process.stdout.isTTY ? process.stdout : inAscii(process.stdout);
    this.err = utf8 ? this.#lossy.asOutput() : inAscii(this.#lossy.asOutput());
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = failureOf(error);
      abort.abort(this.#failure satisfies EndReason);
    });
    process.stderr.on('error', () => undefined);
    // Past `ulimit -f`: the write fails as well, and whoever wrote can say so.
    process.on('SIGXFSZ', () => undefined);
    process.on('exit', closeLostTerminals);
  }

  /** Whether a part of the result was not read. */
  get isCut(): boolean {
    return unread(process.stdout) > 0;
  }

  /**
   * Waits until the result is read, for as long as that takes; but after a signal, or where the deadline ended the run,
   * for a moment. On stderr it waits as long as something is read.
   */
  async flushed(isTimeUp: boolean): Promise<void> {
    const limit = isTimeUp ? after(afterDeadline) : this.#leaving();
    this.#lossy.release();
    await Promise.race([allWritten(process.stdout), limit]);
    await Promise.race([readOrStopped(process.stderr), limit]);
  }

  /** Resolves a moment after a signal. */
  async #leaving(): Promise<void> {
    const { signal } = this.#abort;
    if (!signal.aborted) await once(signal, 'abort');
    await after(afterSignal);
  }

  /** The exit code of a run, unless what was to be printed could not be. */
  finalCode(code: number): number {
    if (this.#failure === null) return code;
    if (typeof this.#failure === 'string') return signalCodes[this.#failure];
    const failure = exitCode(outputFailed(this.#failure.message));
    // A run that it cut short has said so already.
    if (code !== failure) process.stderr.write(`${this.#failure.message}\n`);
    return failure;
  }
}

/** The stream with its text in ASCII. Bytes pass as they are. */
function inAscii(stream: Output): Output {
  return withOwn(stream, {
    write: (chunk: string | Uint8Array, ...rest: never[]) =>
      stream.write(typeof chunk === 'string' ? toAscii(chunk) : chunk, ...rest),
  });
}

/** Resolves when nothing is left to be read, or its reader has stopped reading. */
async function readOrStopped(stream: Output): Promise<void> {
  while (unread(stream) > 0 && !(await isLeftUnread(stream)));
}

function failureOf({ code, message }: NodeJS.ErrnoException): 'SIGPIPE' | 'SIGHUP' | OutputError {
  if (code === 'EPIPE') return 'SIGPIPE';
  // The terminal has hung up; the signal for that is on its way, unless somebody else gets it.
  if (code === 'EIO' && terminals.includes(1)) return 'SIGHUP';
  return new OutputError(code === 'ENOSPC' ? 'no space left' : (code ?? message));
}

/** Node 20 aborts where it cannot put a terminal in order on its way out, because that has hung up; but not a closed one. */
function closeLostTerminals(): void {
  for (const fd of terminals) if (!isatty(fd)) closeSync(fd);
}
