/**
 * stdout and stderr: what becomes of a run whose output cannot be written, and how long output is waited for.
 */
import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { EndReason } from '../context.js';
import { exitCode, outputFailed, signalCodes } from '../model/outcome.js';
import { OutputError } from '../model/output-error.js';
import { hasUnwritten } from './stdio.js';

/** After a signal, output is waited for this long, in milliseconds. */
const afterSignal = 1_000;

/** Which of stdin, stdout and stderr were terminals at the start. */
const terminals = [0, 1, 2].filter((fd) => isatty(fd));

export class Outputs {
  /** Why stdout cannot be written any more. */
  #failure: 'SIGPIPE' | 'SIGHUP' | OutputError | null = null;
  readonly #abort: AbortController;

  /** A reader of stdout that has left ends the run by `abort`; on stderr there is then simply less to be said. */
  constructor(abort: AbortController) {
    this.#abort = abort;
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = failureOf(error);
      abort.abort(this.#failure satisfies EndReason);
    });
    process.stderr.on('error', () => undefined);
    // Past `ulimit -f`: the write fails as well, and whoever wrote can say so.
    process.on('SIGXFSZ', () => undefined);
    process.on('exit', closeLostTerminals);
  }

  /** Whether a part of the result has not been read. */
  get isCut(): boolean {
    return hasUnwritten(process.stdout);
  }

  /** Waits until everything is written, for as long as it takes; but not for a reader that sleeps while a signal says to go. */
  async flushed(): Promise<void> {
    const { signal } = this.#abort;
    const written = Promise.all(
      [process.stdout, process.stderr].map(
        (stream) =>
          new Promise<void>((resolve) => {
            // A write that fails says so to its callback first, and then to everybody.
            stream.write('', () => setImmediate(resolve));
          }),
      ),
    );
    const told = new Promise<void>((resolve) => {
      const soon = (): void => {
        setTimeout(resolve, afterSignal).unref();
      };
      if (signal.aborted) soon();
      else signal.addEventListener('abort', soon);
    });
    await Promise.race([written, told]);
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
