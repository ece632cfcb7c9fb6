// Packs the package as for the registry, installs the tarball in an empty folder, and uses it as a user would: the
// program, and the library from JavaScript and TypeScript. Uses the Node that runs this script.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tool = (name) => join(root, 'node_modules', '.bin', name);
const folder = mkdtempSync(join(tmpdir(), 'lab-package-'));

/** Runs a program to its end and returns its stdout. If the program fails, its stdout is printed. */
function run(cwd, program, ...args) {
  try {
    // Installed programs look up `node` in PATH and must find this one.
    const PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;
    return execFileSync(program, args, {
      cwd,
      env: { ...process.env, PATH },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      // A program that does not exit has left something open.
      timeout: 120_000,
    });
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
    'the package contains files that no user needs',
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

/** Importing the library has no side effects, except that zod keeps its settings on globalThis, for all of its copies. */
function checkNoSideEffects() {
  writeFileSync(
    join(folder, 'effects.mjs'),
    `import assert from 'node:assert/strict';
     const world = () => ({
       globals: Reflect.ownKeys(globalThis)
         .map(String)
         .filter((name) => !['__zod_globalConfig', '__zod_globalRegistry'].includes(name)),
       prototypes: [Object, Array, String, Promise, Function].flatMap((known) =>
         Reflect.ownKeys(known.prototype).map(String),
       ),
       resources: process.getActiveResourcesInfo(),
       listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
       env: { ...process.env },
       exitCode: process.exitCode,
     });
     // The module loader closes its files some time later.
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

/** Another program that creates, follows and deletes a lab, and gets a refusal. */
const consumer = `import { readFileSync } from 'node:fs';
import { decode, exitCode, followEvents, LabClient, parseEvent, toSse } from 'nublado-lab';
import type { Decoded, Event, EventType, Failure, LabState, Outcome, Parsed, Result, Update } from 'nublado-lab';

const parsed: Parsed<Event> = parseEvent({ type: 'info', message: 'hi', progress: 5 });
if (!parsed.ok) throw new Error(parsed.reason);
const event: Event = parsed.value;
const type: EventType = event.type;
const decoded: Decoded = decode({ event: type, data: '{}' });
const reason: string | null = decoded.kind === 'invalid' ? decoded.reason : null;
// @ts-expect-error not a type of event
export const wrong: Event = { type: 'nonsense', message: '', progress: null };
// @ts-expect-error not a class of images
export const noClass = (client: LabClient) => client.create({ image: { image_class: 'nonsense' } });

async function main(): Promise<void> {
  const { LAB_CONTROLLER: controller = '', LAB_TOKEN_FILE: file = '' } = process.env;
  const token = readFileSync(file, 'utf8').trim();
  const client = new LabClient({ controller, user: 'demo', token });
  const created: Result<null> = await client.create({ image: { image_class: 'recommended' }, size: 'medium' });
  const messages: string[] = [];
  let lost = 0;
  let outcome: Outcome | null = null;
  const signal = AbortSignal.timeout(60_000);
  for await (const update of followEvents(client, { signal })) {
    const typed: Update = update;
    if (typed.kind === 'event') messages.push(typed.event.message);
    if (typed.kind === 'connection' && typed.state === 'lost') lost += 1;
    if (typed.kind === 'outcome') outcome = typed.outcome;
  }
  const state: Result<LabState | null> = await client.state();
  const removed: Result<null> = await client.remove();
  const foreign = await new LabClient({ controller, user: 'demo', token: 'gt-unknown' }).state();
  const failure: Failure | null = foreign.ok ? null : foreign.failure;
  await client.close();
  console.log(JSON.stringify({
    frame: toSse(event),
    reason,
    created,
    repeated: messages.length - new Set(messages).size,
    lost,
    outcome,
    exit: outcome === null ? null : exitCode(outcome),
    size: state.ok ? state.value?.options?.size : null,
    removed,
    refused: failure?.kind,
  }));
}

void main();
`;

/** Type-checks the program for a bundler, and compiles it as an ECMAScript and as a CommonJS module. */
function checkTypeScript() {
  for (const [file, module, resolution, ...emit] of [
    ['consumer.mts', 'esnext', 'bundler', '--noEmit'],
    ['consumer.mts', 'node16', 'node16'],
    ['consumer.cts', 'node16', 'node16'],
  ]) {
    writeFileSync(join(folder, file), consumer);
    const strict = ['--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--lib', 'es2022'];
    const types = ['--typeRoots', join(root, 'node_modules', '@types'), '--types', 'node'];
    const kind = ['--module', module, '--moduleResolution', resolution, ...emit];
    run(folder, process.execPath, tool('tsc'), ...strict, ...types, ...kind, file);
  }
}

/** Runs the compiled programs against the package's simulated controller, with a stream that is cut twice. */
function checkJavaScript() {
  for (const file of ['consumer.mjs', 'consumer.cjs']) {
    const controller = ['controller', '--scenario', 'cut', '--speed', '10', '--'];
    const output = run(folder, join('node_modules', '.bin', 'lab'), ...controller, process.execPath, file);
    assert.deepEqual(
      JSON.parse(output),
      {
        frame: 'event: info\r\ndata: {"message": "hi", "progress": 5}\r\n\r\n',
        reason: 'message: Invalid input: expected string, received undefined',
        created: { ok: true, value: null },
        repeated: 0,
        lost: 2,
        outcome: { kind: 'complete', message: 'Lab Kubernetes pod started for demo' },
        exit: 0,
        size: 'medium',
        removed: { ok: true, value: null },
        refused: 'unauthorized',
      },
      file,
    );
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
  const install = ['install', '--no-audit', '--no-fund', tarball];
  const { status, stderr } = spawnSync('npm', install, { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  // npm may print warnings about its own configuration, but none about this package.
  assert.doesNotMatch(stderr, /install-scripts|deprecated|nublado-lab/);
  const installed = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
  assert.deepEqual(installed, ['nublado-lab'], 'another package was installed as well');
  checkProgram();
  checkNoSideEffects();
  checkTypeScript();
  checkJavaScript();
  console.log(
    `package: ${packed.files.length} files, ${Math.round(packed.size / 1024)} KiB packed, ` +
      `${Math.round(packed.unpackedSize / 1024)} KiB unpacked, no dependencies; installed and used`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
