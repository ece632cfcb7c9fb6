/**
 * Who else can read a file that contains a secret.
 */
import type { Stats } from 'node:fs';

/**
 * A warning about a file that others can read; null if they cannot. `uid` is the user of this process; null on Windows, which
 * keeps permissions elsewhere and reports the same mode for every file.
 */
export function readersOf(stats: Stats, uid: number | null, path: string): string | null {
  if (uid === null || !stats.isFile()) return null;
  if (stats.uid === uid) {
    return (stats.mode & 0o077) === 0 ? null : `${path} can be read by others: chmod 600 ${path}`;
  }
  // Another owner, as for a mounted secret: this process may be able to read it only by its group or as everybody, so mode
  // 600 would be wrong.
  return (stats.mode & 0o004) === 0 ? null : `${path} can be read by every user of this machine`;
}
