/**
 * Changes the profiles. A reader sees the old file or the new one, never half of one, and no change of another process
 * is lost.
 */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Context } from '../runtime/context.js';
import { withLock, type Lock } from '../runtime/lock.js';
import { fileProblem } from '../runtime/file-problem.js';
import { readProfiles, type Profiles } from './profile.js';
import { UsageError } from '../model/usage-error.js';

/**
 * Replaces the profiles by what `change` makes of them; null leaves everything as it is. It is called twice: what
 * another process wrote in between counts. Throws a UsageError of one line where that cannot be.
 */
export async function changeProfiles(
  path: string,
  context: Context,
  change: (profiles: Profiles) => Profiles | null,
): Promise<void> {
  // Before anything is touched: the change may be refused, and the disk may be read-only.
  if (change(readProfiles(context).profiles) === null) return;
  try {
    makeFolder(dirname(path));
    const file = linkTarget(path);
    await withLock(file, context, (lock) => {
      const changed = change(readProfiles(context).profiles);
      if (changed !== null) replace(file, contentOf(changed), lock);
    });
  } catch (error) {
    if (error instanceof UsageError || error === context.signal.reason) throw error;
    throw new UsageError(`${path}: cannot be written: ${fileProblem(error)}`);
  }
}

function contentOf(profiles: Profiles): string {
  return `${JSON.stringify({ profiles: Object.fromEntries(profiles) }, null, 2)}\n`;
}

/** Not with `recursive`: in /proc that never returns, and it takes a read-only disk for a missing folder. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
    makeFolder(parent);
    try {
      mkdirSync(path, 0o700);
    } catch (again) {
      // In /proc, for one.
      throw codeOf(again) === 'ENOENT' ? new Error('the directory cannot be created') : again;
    }
  }
}

/** Where the file is, or would be: who keeps it elsewhere and links to it shall still have the link afterwards. */
function linkTarget(path: string): string {
  try {
    const file = realpathSync(path);
    // Least of all is a device to be replaced.
    if (!statSync(file).isFile()) throw new Error('it is not a regular file');
    return file;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    const link = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    return link ? linkTarget(resolve(dirname(path), readlinkSync(path))) : path;
  }
}

function replace(path: string, content: string, lock: Lock): void {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(fd, content);
      // Or a crash could leave the new name with nothing in it.
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (!lock.isHeld()) throw new Error('another process is changing it');
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
