/**
 * Which tests a change concerns, by the layout: test/ mirrors src/.
 *
 * Owns the rules only, for `npm run check`; they are also in CONTRIBUTING.md. They choose the near tests, not all that
 * could fail: `npm test` runs those.
 */
import { dirname } from 'node:path/posix';

/** The test files among `changed`, and the test files that `changed` concerns. `read` returns a test file's text. */
export function testsOf(
  changed: readonly string[],
  tests: readonly string[],
  read: (path: string) => string,
): string[] {
  const texts = new Map(tests.map((test) => [test, read(test)]));
  return [...new Set(changed.flatMap((path) => concerned(path, texts)))].sort();
}

function concerned(path: string, texts: ReadonlyMap<string, string>): string[] {
  const all = [...texts.keys()];
  if (texts.has(path)) return [path];
  if (/^(bin|scripts)\/|^package(-lock)?\.json$/.test(path)) return inFolder(all, 'test/build');
  if (/^(README|CONTRIBUTING|CHANGELOG)\.md$|^docs\//.test(path)) return ['test/build/docs.test.ts'];
  if (!/^(src|test)\/.*\.ts$/.test(path)) return [];
  const module = path.replace(/\.ts$/, '.js');
  // `../src/a/b.js` and `../../src/a/b.js` end alike, and so do `./b.js` and `../support/b.js`.
  const specifier = path.startsWith('src/') ? module : module.replace(/^test\/(.*\/)?/, '');
  const importers = all.filter((test) => texts.get(test)?.includes(`/${specifier}'`) === true);
  if (path.startsWith('test/')) return importers;
  const mirrored = path.replace(/^src/, 'test').replace(/\.ts$/, '.test.ts');
  const own = texts.has(mirrored) ? [mirrored] : [];
  const near = [...own, ...importers];
  return ['test/layers.test.ts', ...(near.length > 0 ? near : inFolder(all, dirname(mirrored)))];
}

/** The tests in a folder; if it has none, those in its parent folder. */
function inFolder(tests: readonly string[], folder: string): string[] {
  const found = tests.filter((test) => dirname(test) === folder);
  return found.length > 0 || folder === 'test' ? found : inFolder(tests, dirname(folder));
}
