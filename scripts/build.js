// Builds dist from nothing: the program in pieces that load when they are needed, the library face with its
// types, and the licences of what is bundled.
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
// What each piece consists of, for the tests; not packaged.
writeFileSync(join(dist, 'meta.json'), JSON.stringify(metafile));

// The help as it is where stdout is no terminal; bin/lab.js prints it without loading the program.
const help = execFileSync(process.execPath, [join(dist, 'main.cjs'), '--help'], { encoding: 'utf8' });
writeFileSync(join(dist, 'help.cjs'), `module.exports = ${JSON.stringify(help)};\n`);

// The library is one, however it is loaded: the module for `import` hands on what `require` gets.
const names = Object.keys(createRequire(import.meta.url)('../dist/index.cjs')).sort();
writeFileSync(join(dist, 'index.js'), `export { ${names.join(', ')} } from './index.cjs';\n`);
await bundleTypes([join(dist, 'index.d.ts'), join(dist, 'index.d.cts')]);

execFileSync(process.execPath, ['--import', 'tsx', 'scripts/pages.ts'], { cwd: root, stdio: 'inherit' });
