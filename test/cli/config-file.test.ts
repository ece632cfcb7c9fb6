/**
 * Where the profiles may be stored, and which other processes change them: the real program.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runLab, runShell } from '../support/program.js';
import { temporaryFolder } from '../support/temporary.js';

const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;
const skip = canMount ? false : 'only a superuser can mount a disk';

/** Runs a script in which a disk is mounted at `folder`, for it alone. */
function onDisk(folder: string, options: string, script: string, env: Record<string, string>) {
  return runShell(
    `export -f lab; export node lab
     unshare -m bash -c 'mount -t tmpfs -o ${options} none ${folder}; ${script}'`,
    env,
  );
}

/** A path for the file, which does not exist yet. */
function place() {
  const base = temporaryFolder();
  mkdirSync(join(base, 'nublado-lab'));
  return { file: join(base, 'nublado-lab', 'config.json'), env: { XDG_CONFIG_HOME: base } };
}

const given = { LAB_CONTROLLER: 'http://127.0.0.1:9', LAB_TOKEN: 'gt-x' };

describe("the profiles' file", { concurrency: 2, timeout: 120_000 }, () => {
  for (const [name, make, problem] of [
    ['a pipe', (file: string) => execFileSync('mkfifo', [file]), 'it is not a regular file'],
    [
      'without an end',
      (file: string) => {
        symlinkSync('/dev/zero', file);
      },
      'it has more than 1048576 bytes',
    ],
    [
      'a folder',
      (file: string) => {
        mkdirSync(file);
      },
      'it is a directory',
    ],
  ] as const) {
    it(`that is ${name} is wrong usage at once, and is left alone`, async () => {
      const { file, env } = place();
      make(file);
      const before = lstatSync(file);
      for (const args of [['config', 'show'], ['config', 'set', 'user', 'anna'], ['status']]) {
        const { code, stdout, stderr } = await runLab(args, { ...env, ...given });
        assert.deepEqual([code, stdout, stderr], [2, '', `✖ ${file}: cannot be read: ${problem}\n`]);
      }
      assert.equal(lstatSync(file).ino, before.ino);
      assert.deepEqual(readdirSync(join(file, '..')), ['config.json']);
    });
  }

  it('is not put where no folder can be', async () => {
    const { code, stderr } = await runLab(['config', 'set', 'user', 'anna'], { XDG_CONFIG_HOME: '/proc/1' });
    assert.equal(code, 2);
    assert.match(stderr, /^✖ \/proc\/1\/nublado-lab\/config\.json: cannot be written: [^\n]+\n$/);
  });

  it('on a read-only disk cannot be written, for that reason', { skip }, async () => {
    const base = temporaryFolder();
    for (const folder of [base, join(base, 'not', 'there', 'yet')]) {
      const env = { XDG_CONFIG_HOME: folder };
      const { code, stderr } = await onDisk(base, 'ro', 'lab config set user anna', env);
      const file = join(folder, 'nublado-lab', 'config.json');
      assert.deepEqual([code, stderr], [2, `✖ ${file}: cannot be written: the disk is read-only\n`]);
    }
  });

  it('keeps every change of twenty processes at once', async () => {
    const { file, env } = place();
    const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
    const ended = await Promise.all(
      names.map((name) => runLab(['config', 'set', 'user', name, '--profile', name], env)),
    );
    assert.deepEqual(
      ended.map(({ code }) => code),
      names.map(() => 0),
      ended.map(({ stderr }) => stderr).join(''),
    );
    const { profiles } = JSON.parse(readFileSync(file, 'utf8')) as { profiles: object };
    assert.deepEqual(Object.keys(profiles).sort(), [...names].sort());
    assert.deepEqual(readdirSync(join(file, '..')), ['config.json'], 'nothing is left behind');
  });
});

describe('the token files of lab controller', { skip, timeout: 60_000 }, () => {
  it('on a full disk cannot be written, for that reason', async () => {
    const base = temporaryFolder();
    const { code, stdout, stderr } = await onDisk(base, 'size=4k', 'lab controller -- true', {
      TMPDIR: base,
    });
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^✖ TMPDIR: cannot write .*\/token-\w+: no space left\n$/);
  });
});
