/**
 * A terminal that goes away under the real program, as when a window is closed or a connection to another machine ends.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { spawn as spawnAtTerminal, type IPty } from '@lydell/node-pty';
import { exitCode } from '../../src/model/outcome.js';
import { resultOf } from '../support/ndjson.js';
import { bin, cleanEnvironment } from '../support/program.js';
import { temporaryFolder } from '../support/temporary.js';

/** Runs a script in which `lab` is the program, closes the terminal once the pattern was seen, and returns the exit code. */
async function hangUp(script: string, seen: RegExp): Promise<number> {
  const lab = `lab() { "${process.execPath}" "${bin}" "$@"; }\n`;
  const pty = spawnAtTerminal('bash', ['-c', lab + script], { env: cleanEnvironment({ TERM: 'xterm' }) });
  let text = '';
  pty.onData((data) => {
    text += data;
    if (seen.test(text)) closeTerminal(pty);
  });
  return new Promise((resolve) => {
    pty.onExit(({ exitCode: code, signal = 0 }) => {
      resolve(signal === 0 ? code : 128 + signal);
    });
  });
}

/** Closes our end, and sends SIGHUP to the session leader. Not in the types. */
function closeTerminal(pty: IPty): void {
  (pty as IPty & { destroy(): void }).destroy();
}

const running = /Created Kubernetes objects/;

// One after the other: a process that starts meanwhile inherits the terminal, and then keeps it open.
describe('a terminal that hangs up', () => {
  const commands = ['spawn --demo', 'spawn --demo -o json'];
  for (const command of commands) {
    it(`ends lab ${command} with 129, with or without a signal`, async () => {
      const code = `${temporaryFolder()}/code`;
      // The session's leader gets the signal, lab only the terminal's errors.
      await hangUp(`trap '' HUP; lab ${command}; echo $? >${code}`, running);
      assert.equal(readFileSync(code, 'utf8'), '129\n');
      assert.equal(
        await hangUp(`lab() { exec "${process.execPath}" "${bin}" "$@"; }; lab ${command}`, running),
        129,
      );
    });
  }

  it('ends nothing whose result goes elsewhere, unless a signal says so', async () => {
    const folder = temporaryFolder();
    const script = `trap '' HUP; lab spawn --demo -o json >${folder}/result; echo $? >${folder}/code`;
    await hangUp(script, running);
    assert.equal(readFileSync(`${folder}/code`, 'utf8'), '0\n');
    const { outcome, exit_code } = resultOf(readFileSync(`${folder}/result`, 'utf8'));
    assert.deepEqual([outcome, exit_code], ['complete', exitCode({ kind: 'complete', message: '' })]);
  });
});
