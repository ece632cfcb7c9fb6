/**
 * What the build makes of src: which pieces a command loads, and what of undici is in them.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import { entryOf, loadedWith, outputs } from '../support/metafile.js';
import { temporaryFolder } from '../support/temporary.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

function packagesWith(...sources: string[]): string[] {
  const files = sources.flatMap((source) => [...loadedWith(source)]);
  const names = files.map((file) => /node_modules\/([^/]+)\//.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

describe('the pieces', () => {
  it('of the entry hold no package at all', () => {
    assert.deepEqual(packagesWith('src/main.ts'), []);
  });

  it('of the command line hold commander alone', () => {
    assert.deepEqual(packagesWith('src/cli/program.ts'), ['commander']);
  });

  it('of a spawn without a terminal hold nothing for terminals, forms and demos', () => {
    const sources = ['src/cli/execute.ts', 'src/commands/spawn.ts', 'src/commands/session/session.ts'];
    sources.push('src/backends/nublado/client.ts', 'src/display/lines/plain.ts', 'src/display/human.ts');
    assert.deepEqual(packagesWith(...sources), ['chalk', 'commander', 'eventsource-parser', 'zod']);
    const files = sources.flatMap((source) => [...loadedWith(source)]);
    assert.deepEqual(
      files.filter((file) => file.startsWith('src/simulator/')),
      [],
    );
  });

  it('of `lab open` hold no code for browsers until one is opened', () => {
    const sources = ['src/cli/execute.ts', 'src/commands/open.ts', 'src/process/browser.ts'];
    assert.ok(!packagesWith(...sources).includes('open'));
    assert.ok(
      [...loadedWith('src/process/browser.ts', { later: true })].some((file) => file.includes('/open/')),
    );
  });
});

describe('the bundled undici', () => {
  it('has everything that the sources use of undici', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
    const asked = sources
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join(root, 'src', file), 'utf8'))
      .flatMap((code) => [
        ...code.matchAll(/const \{([^}]*)\} = await import\('undici'\)/g),
        ...code.matchAll(/^import \{([^}]*)\} from 'undici';/gm),
      ])
      .flatMap(([, names = '']) => names.split(',').map((name) => name.replace(/(:| as ).*/s, '').trim()))
      .filter((name) => name !== '' && !name.startsWith('type '));
    assert.ok(asked.includes('Agent'));
    const bundled = ['undici', 'undici-proxy'].map((name) =>
      readFileSync(join(root, `scripts/${name}.js`), 'utf8'),
    );
    const has = bundled
      .flatMap((code) => [...code.matchAll(/^export \{(.*)\}/gm)])
      .flatMap(([, names = '']) => names.split(',').map((name) => name.trim()));
    assert.deepEqual(
      asked.filter((name) => !has.includes(name)),
      [],
    );
  });
});

describe('a failed assertion in what is bundled', () => {
  it("is not Node's own, which would parse the whole bundle for its message", () => {
    const loaded = Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    assert.deepEqual(
      loaded.filter((path) => /^(node:)?assert\b/.test(path)),
      [],
    );
  });

  it('can only be one of a plain call, which is all that stands in its place', () => {
    const files = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
    const others = files.filter((file) => {
      if (!file.startsWith('node_modules/')) return false;
      const code = readFileSync(join(root, file), 'utf8');
      return /require\(['"](node:)?assert/.test(code) && /\bassert\.\w/.test(code);
    });
    assert.deepEqual(others, []);
  });
});

describe('the licences', () => {
  it('of all bundled packages are in the package', () => {
    const text = readFileSync(join(root, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
    const files = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
    const names = files.map((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
    const bundled = [...new Set(names.filter((name) => name !== undefined))];
    assert.ok(bundled.includes('undici') && bundled.includes('zod'));
    for (const name of bundled) assert.match(text, new RegExp(`^${name} \\d`, 'm'));
    assert.match(text, /Permission is hereby granted/);
  });
});

describe('an installation that lacks a piece', () => {
  for (const source of ['src/cli/program.ts', 'src/cli/execute.ts']) {
    it(`ends with 70, and not without a word (${basename(source)})`, () => {
      const folder = temporaryFolder();
      for (const part of ['bin', 'dist', 'package.json']) {
        cpSync(join(root, part), join(folder, part), { recursive: true });
      }
      rmSync(join(folder, entryOf(source)));
      const run = spawnSync(process.execPath, [join(folder, 'bin/lab.js'), 'status', '--demo'], {
        encoding: 'utf8',
      });
      assert.equal(run.status, 70);
      assert.match(
        run.stderr,
        /^internal error in nublado-lab \S+: MODULE_NOT_FOUND\n {2}Please report it to \S.*\.\n$/,
      );
    });
  }
});
