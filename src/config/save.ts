/**
 * Writes the profiles. A reader sees the old file or the new one, never half of one.
 */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { fileProblem } from './problem.js';
import type { Profiles } from './profile.js';
import { UsageError } from './usage-error.js';

/** Replaces the file. Throws a UsageError of one line where that cannot be. */
export function saveProfiles(path: string, profiles: Profiles): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    replace(linkTarget(path), `${JSON.stringify({ profiles: Object.fromEntries(profiles) }, null, 2)}\n`);
  } catch (error) {
    throw new UsageError(`${path}: cannot be written: ${fileProblem(error)}`);
  }
}

/** Who keeps the file elsewhere and links to it shall still have the link afterwards. */
function linkTarget(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function replace(path: string, content: string): void {
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
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
