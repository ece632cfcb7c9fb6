// Builds build/lab, one executable file with Node embedded, and checks that it runs without Node installed. The Node
// that runs this script is the one that is embedded, so it must be self-contained, like the ones from nodejs.org and
// npm.
//
// Follows nodejs.org/api/single-executable-applications: `--build-sea` where Node has it (from 25.5), otherwise a
// blob that postject writes into a copy of Node.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'postject';
import { bundleOne, root } from './bundle.js';

const folder = join(root, 'build');
const binary = join(folder, process.platform === 'win32' ? 'lab.exe' : 'lab');
const mac = process.platform === 'darwin';

/** Runs a program in the build folder and returns its stdout. Its messages are shown only if it fails. */
function run(program, ...args) {
  const { status, error, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit code ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** Writes the configuration for Node; `output` is the file that Node makes from it. */
function writeConfig(output) {
  const config = { main: 'lab.cjs', output, disableExperimentalSEAWarning: true, useCodeCache: true };
  writeFileSync(join(folder, 'sea.json'), JSON.stringify(config));
}

async function injectBlob() {
  writeConfig('lab.blob');
  run(process.execPath, '--experimental-sea-config', 'sea.json');
  copyFileSync(process.execPath, binary);
  chmodSync(binary, 0o755);
  if (mac) run('codesign', '--remove-signature', binary);
  // postject warns about the names of ELF notes, once for each, and they do not matter here.
  const { warn } = console;
  console.warn = (line) => {
    if (!String(line).startsWith("warning: Can't find string offset for section name")) warn(line);
  };
  try {
    await inject(binary, 'NODE_SEA_BLOB', readFileSync(join(folder, 'lab.blob')), {
      // The marker that Node looks for.
      sentinelFuse: 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
      ...(mac ? { machoSegmentName: 'NODE_SEA' } : {}),
    });
  } finally {
    console.warn = warn;
  }
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
await bundleOne('bin/lab.js', join(folder, 'lab.cjs'));
if (run(process.execPath, '--help').includes('--build-sea')) {
  writeConfig(binary);
  run(process.execPath, '--build-sea', 'sea.json');
} else {
  await injectBlob();
}
if (mac) run('codesign', '--sign', '-', binary);
for (const name of ['lab.cjs', 'sea.json', 'lab.blob']) rmSync(join(folder, name), { force: true });
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
