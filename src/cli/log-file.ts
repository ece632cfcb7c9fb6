/**
 * The file of `--log-file`. It never blocks the program and never changes the outcome.
 *
 * Owns opening, writing, and what is reported when that fails. Expects lines that are already redacted and sanitised.
 */
import { closeSync, writeSync } from 'node:fs';
import type { Context, Output } from '../runtime/context.js';
import { openAtOnce, type Opened } from '../runtime/open.js';
import { fileProblem } from '../runtime/file-problem.js';
import { readersOf } from '../runtime/readers.js';
import { UsageError } from '../model/usage-error.js';

export interface LogFile {
  /** Writes a line, with the time before it. */
  write(line: string): void;
  close(): void;
}

/** `warn` receives what the user should know; about lost lines it is called once. */
export function openLogFile(path: string, context: Context, warn: (message: string) => void): LogFile {
  const file = standardStream(path, context) ?? openFile(path, context, warn);
  return {
    write(line) {
      file.write(`${new Date(context.clock.now()).toISOString()} ${line}\n`);
    },
    close() {
      if (file instanceof NonBlockingFile) file.close();
    },
  };
}

/**
 * This program's own stream, if the path is another name for it. A socket cannot be opened a second time, and in a file
 * the two would overwrite each other.
 */
function standardStream(path: string, { out, err }: Context): Output | null {
  const [, fd] = /^\/(?:dev|proc\/self)\/(?:fd\/)?(1|2|stdout|stderr)$/.exec(path) ?? [];
  if (fd === undefined) return null;
  return fd === '1' || fd === 'stdout' ? out : err;
}

function openFile(path: string, { uid }: Context, warn: (message: string) => void): NonBlockingFile {
  let opened: Opened;
  try {
    opened = openAtOnce(path, 'append');
  } catch (error) {
    throw new UsageError(`--log-file: cannot write ${path}: ${fileProblem(error)}`);
  }
  const warning = readersOf(opened.stats, uid, path);
  if (warning !== null) warn(`the log file ${warning}`);
  return new NonBlockingFile(opened.fd, (error) => {
    const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN';
    warn(
      `lines are missing in the log file ${path}: ${isFull ? 'its reader is too slow' : fileProblem(error)}`,
    );
  });
}

/** Writes whole lines, and drops those that cannot be written now; `lost` is called for the first of these. */
class NonBlockingFile {
  readonly #fd: number;
  #lost: (error: unknown) => void;
  /** The rest of a line of which the beginning was written. */
  #rest = Buffer.alloc(0);

  constructor(fd: number, lost: (error: unknown) => void) {
    this.#fd = fd;
    this.#lost = lost;
  }

  write(line: string): void {
    if (!this.#writeRest()) return;
    const bytes = Buffer.from(line);
    this.#rest = bytes;
    if (!this.#writeRest() && this.#rest.length === bytes.length) this.#rest = Buffer.alloc(0);
  }

  close(): void {
    this.#writeRest();
    closeSync(this.#fd);
  }

  #writeRest(): boolean {
    try {
      while (this.#rest.length > 0) this.#rest = this.#rest.subarray(writeSync(this.#fd, this.#rest));
      return true;
    } catch (error) {
      this.#lost(error);
      this.#lost = () => undefined;
      return false;
    }
  }
}
