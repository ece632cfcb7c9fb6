/**
 * package.json and the lock file: what npm would otherwise warn about or leave out. Installing the packed package is
 * `npm run test:package`'s.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

interface Package {
  man: unknown;
  scripts: Record<string, string>;
  allowScripts: Record<string, boolean>;
}

interface Lock {
  packages: Record<string, { hasInstallScript?: boolean }>;
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
}

const manifest = read('package.json') as Package;
const { packages } = read('package-lock.json') as Lock;

describe('package.json', () => {
  it('decides for every install script of a dependency, because npm warns about the others', () => {
    const withScript = Object.entries(packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => path.replace(/^.*node_modules\//, ''));
    assert.deepEqual(Object.keys(manifest.allowScripts).sort(), [...new Set(withScript)].sort());
  });

  it('has no script that npm warns about when the packed file is installed', () => {
    const names = Object.keys(manifest.scripts);
    assert.deepEqual(
      names.filter((name) => ['preinstall', 'install', 'postinstall', 'prepare'].includes(name)),
      [],
    );
  });

  it('names the manual page in an array, because npm links no other', () => {
    assert.deepEqual(manifest.man, ['./share/man/man1/lab.1']);
  });
});
