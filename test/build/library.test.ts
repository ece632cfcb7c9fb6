/**
 * The built library: what it contains, what its types mention, and what loading it changes in the process.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import { loadedWith } from '../support/metafile.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the library', () => {
  const inputs = [...loadedWith('src/index.ts', { later: true })].sort();

  it('is read from the metafile as a whole', () => {
    assert.ok(inputs.includes('src/library/lab-client.ts'));
    assert.ok(inputs.includes('src/backends/nublado/client.ts'), 'what is loaded on demand is missing');
  });

  it('contains code of the layers it needs only', () => {
    const others = inputs.filter(
      (file) =>
        file.startsWith('src/') &&
        !/^src\/(index\.ts$|(library|backends|http|stream|runtime|model)\/)/.test(file),
    );
    assert.deepEqual(others, ['src/config/parse.ts']);
  });

  it('contains no profiles, no token files, no certificate files and no proxies', () => {
    // The class by which a network error is recognised as a proxy's is all there is.
    const known = 'src/http/proxy-error.ts';
    assert.deepEqual(
      inputs.filter((file) => /profile|token|certificate|proxy/.test(file) && file !== known),
      [],
    );
  });

  it('contains no package of the command line or the display', () => {
    const packages = inputs.map((file) => /node_modules\/([^/]+)\//.exec(file)?.[1]);
    assert.deepEqual(
      [...new Set(packages.filter((name) => name !== undefined))],
      ['eventsource-parser', 'node-html-parser', 'undici', 'zod'],
    );
  });
});

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
