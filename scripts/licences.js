// Collects the licences of all bundled packages in one text.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bundle.js';

/** The folders of the packages in esbuild's metafile. */
export function bundledPackages(metafile) {
  const folders = Object.keys(metafile.inputs).map(
    (path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1],
  );
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}

/** Throws if a package has no licence file. */
export function licencesOf(folders) {
  const rule = '-'.repeat(78);
  const parts = folders.map((folder) => {
    const path = join(root, folder);
    const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    const file = readdirSync(path).find((known) => /^licen[cs]e\b/i.test(known));
    if (file === undefined) throw new Error(`${name} has no licence file, so it cannot be bundled`);
    return `${rule}\n${name} ${version} (${license})\n\n${readFileSync(join(path, file), 'utf8').trim()}\n`;
  });
  return `This package contains code of the following packages.\n\n${parts.join('\n')}`;
}
