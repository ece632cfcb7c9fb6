/**
 * Node's own warnings while the real program draws: above the bar, and unchanged if nothing is drawn.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { atTerminal, runLab } from '../support/program.js';
import { temporaryFolder } from '../support/temporary.js';

/** Has Node warn now and then, as it does of a dependency's faults. */
const preload = join(temporaryFolder(), 'warn.cjs');
writeFileSync(
  preload,
  `let count = 0;
   setInterval(() => process.emitWarning('number ' + ++count, 'DeprecationWarning'), 500).unref();`,
);
const env = { NODE_OPTIONS: `--require ${preload}` };

describe("a warning of Node's", () => {
  it('is a line above the bar, and not in it', async () => {
    const terminal = atTerminal('lab spawn --demo', { env });
    assert.equal(await terminal.finished, 0);
    assert.match(terminal.text(), /^⚠ Node: DeprecationWarning: number 3$/m);
    assert.doesNotMatch(terminal.text(), /[█░]/);
    assert.doesNotMatch(terminal.text(), /\(node:\d+\)/);
  });

  it('is as Node has it where no display is', async () => {
    const { stderr } = await runLab(['controller', '--', 'sleep', '1'], env);
    assert.match(stderr, /^\(node:\d+\) DeprecationWarning: number 1/);
  });

  it('is omitted under -q, and if disabled in Node', async () => {
    assert.equal((await runLab(['spawn', '--demo', '-q'], env)).stderr, '');
    const silent = await runLab(['spawn', '--demo', '--progress', 'none'], { ...env, NODE_NO_WARNINGS: '1' });
    assert.doesNotMatch(silent.stderr, /Warning/);
  });

  it('that certificates are not checked is said', async () => {
    const terminal = atTerminal('lab status -u demo --timeout 2s', {
      env: {
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
        LAB_CONTROLLER: 'https://127.0.0.1:1',
        LAB_TOKEN: 'gt-a-token-of-the-tests',
      },
    });
    assert.equal(await terminal.finished, 7);
    assert.match(terminal.text(), /Node: .*NODE_TLS_REJECT_UNAUTHORIZED/);
  });
});
