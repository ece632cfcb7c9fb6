/**
 * Folders for temporary files, all of them gone when the process ends: `node --test` gives each file of tests one of
 * its own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import './closing.js';

const all = mkdtempSync(join(tmpdir(), 'lab-test-'));

process.on('exit', () => {
  rmSync(all, { recursive: true });
});

/** A new, empty folder. */
export function temporaryFolder(): string {
  return mkdtempSync(join(all, 'folder-'));
}
