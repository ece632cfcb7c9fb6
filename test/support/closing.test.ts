/**
 * A test file that leaves something open still ends, and fails: run as `npm test` runs it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment } from './program.js';
import { temporaryFolder } from './temporary.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The arguments of `node` in `npm test`, without the files. */
function options(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: { test: string };
  };
  return scripts.test.split(' ').filter((word) => word !== 'node' && !word.startsWith('test/'));
}

it('a file of tests that leaves something open ends, and fails', () => {
  const folder = temporaryFolder();
  const [file, pid] = [join(folder, 'open.test.mjs'), join(folder, 'pid')];
  writeFileSync(
    file,
    `import { spawn } from 'node:child_process';
     import { writeFileSync } from 'node:fs';
     import { createServer } from 'node:net';
     import { test } from 'node:test';
     test('leaves a server and a child', async () => {
       await new Promise((resolve) => createServer().listen(0, '127.0.0.1', resolve));
       writeFileSync(${JSON.stringify(pid)}, String(spawn('sleep', ['600']).pid));
     });`,
  );
  const { status, stdout } = spawnSync(process.execPath, [...options(), file], {
    cwd: root,
    env: cleanEnvironment(),
    encoding: 'utf8',
  });
  assert.equal(status, 1, stdout);
  assert.match(stdout, /something is still open: .*TCPServerWrap/);
  // Gone, or a zombie that its new parent has not reaped yet.
  const { stdout: state } = spawnSync('ps', ['-o', 'stat=', '-p', readFileSync(pid, 'utf8')], {
    encoding: 'utf8',
  });
  assert.match(state, /^(Z.*)?\s*$/);
});
