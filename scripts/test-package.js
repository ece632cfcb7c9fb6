// Packs the package as the registry would, installs the tarball in an empty folder, and uses it as a user would:
// the program, and the library face from JavaScript and TypeScript.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tool = (name) => join(root, 'node_modules', '.bin', name);
const folder = mkdtempSync(join(tmpdir(), 'lab-package-'));

/** Runs a program to its end and returns its stdout, which is shown where it fails. */
function run(cwd, program, ...args) {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  } catch (error) {
    process.stderr.write(error.stdout ?? '');
    throw error;
  }
}

function checkFiles(files) {
  const allowed =
    /^(bin\/(lab\.js|package\.json)|dist\/(chunks\/)?[\w-]+\.cjs(\.map)?|dist\/(index\.(js|d\.ts|d\.cts)|THIRD-PARTY-LICENSES\.txt)|share\/.+|README\.md|LICENSE|CHANGELOG\.md|package\.json)$/;
  assert.deepEqual(
    files.filter((path) => !allowed.test(path)),
    [],
    'the package holds what no user needs',
  );
  const needed = ['bin/lab.js', 'bin/package.json', 'dist/main.cjs', 'dist/index.js', 'dist/index.d.ts'];
  needed.push(
    'dist/help.cjs',
    'dist/THIRD-PARTY-LICENSES.txt',
    'share/man/man1/lab.1',
    'LICENSE',
    'README.md',
  );
  for (const path of needed) assert.ok(files.includes(path), `${path} is missing from the package`);
}

function checkProgram() {
  for (const name of ['lab', 'nublado-lab']) {
    const url = run(folder, join('node_modules', '.bin', name), 'spawn', '--demo', 'immediate');
    assert.equal(url, 'http://lab.userlabs-demo:8888/nb/user/demo/\n');
  }
}

const frame = 'event: info\r\ndata: {"message": "hi", "progress": 5}\r\n\r\n';
const useOfFace = `process.stdout.write(toSse(Event.parse({ type: 'info', message: 'hi', progress: 5 })));`;

function checkJavaScript() {
  writeFileSync(join(folder, 'consumer.mjs'), `import { Event, toSse } from 'nublado-lab';\n${useOfFace}`);
  writeFileSync(
    join(folder, 'consumer.cjs'),
    `const { Event, toSse } = require('nublado-lab');\n${useOfFace}`,
  );
  for (const file of ['consumer.mjs', 'consumer.cjs']) {
    assert.equal(run(folder, process.execPath, file), frame, file);
  }
}

/** Whoever imports the library finds the world as it was. */
function checkNoSideEffects() {
  writeFileSync(
    join(folder, 'effects.mjs'),
    `import assert from 'node:assert/strict';
     const world = () => ({
       globals: Reflect.ownKeys(globalThis).map(String),
       prototypes: [Object, Array, String, Promise, Function].flatMap((known) =>
         Reflect.ownKeys(known.prototype).map(String),
       ),
       resources: process.getActiveResourcesInfo(),
       listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
       env: { ...process.env },
       exitCode: process.exitCode,
     });
     // The module loader closes its files in its own time.
     const settled = async () => {
       while (process.getActiveResourcesInfo().includes('CloseReq')) await new Promise(setImmediate);
       return world();
     };
     const before = await settled();
     await import('nublado-lab');
     assert.deepEqual(await settled(), before);`,
  );
  assert.equal(run(folder, process.execPath, 'effects.mjs'), '');
}

function checkTypeScript() {
  const consumer = `import { decode, Event, toSse, type Decoded, type EventType } from 'nublado-lab';
const event: Event = Event.parse({ type: 'info', message: 'hi', progress: 5 });
const type: EventType = event.type;
const progress: number | null = event.progress;
const decoded: Decoded = decode({ event: type, data: '{}' });
if (decoded.kind === 'invalid') process.stdout.write(decoded.reason);
// @ts-expect-error there is no such type of event
const wrong: Event = { type: 'nonsense', message: '', progress };
export const text: string = toSse(event) + toSse(wrong);
`;
  for (const [file, module, resolution] of [
    ['consumer.mts', 'node16', 'node16'],
    ['consumer.cts', 'node16', 'node16'],
    ['consumer.mts', 'esnext', 'bundler'],
  ]) {
    writeFileSync(join(folder, file), consumer);
    const strict = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      'false',
      '--target',
      'es2022',
      '--lib',
      'es2022',
    ];
    const types = ['--typeRoots', join(root, 'node_modules', '@types'), '--types', 'node'];
    run(folder, tool('tsc'), ...strict, ...types, '--module', module, '--moduleResolution', resolution, file);
  }
}

try {
  const [packed] = JSON.parse(
    run(root, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder),
  );
  const tarball = join(folder, packed.filename);
  for (const { path, size } of packed.files) console.log(`${String(size).padStart(8)}  ${path}`);
  checkFiles(packed.files.map(({ path }) => path));
  run(root, tool('publint'), 'run', tarball, '--strict');
  run(root, tool('attw'), tarball);

  writeFileSync(join(folder, 'package.json'), '{"private": true}');
  run(folder, 'npm', 'install', '--no-audit', '--no-fund', '--silent', tarball);
  const installed = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
  assert.deepEqual(installed, ['nublado-lab'], 'another package came along');
  checkProgram();
  checkJavaScript();
  checkNoSideEffects();
  checkTypeScript();
  console.log(
    `package: ${packed.files.length} files, ${Math.round(packed.size / 1024)} KiB packed, ` +
      `${Math.round(packed.unpackedSize / 1024)} KiB unpacked, no dependencies; installed and used`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
