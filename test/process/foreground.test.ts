/**
 * Without /proc, `ps` reports whether a job is in the background: the real `ps`, run at a real terminal.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import { atTerminal } from '../support/program.js';
import { temporaryFolder } from '../support/temporary.js';

const foreground = new URL('../../src/process/foreground.ts', import.meta.url).href;
const tsx = fileURLToPath(import.meta.resolve('tsx'));
const hasPs = spawnSync('ps', ['-p', '1']).error === undefined;

describe('ps', { skip: !hasPs && 'ps is missing' }, () => {
  for (const [where, run, expected] of [
    ['in the background', '& wait', /at first false\s+then false/],
    ['in the foreground', '', /at first false\s+then true/],
  ] as const) {
    it(`recognises a job ${where}`, async () => {
      const script = join(temporaryFolder(), 'where.ts');
      writeFileSync(
        script,
        `import { watchForeground } from '${foreground}';
         const jobs = watchForeground('darwin');
         console.log('at first', jobs.isIn());
         jobs.whenKnown().then((known) => console.log('then', known));`,
      );
      const terminal = atTerminal(`set -m; "$node" --import '${tsx}' '${script}' ${run}`);
      assert.equal(await terminal.finished, 0);
      assert.match(terminal.text(), expected);
    });
  }
});
