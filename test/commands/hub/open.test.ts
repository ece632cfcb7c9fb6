/**
 * `lab open` and `--open` at a simulated Hub: what is opened, where nothing is, and how that ends.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { open, openAfter } from '../../../src/commands/open.js';
import { nubladoBackend } from '../../../src/backends/nublado/backend.js';
import type { NubladoClient } from '../../../src/backends/nublado/client.js';
import { openLab } from '../../../src/commands/session/browser.js';
import type { Context } from '../../../src/runtime/context.js';
import { fakeContext } from '../../support/context.js';
import { playAtHub, spawnAtHub, type HubPlay, type HubPlayed } from '../../support/hub.js';
import { testLab } from '../../support/lab.js';
import { recorder } from '../../support/streams.js';

interface Opened extends HubPlayed {
  /** The URLs that the browser got. */
  opened: string[];
}

const terminal = (): Context['err'] => Object.assign(recorder(), { isTTY: true });

/** Plays a command where a terminal and a browser are, unless the Context says otherwise. */
async function play(
  { context = {}, ...options }: HubPlay,
  command: Parameters<typeof playAtHub>[1] = (session) => open(session, { browser: true }),
): Promise<Opened> {
  const opened: string[] = [];
  const openBrowser = (url: string): Promise<void> => {
    opened.push(url);
    return Promise.resolve();
  };
  const at = { openBrowser, out: terminal(), err: terminal(), ...context };
  return { ...(await playAtHub({ ...options, context: at }, command)), opened };
}

const running = { scenario: 'hub-running', prefix: '/nb/' } as const;
const path = /^http:\/\/127\.0\.0\.1:\d+\/nb\/user\/demo\/$/;

describe('lab open', () => {
  it('reports the URL of a running lab, and opens it', async () => {
    const { code, ending, opened, warnings } = await play({ hub: running });
    assert.equal(code, 0);
    assert.equal(ending.outcome.message, 'Opened the lab in the browser');
    assert.match(ending.text.join('\n'), path);
    assert.deepEqual(opened, ending.text);
    assert.deepEqual(warnings, []);
  });

  it('opens a named server', async () => {
    const { code, opened } = await play(
      { hub: { ...running, scenario: 'hub-quick' }, settings: { server: 'gpu' } },
      async (session) => {
        await spawnAtHub()(session);
        return open(session, { browser: true });
      },
    );
    assert.equal(code, 0);
    assert.match(opened.join(), /\/nb\/user\/demo\/gpu\/$/);
  });

  it('only reports it with --no-browser', async () => {
    const { code, ending, opened } = await play({ hub: running }, (session) =>
      open(session, { browser: false }),
    );
    assert.equal(code, 0);
    assert.match(ending.text.join('\n'), path);
    assert.equal(ending.isInText, true);
    assert.deepEqual(opened, []);
  });

  const ssh = { SSH_CONNECTION: '192.0.2.1 50000 192.0.2.2 22' };
  const noDisplay = 'not opened in the browser: this is an SSH session without a display';
  const rows: [string, Partial<Context>, string | null][] = [
    ['under CI', { env: { CI: 'true' } }, 'not opened in the browser: this is a CI job'],
    [
      'without a terminal',
      { out: recorder(), err: recorder() },
      'not opened in the browser: there is no terminal',
    ],
    ['with a terminal at stderr only', { out: recorder() }, null],
    ['over SSH', { env: ssh }, noDisplay],
    ['over SSH with an empty DISPLAY', { env: { ...ssh, DISPLAY: '' } }, noDisplay],
    ['over SSH with a display', { env: { ...ssh, DISPLAY: 'localhost:10.0' } }, null],
    ['over SSH with Wayland', { env: { ...ssh, WAYLAND_DISPLAY: 'wayland-0' } }, null],
    ['over SSH with a browser that was chosen', { env: { ...ssh, BROWSER: 'x' } }, null],
    [
      'under CI with a browser that was chosen',
      { env: { CI: '1', BROWSER: 'x' } },
      'not opened in the browser: this is a CI job',
    ],
  ];
  for (const [name, context, reason] of rows) {
    it(`${reason === null ? 'opens' : 'does not open, and says so'}: ${name}`, async () => {
      const { code, ending, opened } = await play({ hub: running, context });
      assert.equal(code, 0);
      assert.equal(opened.length, reason === null ? 1 : 0);
      assert.equal(ending.outcome.message, reason ?? 'Opened the lab in the browser');
      assert.equal(ending.text.length, 1);
    });
  }

  it('fails with the URL on stdout if the browser does not start', async () => {
    const openBrowser = (): Promise<void> => Promise.reject(new Error('xdg-open was not found'));
    const { code, message, ending } = await play({ hub: running, context: { openBrowser } });
    assert.equal(code, 1);
    assert.equal(message, 'could not open the browser: xdg-open was not found');
    assert.match(ending.text.join('\n'), path);
  });

  it('ends with 4 without a lab, 8 while it starts or stops, and 1 after a failure', async () => {
    for (const [scenario, expected] of [
      ['hub', 4],
      ['hub-pending', 8],
      ['hub-stopping', 8],
      ['hub-failed-before', 1],
    ] as const) {
      const { code, ending, opened } = await play({ hub: { scenario } });
      assert.equal(code, expected, scenario);
      assert.deepEqual([ending.text, opened], [[], []]);
    }
  });

  it('opens a host of the user below that of the Hub', async () => {
    const hub = { scenario: 'hub-running', hosts: { host: 'localhost' } };
    const { opened } = await play({ hub });
    assert.match(opened.join(), /^http:\/\/demo\.localhost:\d+\/user\/demo\/$/);
  });

  it('says that no browser reaches a host with capital letters', async () => {
    const hub = { scenario: 'hub-running', user: 'Demo', hosts: { host: 'localhost' } };
    const { code, opened, warnings } = await play({ hub });
    assert.equal(code, 0);
    assert.deepEqual(opened, []);
    assert.match(warnings.join('\n'), /its host name has capital letters/);
  });
});

describe('an address', () => {
  const reasonFor = async (url: string, mayOpen: boolean): Promise<string> => {
    const context = fakeContext({ out: terminal(), openBrowser: () => Promise.resolve() });
    const address = { url, mayOpen, hasCapitals: false, mayGetToken: false, isShared: false };
    const opened = await openLab({ context, server: 'the Hub' }, { ...testLab('running'), address });
    return opened.kind === 'not opened' ? opened.reason : opened.kind;
  };

  it('is opened only if the server has authority over its host', async () => {
    assert.equal(await reasonFor('https://hub.test/user/ann/', true), 'opened');
    assert.equal(await reasonFor('https://evil.test/', false), 'evil.test is not a host of the Hub');
  });

  it('may be missing', async () => {
    const context = fakeContext({ out: terminal() });
    assert.deepEqual(await openLab({ context, server: 'the Hub' }, null), {
      kind: 'not opened',
      reason: 'the Hub did not report its URL',
      isWarning: true,
    });
  });
});

describe('--open', () => {
  const spawnAndOpen: Parameters<typeof playAtHub>[1] = async (session) =>
    openAfter(session, await spawnAtHub()(session));

  it('opens the lab after a success', async () => {
    const { code, opened, ending } = await play({ hub: { scenario: 'hub-quick' } }, spawnAndOpen);
    assert.equal(code, 0);
    assert.deepEqual(opened, ending.text);
  });

  it('does nothing after a failure', async () => {
    const { code, opened, warnings } = await play({ hub: { scenario: 'hub-fail' } }, spawnAndOpen);
    assert.equal(code, 1);
    assert.deepEqual([opened, warnings], [[], []]);
  });

  it('never changes the exit code', async () => {
    const failing = (): Promise<void> => Promise.reject(new Error('firefox exited with 1'));
    const failed = await play(
      { hub: { scenario: 'hub-quick' }, context: { openBrowser: failing } },
      spawnAndOpen,
    );
    assert.equal(failed.code, 0);
    assert.deepEqual(failed.warnings, ['could not open the lab in the browser: firefox exited with 1']);
    const ci = await play({ hub: { scenario: 'hub-quick' }, context: { env: { CI: '1' } } }, spawnAndOpen);
    assert.equal(ci.code, 0);
    assert.deepEqual(ci.warnings, ['the lab was not opened in the browser: this is a CI job']);
  });
});

describe('lab open with a controller alone', () => {
  it('is wrong usage, with or without a token, and suggests the Hub', () => {
    for (const hasToken of [true, false]) {
      const backend = nubladoBackend({} as NubladoClient, { direct: !hasToken, hasToken });
      assert.throws(() => {
        backend.checkSettings('open');
      }, /no public URL/);
    }
  });
});
