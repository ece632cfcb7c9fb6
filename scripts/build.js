// Builds dist from scratch: the program in chunks that are loaded on demand, the library with its types, and the
// licences of the bundled packages. Then generates the manual page and the completion scripts.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bundlePieces, root } from './bundle.js';
import { bundledPackages, licencesOf } from './licences.js';
import { bundleTypes } from './types.js';

const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);

const { files, metafile } = await bundlePieces({ main: 'src/main.ts', index: 'src/index.ts' }, 'dist');
for (const { path, text } of files) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), licencesOf(bundledPackages(metafile)));
// The contents of each chunk, for the tests; not packaged.
writeFileSync(join(dist, 'meta.json'), JSON.stringify(metafile));

// The help for a stdout that is not a terminal; bin/lab.js prints it without loading the program.
const help = execFileSync(process.execPath, [join(dist, 'main.cjs'), '--help'], {
  encoding: 'utf8',
  env: { ...process.env, COLUMNS: '' },
});
writeFileSync(join(dist, 'help.cjs'), `module.exports = ${JSON.stringify(help)};\n`);

// Both ways to load the library give the same objects: the file for `import` re-exports the one for `require`.
const names = Object.keys(createRequire(import.meta.url)('../dist/index.cjs')).sort();
writeFileSync(join(dist, 'index.js'), `export { ${names.join(', ')} } from './index.cjs';\n`);
await bundleTypes([join(dist, 'index.d.ts'), join(dist, 'index.d.cts')]);

execFileSync(process.execPath, ['--import', 'tsx', 'scripts/pages.ts'], { cwd: root, stdio: 'inherit' });
