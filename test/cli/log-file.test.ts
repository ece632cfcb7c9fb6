/**
 * What `--log-file` may lead to: the real program, which ends as it would without a log, and soon.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { atTerminal, runLab, runShell } from '../support/program.js';
import { temporaryFolder } from '../support/temporary.js';

const url = 'http://lab.userlabs-demo:8888/nb/user/demo/\n';
const lastLine = /^\d{4}-\d\d-\d\dT[\d:.]+Z ends as complete, exit 0$/m;

const spawn = (path: string, ...more: string[]) =>
  runLab(['spawn', '--demo', 'immediate', '--log-file', path, ...more]);

function makePipe(): string {
  const pipe = join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', ['-m', '600', pipe]);
  return pipe;
}

/** The pipe with both its ends open, so that nothing waits for it; closed after the test. */
function holdOpen(t: TestContext, pipe: string): number {
  const fd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => {
    closeSync(fd);
  });
  return fd;
}

function fill(fd: number): void {
  const bytes = Buffer.alloc(4096, '.');
  try {
    for (;;) writeSync(fd, bytes);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
  }
}

describe('--log-file', { concurrency: 3, timeout: 60_000 }, () => {
  it('makes a file for its owner alone, and adds to it', async () => {
    const path = join(temporaryFolder(), 'log');
    assert.doesNotMatch((await spawn(path)).stderr, /warning/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await spawn(path);
    assert.equal(readFileSync(path, 'utf8').match(new RegExp(lastLine, 'gm'))?.length, 2);
  });

  it('warns where others can read the file that is there', async () => {
    const path = join(temporaryFolder(), 'log');
    closeSync(openSync(path, 'w'));
    chmodSync(path, 0o644);
    const { code, stderr } = await spawn(path);
    assert.equal(code, 0);
    assert.match(
      stderr,
      new RegExp(`warning: the log file ${path} can be read by others: chmod 600 ${path}\n`),
    );
  });

  it('is wrong usage if the pipe has no reader', async () => {
    const { code, stdout, stderr } = await spawn(makePipe());
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /--log-file: cannot write .*pipe: the pipe has no reader/);
  });

  it("loses lines if the pipe's reader stalls, and reports that once", async (t) => {
    const pipe = makePipe();
    fill(holdOpen(t, pipe));
    const { code, stdout, stderr } = await spawn(pipe, '-vv');
    assert.deepEqual([code, stdout], [0, url]);
    assert.equal(
      stderr.match(/lines are missing in the log file .*pipe: its reader is too slow/g)?.length,
      1,
    );
  });

  it('loses lines on a full disk, and says so once', async () => {
    const { code, stdout, stderr } = await spawn('/dev/full');
    assert.deepEqual([code, stdout], [0, url]);
    assert.equal(stderr.match(/lines are missing in the log file \/dev\/full: no space left/g)?.length, 1);
  });

  it('loses lines where the file may grow no more, and says so once', async () => {
    const path = join(temporaryFolder(), 'log');
    writeFileSync(path, '.'.repeat(1000), { mode: 0o600 });
    const { code, stdout, stderr } = await runShell(
      `ulimit -f 1; lab spawn --demo immediate --log-file ${path}`,
    );
    assert.deepEqual([code, stdout], [0, url], stderr);
    assert.equal(
      stderr.match(/lines are missing in the log file .*: the file would be too large/g)?.length,
      1,
    );
  });

  it('takes a process substitution', async () => {
    const path = join(temporaryFolder(), 'copy');
    const { code, stdout } = await runShell(
      `lab spawn --demo immediate -q --log-file >(cat > ${path}; mv ${path} ${path}.all) &&
        until [ -f ${path}.all ]; do :; done`,
    );
    assert.deepEqual([code, stdout], [0, url]);
    assert.match(readFileSync(`${path}.all`, 'utf8'), lastLine);
  });

  it('takes /dev/stderr, whatever that is', async () => {
    const socket = await spawn('/dev/stderr');
    assert.deepEqual([socket.code, socket.stdout], [0, url]);
    assert.match(socket.stderr, lastLine);

    const pipe = await runShell('lab spawn --demo immediate -q --log-file /dev/stderr 2>&1 >/dev/null | cat');
    assert.match(pipe.stdout, lastLine);

    const path = join(temporaryFolder(), 'err');
    await runShell(`lab spawn --demo immediate --log-file /dev/stderr 2>${path}`);
    const written = readFileSync(path, 'utf8');
    assert.match(written, lastLine);
    for (const part of ['Z > POST http', 'Starting lab creation', 'Created Kubernetes', '\n✔ Lab']) {
      assert.ok(written.includes(part), `${part}\n${written}`);
    }
    for (const line of written.trimEnd().split('\n')) assert.match(line, /^(\d{4}-\d\d-\d\dT.*|✔ .*)$/);
  });

  it('takes /dev/tty', async () => {
    const terminal = atTerminal('lab spawn --demo immediate -q --log-file /dev/tty', { columns: 200 });
    assert.equal(await terminal.finished, 0);
    assert.match(terminal.text(), /ends as complete, exit 0/);
  });
});
