/**
 * The check that applies to every child process of the suite, itself checked: what it takes for a secret, and that a
 * leak fails regardless of how the child was started.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { atTerminal, runLab, runShell } from './program.js';
import { findLeak, leakOf, secretsOf, wordsOf } from './secrecy.js';
import { temporaryFolder } from './temporary.js';

const token = 'planted-token-0001';
const whole = `gt-${'a_Z-'.repeat(6).slice(0, 22)}.${'0'.repeat(22)}`;

const folder = temporaryFolder();
const tokenFile = join(folder, 'token');
writeFileSync(tokenFile, `${token}\n`);

describe('the secrets of a command line', () => {
  it('are tokens, whichever way they are given', () => {
    for (const name of ['LAB_TOKEN', 'NUBLADO_TOKEN', 'ACCESS_TOKEN']) {
      assert.deepEqual(secretsOf({ args: [], env: { [name]: token } }), [token]);
    }
    for (const args of [['--token-file', tokenFile], [`--token-file=${tokenFile}`]]) {
      assert.deepEqual(secretsOf({ args, env: {} }), [token]);
    }
    assert.deepEqual(secretsOf({ args: [], env: { LAB_TOKEN_FILE: tokenFile } }), [token]);
    for (const [args, env] of [
      [['--token-file', '-'], {}],
      [[], { LAB_TOKEN_FILE: '-' }],
    ] as [string[], Record<string, string>][]) {
      assert.deepEqual(secretsOf({ args, env, input: `${token}\n` }), [token]);
    }
  });

  it('are the values of --env that are not plain words', () => {
    const args = ['spawn', '--env', 'A=hunter2=hunter2', '--env=B=short', '--env', 'INHERITED'];
    assert.deepEqual(secretsOf({ args, env: { INHERITED: 'from outside' } }), [
      'hunter2=hunter2',
      'from outside',
    ]);
  });

  it('are found in a script as well', () => {
    const args = wordsOf(`lab spawn --env "A=hunter2hunter2" --token-file '${tokenFile}'; echo done`);
    assert.deepEqual(secretsOf({ args, env: {} }), [token, 'hunter2hunter2']);
  });
});

describe('a leak', () => {
  it('is a secret, or whatever has the form of a token, in any of the texts', () => {
    assert.equal(findLeak(['nothing', `x${token}x`], [token]), token);
    assert.equal(findLeak([`token=${whole};`], []), whole);
    assert.equal(findLeak(['nothing', 'gt-short.token'], [token]), null);
  });

  it('is a secret in every form, or a longer line of one', () => {
    const key = `first line "1"\nsecond line \u00fc${token}`;
    const json = (text: string): string => JSON.stringify(text).slice(1, -1);
    for (const secret of [key, 'first line "1"', `second line \u00fc${token}`]) {
      const bytes = Array.from(Buffer.from(secret), (byte) => `%${byte.toString(16)}`);
      const forms = [
        json(secret),
        json(json(secret)),
        json(secret).replace('\u00fc', '\\u00fc'),
        json(json(secret).replace('\u00fc', '\\u00FC')),
        encodeURIComponent(secret),
        bytes.join(''),
        ...['\r\n', '\\n', '\\\\r', '%0A', '\\u000a'].map((end) => Array.from(secret).join(end)),
      ];
      for (const form of forms) assert.equal(findLeak(['nothing', `x${form}x`], [key]), key, form);
    }
    assert.equal(findLeak([`x${Array.from(whole).join('\\n')}x`], []), whole);
  });

  it('is looked for in the log file too, and not repeated', () => {
    const log = join(folder, 'log');
    writeFileSync(log, `> ${token}\n`);
    const started = { args: ['spawn', '--env', `A=${token}`, `--log-file=${log}`], env: {} };
    const { message } = leakOf(started, secretsOf(started), '') ?? new Error('none');
    assert.equal(message, `a secret is in the log file of: spawn --env A=[secret] --log-file=${log}`);
    writeFileSync(log, '');
    assert.equal(leakOf(started, secretsOf(started), ''), null);
  });

  it('fails the test that started the child', async () => {
    const planted = /a secret is in stdout or stderr of/;
    await assert.rejects(runShell('echo "$LAB_TOKEN"', { LAB_TOKEN: token }), planted);
    await assert.rejects(runShell(`cat ${tokenFile} >&2; : --token-file ${tokenFile}`), planted);
    await assert.rejects(runShell(`echo ${whole}`), planted);
    await assert.rejects(atTerminal('echo "$LAB_TOKEN"', { env: { LAB_TOKEN: token } }).finished, planted);
    // A profile's name is in the message, so this is a leak through the program itself.
    await assert.rejects(
      runLab(['wait', '--profile', 'planted-profile'], { LAB_TOKEN: 'planted-profile' }),
      planted,
    );
  });

  it('is not a leak where a script may show it', async () => {
    const { stdout } = await runShell('echo "$LAB_TOKEN"', { LAB_TOKEN: token }, { printsSecrets: true });
    assert.equal(stdout, `${token}\n`);
  });
});
