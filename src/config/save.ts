/**
 * Changes the profiles. A reader sees the whole old file or the whole new one, and concurrent changes of other processes are
 * kept.
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
import type { Servers } from './servers.js';
import { UsageError } from '../model/usage-error.js';

/**
 * Replaces the profiles by the result of `change`; null changes nothing. `change` is called twice, the second time under the
 * lock, because another process may have written in between. Throws a UsageError if the file cannot be changed.
 */
export async function changeProfiles(
  path: string,
  context: Context,
  servers: Servers,
  change: (profiles: Profiles) => Profiles | null,
): Promise<void> {
  // First without touching anything: the change may be refused, and the disk may be read-only.
  if (change(readProfiles(context, servers).profiles) === null) return;
  try {
    makeFolder(dirname(path));
    const file = linkTarget(path);
    await withLock(file, context, (lock) => {
      const changed = change(readProfiles(context, servers).profiles);
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

/** Without `recursive`, which never returns in /proc, and reports a read-only disk as a missing directory. */
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
      // As in /proc.
      throw codeOf(again) === 'ENOENT' ? new Error('the directory cannot be created') : again;
    }
  }
}

/** The path to write to. If the file is a symlink, its target: keep the symlink. */
function linkTarget(path: string): string {
  try {
    const file = realpathSync(path);
    // Anything else, such as a device, is not replaced.
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
      // Otherwise a crash could leave an empty file under the new name.
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
