import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { readUserOptions, type UserOptionFlags } from '../../src/config/user-options.js';
import { UsageError } from '../../src/model/usage-error.js';
import { fakeContext } from '../support/context.js';
import { temporaryFolder } from '../support/temporary.js';

const folder = temporaryFolder();

async function read(flags: UserOptionFlags, env: Record<string, string> = {}, stdin = '') {
  const input = new PassThrough();
  input.end(stdin);
  return readUserOptions(flags, fakeContext({ env, in: input }));
}

function file(content: string): string {
  const path = join(folder, `options-${Math.random().toString(36).slice(2)}.json`);
  writeFileSync(path, content);
  return path;
}

const usage = (pattern: RegExp) => (error: unknown) =>
  error instanceof UsageError &&
  pattern.test(error.message) &&
  !(error.message + (error.hint ?? '')).includes('secret');

describe('the options for a Spawner', () => {
  it('are empty if none are given', async () => {
    assert.deepEqual(await read({}), { options: {}, secrets: [] });
  });

  it('are text after =, and JSON after :=', async () => {
    const option = [
      'profile=gpu',
      'cpu:=2',
      'on:=true',
      'list:=["a"]',
      'empty=',
      'url=https://x/?a=b',
      'a:b=c',
    ];
    assert.deepEqual((await read({ option })).options, {
      profile: 'gpu',
      cpu: 2,
      on: true,
      list: ['a'],
      empty: '',
      url: 'https://x/?a=b',
      'a:b': 'c',
    });
  });

  it('replace earlier ones, without merging', async () => {
    const optionsFile = file('{"a": {"x": 1}, "b": 1}');
    const found = await read({ optionsFile, option: ['a:={"y":2}', 'c=1', 'c=2'] });
    assert.deepEqual(found.options, { a: { y: 2 }, b: 1, c: '2' });
  });

  it('may be secrets from the environment', async () => {
    const found = await read({ optionEnv: ['key=API_KEY'] }, { API_KEY: 'secret-value' });
    assert.deepEqual(found, { options: { key: 'secret-value' }, secrets: ['secret-value'] });
  });

  it('may come from stdin', async () => {
    assert.deepEqual((await read({ optionsFile: '-' }, {}, '{"a": 1}')).options, { a: 1 });
  });

  it('may be those of the last spawn, and then no others', async () => {
    assert.equal((await read({ reuseOptions: true })).options, 'reuse');
    await assert.rejects(read({ reuseOptions: true, option: ['a=b'] }), usage(/^--reuse-options/));
  });

  it('cannot change what every object inherits', async () => {
    const { options } = await read({ option: ['__proto__:={"polluted":true}', 'constructor=x'] });
    assert.deepEqual(Object.keys(options), ['__proto__', 'constructor']);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    await assert.rejects(read({ optionEnv: ['a=constructor'] }), usage(/is not set/));
  });

  for (const [what, flags, message] of [
    ['an option without =', { option: ['secret'] }, /^--option: expected KEY=VALUE/],
    ['an option without a key', { option: ['=secret'] }, /^--option: expected/],
    ['an option with broken JSON', { option: ['a:={secret'] }, /^--option a: what follows := is not JSON/],
    [
      'a variable that is not set',
      { optionEnv: ['a=NOT_SET'] },
      /^--option-env a: the variable NOT_SET is not set/,
    ],
    ['an option from no variable', { optionEnv: ['a'] }, /^--option-env: expected/],
    ['no file', { optionsFile: '/nonexistent/x' }, /^--options-file .*cannot be read: /],
    ['a directory', { optionsFile: folder }, /^--options-file .*cannot be read: /],
    ['a file that is not JSON', { optionsFile: file('secret') }, /it is not JSON/],
    ['a file with a list', { optionsFile: file('[]') }, /it is not a JSON object/],
    ['a file with null', { optionsFile: file('null') }, /it is not a JSON object/],
    ['a large file', { optionsFile: file(`{"a": "${'x'.repeat(1024 * 1024)}"}`) }, /more than 1048576 bytes/],
  ] as const) {
    it(`are wrong usage with ${what}`, async () => {
      await assert.rejects(read(flags), usage(message));
    });
  }
});
