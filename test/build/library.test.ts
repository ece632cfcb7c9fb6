/**
 * The library as it is built: what it contains, what its types mention, and what loading it changes in the process.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe("the library's types", () => {
  for (const file of ['index.d.ts', 'index.d.cts']) {
    it(`mention no package (${file})`, () => {
      const types = readFileSync(`${root}dist/${file}`, 'utf8');
      assert.match(types, /declare function parseEvent\(value: unknown\): Parsed<Event>;/);
      assert.doesNotMatch(types, /\bzod\b|^import\b|\bimport\(|\bfrom ['"]/im);
    });
  }
});

describe('a program that uses zod as well', () => {
  it("finds none of the library's schemas in zod's global registry", () => {
    const code = `
      import { eventJsonSchema, parseEvent } from './dist/index.js';
      import { globalRegistry, toJSONSchema } from 'zod';
      parseEvent({});
      eventJsonSchema();
      console.log(JSON.stringify(toJSONSchema(globalRegistry)));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
      cwd: root,
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout), { schemas: {} });
  });
});
