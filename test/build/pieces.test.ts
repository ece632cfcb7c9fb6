/**
 * What the build makes of src: which pieces a command loads, and what of undici is in them.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import { temporaryFolder } from '../support/temporary.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** esbuild's account of the build. */
interface Account {
  outputs: Record<
    string,
    {
      entryPoint?: string;
      inputs: Record<string, unknown>;
      imports: { path: string; kind: string; external?: boolean }[];
    }
  >;
}

const { outputs } = JSON.parse(readFileSync(join(root, 'dist/meta.json'), 'utf8')) as Account;

/** The files that loading a source file loads, and not later. */
function loadedWith(source: string): Set<string> {
  const entry = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === source);
  assert.ok(entry !== undefined, `${source} is no piece of its own`);
  const pieces = new Set([entry]);
  for (const piece of pieces) {
    for (const { path, kind, external } of outputs[piece]?.imports ?? []) {
      if (kind !== 'dynamic-import' && external !== true) pieces.add(path);
    }
  }
  return new Set([...pieces].flatMap((piece) => Object.keys(outputs[piece]?.inputs ?? {})));
}

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

  it('of the library face hold no command line', () => {
    assert.ok(!packagesWith('src/index.ts').includes('commander'));
  });
});

describe('the bundled undici', () => {
  it('has all that the sources ask of undici', () => {
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
    const bundled = readFileSync(join(root, 'scripts/undici.js'), 'utf8');
    const has =
      /^export \{(.*)\};$/m
        .exec(bundled)?.[1]
        ?.split(',')
        .map((name) => name.trim()) ?? [];
    assert.deepEqual(
      asked.filter((name) => !has.includes(name)),
      [],
    );
  });
});

describe('a failed assertion in what is bundled', () => {
  it('is none of Node, which would parse the whole bundle to word it', () => {
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
      const piece = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === source);
      assert.ok(piece !== undefined);
      rmSync(join(folder, piece));
      const run = spawnSync(process.execPath, [join(folder, 'bin/lab.js'), 'status', '--demo'], {
        encoding: 'utf8',
      });
      assert.equal(run.status, 70);
      assert.match(run.stderr, /^internal error in nublado-lab \S+: MODULE_NOT_FOUND\n$/);
    });
  }
});
