/**
 * Enforces the layers of src (docs/architecture.md): imports only point downwards, and only `main` and `process` touch the
 * process.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** From the top down. Folders of one layer may not import each other. */
const layers = [
  ['main'],
  ['process'],
  ['cli'],
  ['commands', 'library'],
  ['backends'],
  ['http', 'stream', 'display', 'config', 'simulator'],
  ['runtime'],
  ['model'],
];

/** The public API imports from every layer and is imported by none. */
const publicApi = 'index';

interface Import {
  from: string;
  to: string;
}

/** The folder directly below src, or the file there. */
function moduleOf(path: string): string {
  return (relative(src, path).split('/')[0] ?? '').replace(/\.[jt]s$/, '');
}

const sources = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

const imports: Import[] = sources.flatMap((file) => {
  const path = join(src, file);
  const own = [...readFileSync(path, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g)];
  return own.map(([, target]) => ({ from: path, to: join(dirname(path), target ?? '') }));
});

function shown(wrong: Import[]): string[] {
  return wrong.map(({ from, to }) => `${relative(src, from)} imports ${relative(src, to)}`);
}

describe('the layers', () => {
  it('are read from the sources', () => {
    assert.ok(imports.length > 100);
    assert.ok(imports.some(({ from, to }) => moduleOf(from) === 'commands' && moduleOf(to) === 'stream'));
  });

  it('contain every folder', () => {
    const known = new Set([...layers.flat(), publicApi]);
    const found = new Set(imports.flatMap(({ from, to }) => [moduleOf(from), moduleOf(to)]));
    assert.deepEqual(
      [...found].filter((name) => !known.has(name)),
      [],
    );
  });

  it('leave no loose files but main.ts and index.ts', () => {
    assert.deepEqual(
      sources.filter((file) => !file.includes('/')),
      ['index.ts', 'main.ts'],
    );
  });

  it('only import from layers below their own', () => {
    const level = (name: string): number => layers.findIndex((layer) => layer.includes(name));
    const wrong = imports.filter(({ from, to }) => {
      const [upper, lower] = [moduleOf(from), moduleOf(to)];
      if (upper === publicApi || upper === lower) return false;
      return lower === publicApi || level(lower) <= level(upper);
    });
    assert.deepEqual(shown(wrong), []);
  });

  it('keep the simulator free of code of the client side of a protocol', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        moduleOf(from) === 'simulator' && ['backends', 'http', 'stream'].includes(moduleOf(to)),
    );
    assert.deepEqual(shown(wrong), []);
  });

  it('keep the commands from knowing which backend they talk to', () => {
    const wrong = imports.filter(
      ({ from, to }) => moduleOf(from) === 'commands' && /^backends\/[^/]+\//.test(relative(src, to)),
    );
    assert.deepEqual(shown(wrong), []);
  });

  it('keep the backends independent of each other', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [one, other] = [from, to].map((path) => /^backends\/([^/]+)\//.exec(relative(src, path))?.[1]);
      return one !== undefined && other !== undefined && one !== other;
    });
    assert.deepEqual(shown(wrong), []);
  });

  it('leave the process and its globals to main and process', () => {
    const offenders = sources
      .filter((file) => !/^(main\.ts|runtime\/system-clock\.ts|process\/.*)$/.test(file))
      .filter((file) => {
        const code = readFileSync(join(src, file), 'utf8').replace(
          /\/\*[^]*?\*\/|\/\/.*|`[^`]*`|'[^'\n]*'/g,
          '',
        );
        return /\bprocess\.|\b(setTimeout|setInterval|setImmediate|Date\.now|performance\.now|Math\.random)\(/.test(
          code,
        );
      });
    assert.deepEqual(offenders, []);
  });
});
