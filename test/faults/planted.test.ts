import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../support/temporary.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A possible mistake in the code: the file, the correct text, and the text that replaces it. */
interface Bug {
  name: string;
  file: string;
  instead: readonly [string, string];
}

const bugs: readonly Bug[] = [
  {
    name: 'no de-duplication after a reconnect',
    file: 'stream/seen.ts',
    instead: ["return 'repeated';", "return 'new';"],
  },
  {
    name: 'the end of a stream taken for success',
    file: 'model/reducer.ts',
    instead: [
      'const next = { ...state, endedClean: true };',
      "const next: RunState = { ...state, outcome: { kind: 'complete', message: '' } };",
    ],
  },
  {
    name: 'another operation not noticed',
    file: 'stream/seen.ts',
    instead: ["return 'replaced';", "return 'new';"],
  },
  {
    name: 'half an event taken for one',
    file: 'stream/frames.ts',
    instead: ['feed(toLf(decode(null)));', 'feed(`${toLf(decode(null))}\\n\\n`);'],
  },
  {
    name: 'a silent connection not noticed',
    file: 'stream/connection.ts',
    instead: ['startDeadline(clock, idleTimeout, signal)', 'startDeadline(clock, null, signal)'],
  },
  {
    name: 'the state not asked while only pings come',
    file: 'stream/state-watch.ts',
    instead: ['this.#silence =\n      silence === null', 'this.#silence =\n      silence !== -1'],
  },
  {
    name: 'a create blindly repeated',
    file: 'commands/spawn.ts',
    instead: ["if (failure.effect === 'possible' || hopeless.isDue) {", 'if (hopeless.isDue) {'],
  },
  {
    name: 'Retry-After ignored',
    file: 'runtime/retry.ts',
    instead: ['Math.max(wait, asked)', 'wait'],
  },
  {
    name: 'a refusal tried again',
    file: 'runtime/retry.ts',
    instead: ['if (isFinal(failure)) return null;', ''],
  },
  {
    name: 'a passing state taken for an end',
    file: 'model/state-outcome.ts',
    instead: [
      "    case 'failed':\n      return hasFailed ?",
      "    case 'unsettled':\n    case 'failed':\n      return hasFailed || lab?.phase === 'unsettled' ?",
    ],
  },
  {
    name: 'the last look before the deadline not believed',
    file: 'commands/session/last-look.ts',
    instead: ['if (look.answer.ok) return true;', 'if (look.answer.ok) return false;'],
  },
  {
    name: 'a timer left behind',
    file: 'stream/connection.ts',
    instead: ['    this.#idle.cancel();', ''],
  },
];

/** A copy of the program and of these stories. */
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

function playUntilWrong(folder: string): Promise<string> {
  return new Promise((resolve) => {
    const args = ['--import', 'tsx', 'test/faults/main.ts', '1', '1000', '1'];
    execFile(process.execPath, args, { cwd: folder }, (_error, stdout, stderr) => {
      resolve(stdout + stderr);
    });
  });
}

describe('the stories', () => {
  for (const bug of bugs) {
    it(`catch a planted bug: ${bug.name}`, async (t) => {
      const folder = copy();
      plant(folder, bug);
      const output = await playUntilWrong(folder);
      const [, stories] = /stories: (\d+), wrong: 1/.exec(output) ?? [];
      assert.ok(stories !== undefined, output);
      t.diagnostic(`caught by story ${stories}: ${output.trim().split('\n').at(-1) ?? ''}`);
    });
  }
});
