/**
 * The launcher, bin/lab.js: its own output equals what the program would have printed, and what it caches for
 * the next run is stored where other users cannot write.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runProgram } from '../../src/cli/program.js';
import { fakeContext } from '../support/context.js';
import { atTerminal, runLab, runShell } from '../support/program.js';
import { recorder } from '../support/streams.js';
import { temporaryFolder } from '../support/temporary.js';

async function saidByProgram(...argv: string[]): Promise<string> {
  const out = recorder();
  assert.equal(await runProgram(fakeContext({ argv, out })), 0);
  return out.text();
}

describe('the front door', () => {
  for (const option of ['--version', '-V', '--help']) {
    it(`handles ${option} as the program would`, async () => {
      const { stdout, stderr, code } = await runLab([option]);
      assert.deepEqual(
        { stdout, stderr, code },
        { stdout: await saidByProgram(option), stderr: '', code: 0 },
      );
    });
  }

  it('leaves the help to the program at a terminal, which knows its width', async () => {
    const terminal = atTerminal('lab --help', { columns: 50, rows: 80 });
    assert.equal(await terminal.finished, 0);
    assert.match(terminal.text(), /^Usage: lab/);
    assert.notEqual(terminal.text(), (await saidByProgram('--help')).trimEnd());
  });

  it('handles only an option on its own', async () => {
    const { stdout, code } = await runLab(['--version', 'spawn', '--nonsense']);
    assert.deepEqual({ stdout, code }, { stdout: await saidByProgram('--version'), code: 0 });
  });

  it("has output short enough for a pipe's buffer", async () => {
    assert.ok((await saidByProgram('--help')).length <= 4096);
  });

  for (const option of ['--version', '--help']) {
    it(`reports that the output of ${option} cannot be written`, async () => {
      const { stderr, code } = await runShell(`lab ${option} > /dev/full`);
      assert.match(stderr, /no space left/);
      assert.notEqual(code, 0);
    });
  }
});

describe('compiled code', () => {
  it("is kept in the user's own folder, by a Node that can", async () => {
    const home = temporaryFolder();
    assert.equal((await runLab(['help', 'output'], { HOME: home })).code, 0);
    const expected = 'enableCompileCache' in module ? ['.cache'] : [];
    assert.deepEqual(readdirSync(home), expected);
  });

  it('is kept in no folder that a relative path leads to', async () => {
    const folder = temporaryFolder();
    const env = { HOME: '', XDG_CACHE_HOME: 'kept' };
    assert.equal((await runShell(`cd '${folder}' && mkdir kept && lab help output`, env)).code, 0);
    assert.deepEqual(readdirSync(join(folder, 'kept')), []);
  });

  it('is kept nowhere where no folder can be made', { timeout: 60_000 }, async () => {
    for (const env of [{ XDG_CACHE_HOME: '/proc/self' }, { HOME: '/proc/self' }]) {
      const { code, stderr } = await runLab(['help', 'output'], env);
      assert.deepEqual([code, stderr], [0, '']);
    }
  });

  it('is kept nowhere where the folder is not there', async () => {
    const folder = temporaryFolder();
    const absent = join(folder, 'absent');
    assert.equal((await runLab(['help', 'output'], { HOME: absent })).stderr, '');
    assert.equal((await runLab(['help', 'output'], { HOME: folder, XDG_CACHE_HOME: absent })).stderr, '');
    assert.deepEqual(readdirSync(folder), []);
  });
});
