/**
 * Holds the floors of the house: imports only go down, and only `main` and `process` touch the process.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** What every room may use, except the model. */
const small = new Set(['context', 'deadline', 'retry', 'pace', 'wake', 'system-clock', 'garbage']);

/** From the top down. Rooms on one floor may not import each other. */
const floors = [
  ['main'],
  ['process'],
  ['cli'],
  ['commands', 'library'],
  ['controller', 'stream', 'display', 'config', 'embedded', 'connect'],
  [...small],
  ['model'],
];

/** The library face gathers from everywhere and is imported by nobody. */
const face = 'index';

interface Import {
  from: string;
  to: string;
}

function room(path: string): string {
  return (relative(src, path).split('/')[0] ?? '').replace(/\.[jt]s$/, '');
}

const imports: Import[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => {
    const path = join(src, file);
    const text = readFileSync(path, 'utf8');
    const own = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g)];
    return own.map(([, target]) => ({ from: path, to: join(dirname(path), target ?? '') }));
  });

describe('the floors', () => {
  it('are read from the sources', () => {
    assert.ok(imports.length > 100);
    assert.ok(imports.some(({ from, to }) => room(from) === 'commands' && room(to) === 'stream'));
  });

  it('know every room', () => {
    const known = new Set([...floors.flat(), face]);
    const rooms = new Set(imports.flatMap(({ from, to }) => [room(from), room(to)]));
    assert.deepEqual(
      [...rooms].filter((name) => !known.has(name)),
      [],
    );
  });

  it('are never left upwards or sideways', () => {
    const level = (name: string): number => floors.findIndex((floor) => floor.includes(name));
    const wrong = imports.filter(({ from, to }) => {
      const [upper, lower] = [room(from), room(to)];
      if (upper === face || upper === lower) return false;
      if (small.has(upper) && small.has(lower)) return false;
      return lower === face || level(lower) <= level(upper);
    });
    assert.deepEqual(
      wrong.map(({ from, to }) => `${relative(src, from)} imports ${relative(src, to)}`),
      [],
    );
  });

  it('leave the process and its globals to main and process', () => {
    const offenders = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !/^(main\.ts|system-clock\.ts|process\/.*)$/.test(file))
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
