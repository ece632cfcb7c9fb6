// Makes build/lab, one executable with Node in it, and sees it work where there is no Node. The Node that runs
// this is the one embedded, so it has to be one that stands alone, as those of nodejs.org and npm do.
//
// The way is Node's own: a prepared script, put into a copy of Node (nodejs.org/api/single-executable-applications).
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'postject';
import { bundleOne, root } from './bundle.js';

const folder = join(root, 'build');
const binary = join(folder, process.platform === 'win32' ? 'lab.exe' : 'lab');
const mac = process.platform === 'darwin';

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
await bundleOne('bin/lab.js', join(folder, 'lab.cjs'));
writeFileSync(
  join(folder, 'sea.json'),
  JSON.stringify({
    main: 'lab.cjs',
    output: 'lab.blob',
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
  }),
);
execFileSync(process.execPath, ['--experimental-sea-config', 'sea.json'], { cwd: folder, stdio: 'inherit' });
copyFileSync(process.execPath, binary);
chmodSync(binary, 0o755);
if (mac) execFileSync('codesign', ['--remove-signature', binary]);
await inject(binary, 'NODE_SEA_BLOB', readFileSync(join(folder, 'lab.blob')), {
  // Node's own mark of the place.
  sentinelFuse: 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
  ...(mac ? { machoSegmentName: 'NODE_SEA' } : {}),
});
if (mac) execFileSync('codesign', ['--sign', '-', binary]);
for (const name of ['lab.cjs', 'sea.json', 'lab.blob']) rmSync(join(folder, name));
copyFileSync(join(root, 'dist', 'THIRD-PARTY-LICENSES.txt'), join(folder, 'THIRD-PARTY-LICENSES.txt'));

const { stdout, stderr, status } = spawnSync(binary, ['spawn', '--demo', 'immediate'], {
  cwd: '/',
  env: { PATH: '' },
  encoding: 'utf8',
});
assert.equal(status, 0, stderr);
assert.equal(stdout, 'http://lab.userlabs-demo:8888/nb/user/demo/\n');
assert.match(stderr, /^[^\n]* Starting lab creation for demo\n/);
assert.equal(
  spawnSync(binary, ['--version'], { env: {}, encoding: 'utf8' }).stdout.trim().split('.').length,
  3,
);
const size = Math.round(statSync(binary).size / 1024 / 1024);
console.log(`${binary}: ${size} MiB with Node ${process.version}; runs without Node and with an empty PATH`);
