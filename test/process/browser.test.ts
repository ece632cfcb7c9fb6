/**
 * Starting the browser that BROWSER names: what it gets, and how a failure is reported.
 */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openBrowser } from '../../src/process/browser.js';
import { temporaryFolder } from '../support/temporary.js';

const url = 'https://hub.test/user/ann/';

function script(text: string, mode = 0o755): string {
  const path = join(temporaryFolder(), 'browser');
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, mode);
  return path;
}

describe('a browser in BROWSER', () => {
  it('gets the URL, and nothing is left to a shell', async () => {
    const path = script('printf "%s\\n" "$@" > "$0.got"');
    await openBrowser(url, { BROWSER: `${path} '--name=my lab' $HOME` });
    assert.equal(readFileSync(`${path}.got`, 'utf8'), `--name=my lab\n$HOME\n${url}\n`);
  });

  it('may run for long: it is not waited for', { timeout: 30_000 }, async (t) => {
    const path = script('echo $$ > "$0.pid"; exec sleep 600');
    await openBrowser(url, { BROWSER: path });
    const readPid = (): string => (existsSync(`${path}.pid`) ? readFileSync(`${path}.pid`, 'utf8') : '');
    while (!readPid().endsWith('\n')) await new Promise((resolve) => setImmediate(resolve));
    const pid = Number(readPid());
    t.after(() => process.kill(pid));
  });

  it('that fails, or cannot be started, is an error for people', async () => {
    const fails = script('exit 3');
    const rows = [
      [fails, `${fails} exited with 3`],
      ['/nonexistent/browser', '/nonexistent/browser was not found'],
      [script('', 0o644), /browser is not executable$/],
      ['"firefox', 'BROWSER: a quote is not closed'],
    ] as const;
    for (const [browser, message] of rows) {
      await assert.rejects(openBrowser(url, { BROWSER: browser }), { message });
    }
  });
});

describe("the system's browser", () => {
  it('is started if BROWSER is empty', { skip: process.platform !== 'linux' }, async () => {
    // The package runs its own copy of xdg-open, which runs the first browser in PATH.
    const { PATH } = process.env;
    const path = temporaryFolder();
    writeFileSync(join(path, 'xdg-open'), '#!/bin/sh\nexit 4\n', { mode: 0o755 });
    process.env['PATH'] = path;
    try {
      await assert.rejects(openBrowser(url, { BROWSER: '' }), /xdg-open exited with [1-9]/);
    } finally {
      process.env['PATH'] = PATH;
    }
  });
});
