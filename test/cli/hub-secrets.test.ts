/**
 * The real program and a Hub that repeats its secrets: the token, and the values of `--option-env`, in every place that has
 * free text. The harness (support/secrecy.ts) searches the output and the logs of every child for them; this file ensures
 * that there is something to find, and that a foreign Hub or controller gets no token.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { answering, type Asked } from '../support/answering.js';
import { resultOf } from '../support/ndjson.js';
import { runLab } from '../support/program.js';
import { temporaryFolder } from '../support/temporary.js';

const token = 'hubtoken-HUNTER2';
const value = 'option "h\u00fcnter3" 100%\\hunter3';
const env = { LAB_TOKEN: token, SECRET_OPTION: value };
const args = ['--option-env', 'password=SECRET_OPTION', '--option', 'profile=gpu'];

const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const echo = [token, value]
  .flatMap((secret) => [secret, json(secret), json(json(secret)), encodeURIComponent(secret)])
  .join(' | ');

type Reply = (response: ServerResponse, asked: Asked) => void;

/** A Hub of which a test replaces some replies; the others are those of a server that never starts. */
function hub(replies: Partial<Record<'start' | 'user' | 'progress', Reply>>): Reply {
  let started = false;
  return (response, asked) => {
    response.setHeader('x-jupyterhub-version', '6.1.1');
    const { method, url } = asked;
    if (url === '/hub/api/') send(response, { version: '6.1.1' });
    else if (url === '/hub/api/user') send(response, { kind: 'user', name: 'rachel', servers: {} });
    else if (method === 'POST') {
      started = true;
      if (replies.start === undefined) response.writeHead(202).end();
      else replies.start(response, asked);
    } else if (url.endsWith('/progress')) {
      if (replies.progress === undefined || !started) send(response, { status: 404, message: null }, 404);
      else replies.progress(response, asked);
    } else if (replies.user !== undefined && started) replies.user(response, asked);
    else send(response, { name: 'rachel', servers: started ? { '': pending } : {} });
  };
}

const pending = {
  name: '',
  pending: 'spawn',
  ready: false,
  url: '/user/rachel/',
  user_options: { password: value, nested: [{ deep: echo }] },
};

function send(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function serve(t: TestContext, reply: Reply): Promise<string> {
  const server = await answering(reply);
  t.after(() => server.close());
  return `${server.origin}/`;
}

function stream(...events: unknown[]): Reply {
  return (response) => {
    response
      .writeHead(200, { 'content-type': 'text/event-stream' })
      .end(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
  };
}

const failed = { progress: 100, failed: true, message: `Spawn failed: ${echo}`, html_message: echo };

describe("a Hub's secrets", { concurrency: 2 }, () => {
  for (const [what, replies, code] of [
    [
      'in the reason of a failure',
      { progress: stream({ progress: 10, message: echo }, failed), user: gone },
      1,
    ],
    [
      'in HTML',
      { progress: stream({ progress: 10, html_message: `<b>${echo}</b>` }, failed), user: gone },
      1,
    ],
    ['in an invalid event', { progress: stream([echo], { [echo]: 1 }, failed), user: gone }, 1],
    ['in the refusal of a start', { start: refuse(400), user: empty }, 6],
    ['in a missing scope', { start: refuse(403, 'requires any of [' + echo + ']'), user: empty }, 3],
  ] as const satisfies readonly (readonly [string, Parameters<typeof hub>[0], number])[]) {
    it(`are not shown ${what}`, async (t) => {
      const folder = temporaryFolder();
      const modes = [
        ['--progress', 'plain', '-vv'],
        ['-o', 'ndjson', '-vv'],
        ['-o', 'json'],
      ];
      for (const [i, mode] of modes.entries()) {
        const url = await serve(t, hub(replies));
        const log = ['--log-file', join(folder, String(i))];
        const run = await runLab(['spawn', '--hub', url, ...args, ...mode, ...log, '--timeout', '60s'], env);
        assert.equal(run.code, code, run.stderr);
        assert.match(run.stdout + run.stderr, /\[secret\]/);
      }
    });
  }

  it('are not shown in the options of a server', async (t) => {
    const url = await serve(t, hub({}));
    const run = await runLab(['spawn', '--hub', url, ...args, '-d', '-o', 'ndjson', '-vv'], env);
    assert.equal(run.code, 0, run.stderr);
    const start = run.stdout.split('\n').find((line) => line.includes('"kind":"start"'));
    assert.match(start ?? '', /"user_options":\{"profile":"gpu","password":"\[secret\]"\}/);
  });
});

function gone(response: ServerResponse): void {
  send(response, { name: 'rachel', servers: {} });
}
function empty(response: ServerResponse): void {
  send(response, { name: 'rachel', servers: {} });
}
function refuse(status: number, message = echo): Reply {
  return (response) => {
    send(response, { status, message }, status);
  };
}

describe('a foreign Hub or controller', { concurrency: 2 }, () => {
  const own = 'http://127.0.0.1:9/';
  /** In a lab of the platform at `own`. */
  const inLab = {
    EXTERNAL_INSTANCE_URL: own,
    NUBLADO_TOKEN: 'gt-home',
    ACCESS_TOKEN: 'gt-home',
    JUPYTERHUB_API_URL: `${own}hub/api`,
    JUPYTERHUB_API_TOKEN: 'server-HUNTER2',
    JUPYTERHUB_USER: 'ann',
  };
  const home = (profile: Record<string, string>): Record<string, string> => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'nublado-lab'));
    writeFileSync(join(folder, 'nublado-lab', 'profile-token'), 'profile-HUNTER2\n', { mode: 0o600 });
    writeFileSync(
      join(folder, 'nublado-lab', 'config.json'),
      JSON.stringify({ profiles: { default: profile } }),
      { mode: 0o600 },
    );
    return { XDG_CONFIG_HOME: folder };
  };

  // Where the token is, and where the foreign server is.
  for (const [what, options, variables] of [
    [
      "a profile's token, --hub",
      (url: string) => ['--hub', url],
      () => home({ hub: own, token_file: 'profile-token' }),
    ],
    [
      "a profile's token, LAB_HUB",
      () => [],
      (url: string) => ({ LAB_HUB: url, ...home({ hub: own, token_file: 'profile-token' }) }),
    ],
    [
      "a controller profile's token, --hub",
      (url: string) => ['--hub', url],
      () => home({ controller: own, token_file: 'profile-token' }),
    ],
    [
      'LAB_TOKEN, a profile',
      () => [],
      (url: string) => ({ LAB_TOKEN: 'variable-HUNTER2', ...home({ hub: url }) }),
    ],
    ['--token-file, LAB_HUB', () => ['--token-file', '-'], (url: string) => ({ LAB_HUB: url })],
    ['--token-file, a profile', () => ['--token-file', '-'], (url: string) => home({ hub: url })],
    [
      'NUBLADO_TOKEN, --hub',
      (url: string) => ['--hub', url],
      () => ({ EXTERNAL_INSTANCE_URL: 'https://data.example.org', NUBLADO_TOKEN: 'gt-home' }),
    ],
    [
      'JUPYTERHUB_API_TOKEN, --hub',
      (url: string) => ['--hub', url],
      () => ({
        JUPYTERHUB_API_URL: `${own}hub/api`,
        JUPYTERHUB_API_TOKEN: 'server-HUNTER2',
        JUPYTERHUB_USER: 'ann',
      }),
    ],
    // Together with one that would get the token.
    [
      "a profile's token, a Hub at its controller",
      (url: string) => ['--hub', url, '--controller', own],
      () => home({ hub: own, controller: own, token_file: 'profile-token' }),
    ],
    [
      "a profile's token, a controller at its Hub",
      (url: string) => ['--hub', own, '--controller', url],
      () => home({ hub: own, controller: own, token_file: 'profile-token' }),
    ],
    [
      "a controller profile's token, a Hub at its controller",
      (url: string) => ['--hub', url, '--controller', own],
      () => home({ controller: own, token_file: 'profile-token' }),
    ],
    [
      "a Hub profile's token, a controller at its Hub",
      () => [],
      (url: string) => ({
        LAB_HUB: own,
        LAB_CONTROLLER: url,
        ...home({ hub: own, token_file: 'profile-token' }),
      }),
    ],
    [
      'LAB_TOKEN, a Hub and a controller of a profile',
      () => [],
      (url: string) => ({ LAB_TOKEN: 'variable-HUNTER2', ...home({ hub: url, controller: url }) }),
    ],
    [
      '--token-file, a Hub and a controller of variables',
      () => ['--token-file', '-'],
      (url: string) => ({ LAB_HUB: url, LAB_CONTROLLER: url }),
    ],
    [
      "the tokens of a lab, a Hub at its instance's controller",
      (url: string) => ['--hub', url, '--controller', own],
      () => inLab,
    ],
    [
      'the tokens of a lab, a controller at the Hub of its instance',
      (url: string) => ['--hub', own, '--controller', url],
      () => inLab,
    ],
    [
      'the tokens of a lab, a controller at its Hub, by variables',
      () => [],
      (url: string) => ({
        ...inLab,
        LAB_HUB: own,
        LAB_CONTROLLER: url,
      }),
    ],
  ] as const) {
    it(`gets nothing: ${what}`, async (t) => {
      const server = await answering((response) => {
        send(response, {});
      });
      t.after(() => server.close());
      const url = `${server.origin}/`;
      const run = await runLab(['status', ...options(url), '-o', 'json'], variables(url), 'option-HUNTER2\n');
      assert.equal(run.code, 2, run.stderr);
      assert.match(resultOf(run.stdout).message, /token/);
      assert.deepEqual(server.asked, []);
    });
  }

  it('gets no token in a redirect from the right one', async (t) => {
    const foreign = await answering((response) => {
      send(response, {});
    });
    t.after(() => foreign.close());
    const url = await serve(t, (response, asked) => {
      response.writeHead(302, { location: `${foreign.origin}${asked.url}` }).end();
    });
    const run = await runLab(['status', '--hub', url], env);
    assert.equal(run.code, 3, run.stderr);
    assert.deepEqual(foreign.asked, []);
  });
});
