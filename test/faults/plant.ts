/**
 * Plants a bug in a copy of the program, and plays stories there until one goes wrong.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../support/temporary.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A possible mistake in the code: the file, the correct text, and the text that replaces it. */
export interface Bug {
  name: string;
  file: string;
  instead: readonly [string, string];
}

/** Which story of the series that `main` plays catches the bug; fails if none does. */
export async function caughtBy(main: string, bug: Bug): Promise<string> {
  const folder = copy();
  plant(folder, bug);
  const output = await playUntilWrong(folder, main);
  const [, stories] = /stories: (\d+), wrong: 1/.exec(output) ?? [];
  assert.ok(stories !== undefined, output);
  return `caught by story ${stories}: ${output.trim().split('\n').at(-1) ?? ''}`;
}

/** A copy of the program and of the stories. */
function copy(): string {
  const folder = temporaryFolder();
  for (const part of ['src', 'test/faults', 'test/support', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

function plant(folder: string, { file, instead: [right, wrong] }: Bug): void {
  const path = join(folder, 'src', file);
  const text = readFileSync(path, 'utf8');
  assert.equal(text.split(right).length, 2, `${file} has no such line any more, or more than one: ${right}`);
  // A function, because the text may contain replacement patterns.
  writeFileSync(
    path,
    text.replace(right, () => wrong),
  );
}

function playUntilWrong(folder: string, main: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', main, '1', '1000', '1'],
      { cwd: folder },
      (_error, stdout, stderr) => {
        resolve(stdout + stderr);
      },
    );
  });
}
