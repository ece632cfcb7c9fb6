/**
 * Who else can read a file that is nobody else's business.
 */
import type { Stats } from 'node:fs';

/**
 * What to say of a file that others can read, beginning with its name; null where there is nothing to say. `uid` is the
 * user that this process runs as; null on Windows, which keeps such rights elsewhere and reports the same mode for
 * every file.
 */
export function readersOf(stats: Stats, uid: number | null, path: string): string | null {
  if (uid === null || !stats.isFile()) return null;
  if (stats.uid === uid) {
    return (stats.mode & 0o077) === 0 ? null : `${path} can be read by others: chmod 600 ${path}`;
  }
  // Somebody else's, as a secret that is mounted: this process may read it as a member of its group, or as anybody,
  // and could not once the mode was 600.
  return (stats.mode & 0o004) === 0 ? null : `${path} can be read by every user of this machine`;
}
