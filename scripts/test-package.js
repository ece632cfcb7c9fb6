// Packs the package as the registry would, installs the tarball in an empty folder, and uses it as a user would.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lab-package-'));

/** Runs a program to its end and returns its stdout. */
function run(cwd, program, ...args) {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

try {
  const [packed] = JSON.parse(
    run(root, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder),
  );
  const files = packed.files.map(({ path }) => path);
  const strangers = files.filter(
    (path) =>
      !/^(bin\/lab\.js|dist\/.+\.(js|js\.map|d\.ts)|README\.md|LICENSE|CHANGELOG\.md|package\.json)$/.test(
        path,
      ),
  );
  assert.deepEqual(strangers, [], 'the package holds what no user needs');
  for (const path of [
    'bin/lab.js',
    'dist/main.js',
    'dist/index.js',
    'dist/index.d.ts',
    'LICENSE',
    'README.md',
  ]) {
    assert.ok(files.includes(path), `${path} is missing from the package`);
  }

  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  run(folder, 'npm', 'install', '--no-audit', '--no-fund', '--silent', join(folder, packed.filename));
  for (const name of ['lab', 'nublado-lab']) {
    const url = run(folder, join('node_modules', '.bin', name), 'spawn', '--demo', 'immediate');
    assert.equal(url, 'http://lab.userlabs-demo:8888/nb/user/demo/\n');
  }
  writeFileSync(
    join(folder, 'consumer.js'),
    `import { Event, toSse } from 'nublado-lab';
     process.stdout.write(toSse(Event.parse({ type: 'info', message: 'hi', progress: 5 })));`,
  );
  assert.equal(
    run(folder, process.execPath, 'consumer.js'),
    'event: info\r\ndata: {"message": "hi", "progress": 5}\r\n\r\n',
  );
  process.stdout.write(
    `package: ${files.length} files, ${Math.round(packed.size / 1024)} KiB packed; installed and used\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
