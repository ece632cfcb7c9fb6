/**
 * Lets one process at a time change a file, by a lock file next to it.
 *
 * Owns acquiring the lock, waiting for it, and removing one that a killed process has left. The lock is held for a few
 * milliseconds, so one that does not change for ten seconds is stale.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import type { Context } from './context.js';
import { sleep } from './deadline.js';
import { readWhole } from './read-start.js';
import { UsageError } from '../model/usage-error.js';

/** A lock that has not changed for this long is stale, in milliseconds. */
const leftOver = 10_000;

/** How long to wait for other processes in total, in milliseconds. */
const patience = 30_000;

export interface Lock {
  /** Whether no other process has removed it as stale meanwhile. */
  isHeld(): boolean;
}

/** Runs `use` while this process holds the lock of `path`. `use` must be synchronous. */
export async function withLock<T>(
  path: string,
  context: Pick<Context, 'clock' | 'random' | 'signal'>,
  use: (lock: Lock) => T,
): Promise<T> {
  const file = `${path}.lock`;
  const holder = randomUUID();
  await take(file, holder, context);
  const isHeld = (): boolean => holderOf(file) === holder;
  try {
    return use({ isHeld });
  } finally {
    if (isHeld()) rmSync(file, { force: true });
  }
}

async function take(
  file: string,
  holder: string,
  { clock, random, signal }: Pick<Context, 'clock' | 'random' | 'signal'>,
): Promise<void> {
  const begun = clock.monotonic();
  let seen = { holder: '', since: begun };
  while (!create(file, holder)) {
    const now = clock.monotonic();
    const other = holderOf(file);
    if (other !== seen.holder) seen = { holder: other, since: now };
    else if (now - seen.since >= leftOver) clear(file, other);
    if (now - begun >= patience) {
      throw new UsageError(
        `${file}: another process holds this lock`,
        'If no other `lab config` is running, delete it and the same name with .break appended.',
      );
    }
    await sleep(clock, 5 + 20 * random(), signal);
    signal.throwIfAborted();
  }
}

/** Creates the lock file; false if it exists already. */
function create(file: string, content: string): boolean {
  let fd: number;
  try {
    fd = openSync(file, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    writeSync(fd, content);
    return true;
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** The content of the lock file; empty if there is none, and for a moment after its creation. */
function holderOf(file: string): string {
  try {
    return readWhole(file, 100).toString();
  } catch {
    return '';
  }
}

/**
 * Removes a stale lock, under a lock of its own: otherwise two processes could see the stale lock, and the slower one
 * remove the new lock of the faster one.
 */
function clear(file: string, holder: string): void {
  const guard = `${file}.break`;
  if (!create(guard, '')) return;
  if (holderOf(file) === holder) rmSync(file, { force: true });
  rmSync(guard, { force: true });
}
