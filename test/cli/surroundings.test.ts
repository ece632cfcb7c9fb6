/**
 * What may be missing when a process starts: a home folder, a working directory, streams. The real program never ends
 * without a message, and fails only if it needs what is missing.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { resultOf } from '../support/ndjson.js';
import { bin, cleanEnvironment, runShell } from '../support/program.js';
import { temporaryFolder } from '../support/temporary.js';

const url = 'http://lab.userlabs-demo:8888/nb/user/demo/\n';
const nobody = 'http://127.0.0.1:9';

/** A user that the system knows by number only. */
const uid = 54_321;

/** Runs `lab` as that user, whose home folder is `home`. */
function asStranger(args: readonly string[], home: string | null, env: Record<string, string> = {}) {
  const rest = cleanEnvironment({ TMPDIR: '/tmp', ...env });
  delete rest['HOME'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    uid,
    gid: uid,
    cwd: '/',
    env: home === null ? rest : { ...rest, HOME: home },
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

function whyNotStranger(): string | false {
  if (process.getuid?.() !== 0) return 'only a superuser can be somebody else';
  return asStranger(['--version'], '/').code === 0 ? false : 'this copy is not for everybody to read';
}

describe('without a home folder', { skip: whyNotStranger(), timeout: 60_000 }, () => {
  it('everything runs that needs none', () => {
    const demo = asStranger(['spawn', '--demo', 'immediate'], null);
    assert.deepEqual([demo.code, demo.stdout], [0, url], demo.stderr);
    const env = { LAB_CONTROLLER: nobody, LAB_TOKEN: 'gt-x' };
    const status = asStranger(['status', '-o', 'json'], null, env);
    assert.equal(resultOf(status.stdout).outcome, 'unknown', status.stderr);
  });

  it('the result says what is missing', () => {
    const { code, stdout } = asStranger(['status', '-o', 'json'], null);
    assert.equal(code, 2);
    const { outcome, message } = resultOf(stdout);
    assert.equal(outcome, 'usage');
    assert.match(message, /^no controller: /);
  });

  it('profiles have no directory', () => {
    for (const args of [
      ['config', 'path'],
      ['config', 'set', 'user', 'anna'],
    ]) {
      const { code, stdout, stderr } = asStranger(args, null);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(
        stderr,
        /^✖ there is no home directory for the profiles\. Set HOME or XDG_CONFIG_HOME\.\n$/,
      );
    }
  });

  it('a profile elsewhere says what it needs it for', () => {
    const base = temporaryFolder();
    mkdirSync(join(base, 'nublado-lab'));
    const file = join(base, 'nublado-lab', 'config.json');
    const profile = { controller: nobody, token_file: '~/token' };
    writeFileSync(file, JSON.stringify({ profiles: { default: profile } }));
    for (const folder of [join(base, '..'), base, join(base, 'nublado-lab')]) chmodSync(folder, 0o755);
    const { code, stderr } = asStranger(['status'], null, { XDG_CONFIG_HOME: base });
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^✖ profile default \(.*\): token_file: ~\/token: there is no home directory\. Set HOME\.\n$/,
    );
  });
});

describe('with a home folder that may not be entered', { skip: whyNotStranger(), timeout: 60_000 }, () => {
  const home = temporaryFolder();

  it('everything runs whose settings are given', () => {
    const env = { LAB_CONTROLLER: nobody, LAB_TOKEN: 'gt-x' };
    const { code, stderr } = asStranger(['status', '-v'], home, env);
    assert.equal(code, 7);
    assert.match(stderr, /profile default: from default; .*config\.json: cannot be read: permission denied/);
  });

  it('a setting that may be there is wrong usage', () => {
    const { code, stderr } = asStranger(['status'], home, { LAB_CONTROLLER: nobody });
    assert.equal(code, 2);
    assert.match(stderr, /^✖ .*config\.json: cannot be read: permission denied\n$/);
  });
});

describe('without a working directory', { timeout: 60_000 }, () => {
  const inDeleted = (command: string, env: Record<string, string> = {}) =>
    runShell(`cd ${temporaryFolder()} && rmdir "$PWD" && ${command}`, env);

  it('everything runs that is relative to none', async () => {
    const { code, stdout } = await inDeleted('lab spawn --demo immediate');
    assert.deepEqual([code, stdout], [0, url]);
    const command = await inDeleted('lab controller -- sh -c "exit 3"');
    assert.equal(command.code, 3, command.stderr);
    const set = await inDeleted('lab config set token_file /token', { XDG_CONFIG_HOME: temporaryFolder() });
    assert.equal(set.code, 0, set.stderr);
  });

  it('what is relative to it is wrong usage', async () => {
    const { code, stderr } = await inDeleted('lab config set token_file token', {
      XDG_CONFIG_HOME: temporaryFolder(),
    });
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^✖ lab config set token_file: the directory in which this runs does not exist any more\. /,
    );
    const log = await inDeleted('lab spawn --demo immediate --log-file log');
    assert.deepEqual([log.code, log.stderr], [2, '✖ --log-file: cannot write log: no such file\n']);
  });
});

describe('without streams', { timeout: 60_000 }, () => {
  it('the outcome is the same', async () => {
    for (const closed of ['<&-', '>&-', '2>&-', '<&- >&- 2>&-']) {
      const { code } = await runShell(`lab spawn --demo immediate ${closed}`);
      assert.equal(code, 0, closed);
    }
  });

  it('a token from stdin is wrong usage', async () => {
    const status = `lab status --controller ${nobody} --token-file - -o json`;
    for (const [stdin, problem] of [
      ['<&-', /it contains no token/],
      ['</', /it contains no token/],
      ['0>/dev/null', /^--token-file: cannot read stdin: it is not open for this$/],
    ] as const) {
      const { code, stdout } = await runShell(`${status} ${stdin}`);
      assert.equal(code, 2, stdin);
      assert.match(resultOf(stdout).message, problem);
    }
  });

  it('nothing is promised where stdout cannot be written', async () => {
    const { code, stderr } = await runShell('lab spawn --demo immediate -q 1</dev/null');
    assert.deepEqual([code, stderr], [7, 'cannot write to stdout: EBADF\n']);
  });
});

describe('a run that waits for nothing', { timeout: 60_000 }, () => {
  // A stdin that brings neither anything nor its end, and that the process does not wait for.
  const preload = join(temporaryFolder(), 'stdin.cjs');
  writeFileSync(
    preload,
    `const stdin = new (require('node:stream').Readable)({ read() {} });
     Object.defineProperty(process, 'stdin', { get: () => stdin });`,
  );

  it('is a bug, and says so', async () => {
    const { code, stdout } = await runShell(
      `"$node" --require ${preload} "$lab" status --timeout 0 --controller ${nobody} --token-file - -o json`,
    );
    assert.equal(code, 70);
    assert.equal(resultOf(stdout).message, 'internal error: there is nothing left to wait for');
  });
});
