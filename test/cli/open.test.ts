/**
 * `lab open` and `--open` in the real program, at a pseudo-terminal, with a browser that records what it gets.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { startHub, type HubOptions } from '../../src/simulator/jupyterhub/hub.js';
import { realClock } from '../support/clock.js';
import { atTerminal, runLab } from '../support/program.js';
import { temporaryFolder } from '../support/temporary.js';

interface Site {
  url: string;
  env: Record<string, string>;
  /** A browser that records its arguments. */
  browser: string;
  /** The arguments that a browser got, once it has started. */
  got: () => Promise<string>;
  wasStarted: () => boolean;
  folder: string;
}

async function serve(t: TestContext, options: Partial<HubOptions> = {}): Promise<Site> {
  const hub = await startHub({ clock: realClock, speed: 20, slowSpawnMs: 1_000, ...options });
  t.after(() => hub.close());
  const folder = temporaryFolder();
  const browser = join(folder, 'browser');
  // It is complete when it has its name.
  const record = '#!/bin/sh\nprintf "%s\\n" "$@" > "$0.tmp"; mv "$0.tmp" "$0.got"\n';
  writeFileSync(browser, record, { mode: 0o755 });
  writeFileSync(join(folder, 'xdg-open'), record, { mode: 0o755 });
  const recorded = [`${browser}.got`, join(folder, 'xdg-open.got')];
  const wasStarted = (): boolean => recorded.some((file) => existsSync(file));
  return {
    url: `${hub.url}user/demo/`,
    env: { LAB_HUB: hub.url, LAB_TOKEN: hub.tokens.user },
    browser,
    async got() {
      // The program does not wait for a browser that is slow to start.
      while (!wasStarted()) await new Promise((resolve) => setImmediate(resolve));
      return recorded
        .filter((file) => existsSync(file))
        .map((file) => readFileSync(file, 'utf8'))
        .join('');
    },
    wasStarted,
    folder,
  };
}

describe('lab open', { concurrency: 4, timeout: 60_000 }, () => {
  it('opens the URL with the command in BROWSER', async (t) => {
    const { url, env, browser, got } = await serve(t, { scenario: 'hub-running' });
    const BROWSER = `${browser} --new-window %s '--a b'`;
    const terminal = atTerminal('lab open', { columns: 120, env: { ...env, BROWSER } });
    assert.equal(await terminal.finished, 0);
    assert.equal(terminal.text(), `Opened the lab in the browser\n${url}`);
    assert.equal(await got(), `--new-window\n${url}\n--a b\n`);
  });

  it("opens it in the system's browser", { skip: process.platform !== 'linux' }, async (t) => {
    const { url, env, got, folder } = await serve(t, { scenario: 'hub-running' });
    const PATH = `${folder}:${process.env['PATH'] ?? ''}`;
    const terminal = atTerminal('lab open', { columns: 120, env: { ...env, PATH } });
    assert.equal(await terminal.finished, 0);
    assert.equal(await got(), `${url}\n`);
  });

  it('opens it if stdout is a pipe, whose reader gets the URL', async (t) => {
    const { url, env, browser, got } = await serve(t, { scenario: 'hub-running' });
    const terminal = atTerminal('echo "<$(lab open)>"', { columns: 120, env: { ...env, BROWSER: browser } });
    assert.equal(await terminal.finished, 0);
    assert.equal(terminal.text(), `Opened the lab in the browser\n<${url}>`);
    assert.equal(await got(), `${url}\n`);
  });

  it('opens none without a terminal, and says so', async (t) => {
    const { url, env, browser, wasStarted } = await serve(t, { scenario: 'hub-running' });
    const run = await runLab(['open'], { ...env, BROWSER: browser });
    assert.deepEqual(run, {
      code: 0,
      signal: null,
      stdout: `${url}\n`,
      stderr: 'not opened in the browser: there is no terminal\n',
    });
    assert.equal(wasStarted(), false);
    const quiet = await runLab(['open', '--no-browser'], { ...env, BROWSER: browser });
    assert.deepEqual([quiet.code, quiet.stdout, quiet.stderr], [0, `${url}\n`, '']);
  });

  it('has the lab in its JSON result', async (t) => {
    const { url, env } = await serve(t, { scenario: 'hub-running' });
    const { stdout } = await runLab(['open', '-o', 'json'], env);
    const result = JSON.parse(stdout) as { outcome: string; lab: { url: string } };
    assert.equal(result.outcome, 'ok');
    assert.equal(result.lab.url, url);
  });

  it('ends with 1 if the browser fails', async (t) => {
    const { env } = await serve(t, { scenario: 'hub-running' });
    const terminal = atTerminal('lab open', {
      columns: 120,
      env: { ...env, BROWSER: '/nonexistent/browser' },
    });
    assert.equal(await terminal.finished, 1);
    assert.match(
      terminal.text(),
      /could not open the browser: \/nonexistent\/browser was not found\n.*BROWSER/,
    );
  });

  it('is wrong usage with a controller alone', async () => {
    const run = await runLab(['open'], { LAB_CONTROLLER: 'http://127.0.0.1:9', LAB_TOKEN: 'gt-x' });
    assert.equal(run.code, 2);
    assert.match(run.stderr, /a controller alone has no public URL\. .*--hub/);
  });

  it('prints the URL of a demo, whose server ends with the program', async () => {
    const run = await runLab(['open', '--demo']);
    assert.equal(run.code, 0);
    assert.match(run.stdout, /^http:\/\/127\.0\.0\.1:\d+\/user\/demo\/\n$/);
  });
});

describe('--open', { concurrency: 4, timeout: 60_000 }, () => {
  for (const [command, scenario] of [
    ['lab spawn --open', 'hub-quick'],
    ['lab wait --open', 'hub-running'],
  ] as const) {
    it(`opens the lab after \`${command}\``, async (t) => {
      const { url, env, browser, got } = await serve(t, { scenario });
      const terminal = atTerminal(command, { columns: 120, env: { ...env, BROWSER: browser } });
      assert.equal(await terminal.finished, 0);
      assert.match(terminal.text(), /Lab is running/);
      assert.equal(await got(), `${url}\n`);
    });
  }

  it('never changes the exit code', async (t) => {
    const { env } = await serve(t, { scenario: 'hub-quick' });
    const terminal = atTerminal('lab spawn --open', { columns: 120, env: { ...env, BROWSER: 'false' } });
    assert.equal(await terminal.finished, 0);
    assert.match(terminal.text(), /could not open the lab in the browser: false exited with 1/);
  });

  it('is wrong usage where there can be nothing to open', async () => {
    for (const args of [
      ['spawn', '--open', '--detach'],
      ['spawn', '--open', '--demo'],
      ['wait', '--open', '--for', 'absent'],
    ]) {
      const run = await runLab(args);
      assert.equal(run.code, 2, args.join(' '));
      assert.match(run.stderr, /--open: there is nothing to open with --/);
    }
  });
});
