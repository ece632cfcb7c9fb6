/**
 * stdout and stderr: what happens to a run whose output cannot be written, and how long the end waits for a reader.
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

/** How long the end waits for unread output after a signal and after the deadline, in milliseconds. */
const afterSignal = 1_000;
const afterDeadline = 2_000;

/** Which of stdin, stdout and stderr were terminals at the start. */
const terminals = [0, 1, 2].filter((fd) => isatty(fd));

export class Outputs {
  /** Why stdout cannot be written to any more. */
  #failure: 'SIGPIPE' | 'SIGHUP' | OutputError | null = null;
  readonly #abort: AbortController;
  readonly #lossy = new LossyOutput(process.stderr);
  readonly out: Output;
  readonly err: Output;

  /** If the reader of stdout closes it, `abort` ends the run. If the reader of stderr does, nothing more is written there. */
  constructor(abort: AbortController) {
    this.#abort = abort;
    const utf8 = readsUtf8(process.env);
    // Output for scripts is not changed.
    this.out = utf8 || !process.stdout.isTTY ? process.stdout : inAscii(process.stdout);
    this.err = utf8 ? this.#lossy.asOutput() : inAscii(this.#lossy.asOutput());
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = failureOf(error);
      abort.abort(this.#failure satisfies EndReason);
    });
    process.stderr.on('error', () => undefined);
    // Sent above `ulimit -f`. The write fails as well, and its error is reported.
    process.on('SIGXFSZ', () => undefined);
    process.on('exit', closeLostTerminals);
  }

  /** Whether part of the result is unread. */
  get isCut(): boolean {
    return unread(process.stdout) > 0;
  }

  /**
   * Waits until the result is read, however long that takes; but only for a moment after a signal, or if the deadline ended
   * the run. For stderr, it waits as long as somebody reads.
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

  /** The exit code of a run; another one if its output could not be written. */
  finalCode(code: number): number {
    if (this.#failure === null) return code;
    if (typeof this.#failure === 'string') return signalCodes[this.#failure];
    const failure = exitCode(outputFailed(this.#failure.message));
    // A run that ended because of it has already reported it.
    if (code !== failure) process.stderr.write(`${this.#failure.message}\n`);
    return failure;
  }
}

/** The stream with its text in ASCII; bytes are unchanged. */
function inAscii(stream: Output): Output {
  return withOwn(stream, {
    write: (chunk: string | Uint8Array, ...rest: never[]) =>
      stream.write(typeof chunk === 'string' ? toAscii(chunk) : chunk, ...rest),
  });
}

/** Resolves when everything is read, or the reader has stopped. */
async function readOrStopped(stream: Output): Promise<void> {
  while (unread(stream) > 0 && !(await isLeftUnread(stream)));
}

function failureOf({ code, message }: NodeJS.ErrnoException): 'SIGPIPE' | 'SIGHUP' | OutputError {
  if (code === 'EPIPE') return 'SIGPIPE';
  // The terminal has hung up. SIGHUP follows, unless it goes to another process.
  if (code === 'EIO' && terminals.includes(1)) return 'SIGHUP';
  return new OutputError(code === 'ENOSPC' ? 'no space left' : (code ?? message));
}

/** Node 20 aborts on exit if it cannot restore the modes of a terminal that has hung up; a closed one it leaves alone. */
function closeLostTerminals(): void {
  for (const fd of terminals) if (!isatty(fd)) closeSync(fd);
}
