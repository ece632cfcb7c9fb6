/**
 * Folders for temporary files, all of them gone when the process ends: `node --test` gives each file of tests one of
 * its own, and ends it with a signal where it takes too long.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const all = mkdtempSync(join(tmpdir(), 'lab-test-'));

process.on('exit', () => {
  rmSync(all, { recursive: true });
});
// A signal that nobody takes ends the process without that.
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(1));
}

/** A new, empty folder. */
export function temporaryFolder(): string {
  return mkdtempSync(join(all, 'folder-'));
}
