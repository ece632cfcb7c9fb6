/**
 * The documentation names files that exist.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

/** Paths in the repository, and the targets of relative links. Paths with a capital word or a * stand for many. */
function filesIn(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  const named =
    text.match(/(?<![\w./-])(?:src|test|scripts|bench|bin|docs|\.ci)\/[\w./{},*-]*[\w/}*]/g) ?? [];
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) =>
    join(dirname(page), target),
  );
  return [...named.flatMap(alternatives), ...links].filter((path) => !/\*|\b[A-Z]+\b(?!\.md)/.test(path));
}

/** `a/{b,c}.ts` is two files. */
function alternatives(path: string): string[] {
  const [, before, list, after] = /^(.*)\{(.*)\}(.*)$/.exec(path) ?? [];
  return list === undefined ? [path] : list.split(',').map((each) => `${before ?? ''}${each}${after ?? ''}`);
}

describe('the files that the documentation names', () => {
  for (const page of pages) {
    it(`exist (${page})`, () => {
      const missing = [...new Set(filesIn(page))].filter((path) => !existsSync(join(root, path)));
      assert.deepEqual(missing, []);
    });
  }

  it('are found in the text', () => {
    assert.ok(filesIn('CONTRIBUTING.md').includes('src/main.ts'));
  });
});
