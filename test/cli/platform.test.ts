/**
 * The real program and a Hub and a controller together: how `--hub auto` finds them, what is sent to whom before that, and
 * that the cookies of the Hub are secrets.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { startHub } from '../../src/simulator/jupyterhub/hub.js';
import {
  startPlatform,
  type PlatformOptions,
  type SimulatedPlatform,
} from '../../src/simulator/platform/platform.js';
import { answering } from '../support/answering.js';
import { realClock } from '../support/clock.js';
import { parseLines, resultOf } from '../support/ndjson.js';
import { runLab } from '../support/program.js';
import { temporaryFolder } from '../support/temporary.js';

interface Site extends SimulatedPlatform {
  /** The requests: method, path and token. */
  asked: { what: string; token: string | null }[];
}

async function serve(t: TestContext, options: Partial<PlatformOptions> = {}): Promise<Site> {
  const asked: Site['asked'] = [];
  const platform = await startPlatform({
    clock: realClock,
    speed: 10,
    ...options,
    onRequest(request, response) {
      const { method = '', url = '', headers } = request;
      const token = headers.authorization?.replace(/^Bearer /, '') ?? null;
      asked.push({ what: `${method} ${url.replace(/\?.*/, '')}`, token });
      return options.onRequest?.(request, response);
    },
  });
  t.after(() => platform.close());
  return { ...platform, asked };
}

/** The environment in a lab of the platform. */
function inLab({ origin, token, user }: SimulatedPlatform): Record<string, string> {
  return {
    EXTERNAL_INSTANCE_URL: origin,
    NUBLADO_TOKEN: token,
    JUPYTERHUB_USER: user,
    // What a lab has as well, and what no request goes to.
    JUPYTERHUB_API_URL: 'http://127.0.0.1:9/nb/hub/api',
    JUPYTERHUB_API_TOKEN: 'server-HUNTER2',
  };
}

const discovery = 'GET /repertoire/discovery';

describe('lab --hub auto', { concurrency: 2 }, () => {
  it('in a lab needs no other setting, from the spawn to the end', async (t) => {
    const platform = await serve(t);
    const env = inLab(platform);
    const { origin, controllerUrl, hubUrl, user } = platform;
    const spawned = await runLab(['spawn', '--hub', 'auto', '-v', '-o', 'ndjson'], env);
    assert.equal(spawned.code, 0, spawned.stderr);
    const from = `from --hub auto, service discovery of ${origin}`;
    for (const line of [
      `JupyterHub ${hubUrl}: ${from}`,
      `controller ${controllerUrl} of the same platform: ${from}`,
      `user ${user}: from JUPYTERHUB_USER`,
      'token: from NUBLADO_TOKEN',
    ]) {
      assert.ok(spawned.stderr.split('\n').includes(line), `${line} in ${spawned.stderr}`);
    }
    const [start] = parseLines(spawned.stdout);
    assert.equal(start?.kind, 'start');
    assert.deepEqual([start.controller, start.hub, start.server], [controllerUrl, hubUrl, '']);
    assert.equal(resultOf(spawned.stdout).lab?.['url'], `${hubUrl}user/${user}/`);
    assert.deepEqual(platform.asked[0], { what: discovery, token: null });

    const opened = await runLab(['open', '--no-browser'], { ...env, LAB_HUB: 'auto' });
    assert.deepEqual([opened.code, opened.stdout], [0, `${hubUrl}user/${user}/\n`]);
    // The Hub stops it after the command that runs in it, which therefore does not wait.
    const stopped = await runLab(['stop', '--hub', 'auto'], env);
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.match(stopped.stderr, /this command runs in/);
    assert.ok(platform.asked.some(({ what }) => what === `DELETE /nb/hub/api/users/${user}/server`));
  });

  it('finds the Hub of a controller that the environment names', async (t) => {
    const { controllerUrl, hubUrl, token, user } = await serve(t, { scenario: 'platform-running' });
    const env = { LAB_CONTROLLER: controllerUrl, LAB_TOKEN: token };
    const alone = await runLab(['open', '--no-browser'], env);
    assert.equal(alone.code, 2);
    assert.match(alone.stderr, /--hub auto/);
    const together = await runLab(['open', '--no-browser', '--hub', 'auto'], env);
    assert.deepEqual([together.code, together.stdout], [0, `${hubUrl}user/${user}/\n`], together.stderr);
  });

  it('is wrong usage where discovery finds nothing, and sends nothing else', async (t) => {
    for (const [status, body, reason] of [
      [404, '', /: HTTP 404;/],
      [200, '{}', /names no JupyterHub;/],
      [200, '{"services": {"ui": {"nublado": {"url": "https://hub.example.org/nb"}}}}', /at another host;/],
    ] as const) {
      const platform = await serve(t, {
        onRequest(request, response) {
          if (request.url !== '/repertoire/discovery') return false;
          response.writeHead(status, { 'content-type': 'application/json' }).end(body);
          return true;
        },
      });
      const { EXTERNAL_INSTANCE_URL = '', NUBLADO_TOKEN = '' } = inLab(platform);
      const run = await runLab(['status', '--hub', 'auto', '-o', 'json'], {
        EXTERNAL_INSTANCE_URL,
        NUBLADO_TOKEN,
      });
      assert.equal(run.code, 2);
      const { message } = resultOf(run.stdout);
      assert.match(message, /^--hub: found no JupyterHub: /);
      assert.match(message, reason);
      assert.match(message, /JUPYTERHUB_API_URL is not set/);
      assert.deepEqual(platform.asked, [{ what: discovery, token: null }]);
    }
  });

  it('tries discovery again where a gateway is in its place', async (t) => {
    let failures = 2;
    const platform = await serve(t, {
      scenario: 'platform-running',
      onRequest(request, response) {
        if (request.url !== '/repertoire/discovery' || failures === 0) return false;
        failures -= 1;
        response.writeHead(503).end();
        return true;
      },
    });
    const run = await runLab(['status', '--hub', 'auto'], inLab(platform));
    assert.equal(run.code, 0, run.stderr);
    assert.equal(platform.asked.filter(({ what }) => what === discovery).length, 3);
  });

  it("sends the lab's own token to no other site, and only asks it for its services", async (t) => {
    const own = await serve(t);
    const foreign = await serve(t);
    const run = await runLab(['status', '--hub', 'auto', '-o', 'json'], {
      ...inLab(own),
      LAB_CONTROLLER: foreign.controllerUrl,
    });
    assert.equal(run.code, 2);
    assert.match(resultOf(run.stdout).message, /no token/);
    assert.deepEqual([own.asked, foreign.asked], [[], [{ what: discovery, token: null }]]);
  });

  it('uses the token of the server where only the internal address of its Hub is known', async (t) => {
    const hub = await startHub({ clock: realClock, speed: 10, version: 5, prefix: '/nb/' });
    t.after(() => hub.close());
    const env = { JUPYTERHUB_API_URL: `${hub.url}hub/api`, JUPYTERHUB_API_TOKEN: hub.tokens.user };
    const run = await runLab(['spawn', '--hub', 'auto', '-o', 'json'], env);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, / warning: the public address of the JupyterHub is not known here/);
    const { lab, ready_check: check } = resultOf(run.stdout);
    assert.deepEqual([lab?.['url'], check], [null, 'hub']);
  });
});

describe('a platform', { concurrency: 2 }, () => {
  it('gets a token of another kind as it is, with advice', async (t) => {
    const { controllerUrl, hubUrl, asked } = await serve(t);
    const token = '0123456789abcdef0123456789abcdef';
    const env = { LAB_CONTROLLER: controllerUrl, LAB_HUB: hubUrl, LAB_TOKEN: token };
    const run = await runLab(['status'], env);
    assert.equal(run.code, 3);
    assert.match(run.stderr, / warning: LAB_TOKEN: this looks like a token of a JupyterHub/);
    assert.deepEqual([...new Set(asked.map((each) => each.token))], [token]);
  });

  it('whose ingress redirects to its login page has refused the token', async (t) => {
    const platform = await serve(t, {
      onRequest({ url = '' }, response) {
        if (!url.startsWith('/nb/')) return false;
        response.writeHead(302, { location: `/login?rd=${encodeURIComponent(url)}` }).end();
        return true;
      },
    });
    const run = await runLab(['spawn', '--hub', 'auto', '-o', 'json'], inLab(platform));
    assert.equal(run.code, 3, run.stderr);
    assert.match(resultOf(run.stdout).message, /^could not sign in to the Hub: .*redirect to .*login/);
    assert.ok(!platform.asked.some(({ what }) => what === 'GET /login'));
  });

  it('whose Hub repeats its cookies does not get them shown', async (t) => {
    const cookies: string[] = [];
    const platform = await serve(t, {
      onRequest(request, response) {
        const { cookie } = request.headers;
        if (request.method !== 'POST' || cookie === undefined) return false;
        cookies.push(cookie);
        const body = JSON.stringify({ status: 400, message: `no lab with ${cookie}` });
        response
          .writeHead(400, { 'content-type': 'application/json', 'x-jupyterhub-version': '5.4.0' })
          .end(body);
        return true;
      },
    });
    const log = join(temporaryFolder(), 'log');
    const { hubUrl: hub, controllerUrl: controller, token } = platform;
    const args = [
      'spawn',
      '--hub',
      hub,
      '--controller',
      controller,
      '-vv',
      '--log-file',
      log,
      '-o',
      'ndjson',
    ];
    const run = await runLab(args, { LAB_TOKEN: token });
    assert.equal(run.code, 6, run.stderr);
    const shown = run.stdout + run.stderr + readFileSync(log, 'utf8');
    assert.match(resultOf(run.stdout).message, /no lab with .*=.*\[secret\]/);
    const values = cookies.flatMap((cookie) => cookie.split('; ').map((each) => each.replace(/^[^=]*=/, '')));
    assert.ok(values.length >= 3);
    for (const value of values) {
      assert.ok(!shown.includes(value.replaceAll('"', '')), `a cookie is in the output: ${value}`);
    }
  });

  it('is in the demo', async () => {
    const run = await runLab(['spawn', '--demo', 'platform', '-o', 'ndjson']);
    assert.equal(run.code, 0, run.stderr);
    const [start] = parseLines(run.stdout);
    assert.equal(start?.kind, 'start');
    assert.ok(start.controller !== null && start.hub !== null);
    const named = await runLab(['spawn', '--demo', 'platform', '--server-name', 'x']);
    assert.equal(named.code, 2);
  });

  for (const [option, value] of [
    ['--server-name', ['work']],
    ['--direct', []],
    ['--env', ['A=1']],
  ] as const) {
    it(`cannot be used with ${option}, and gets no request`, async (t) => {
      const server = await answering((response) => response.end());
      t.after(() => server.close());
      const env = { LAB_HUB: `${server.origin}/nb/`, LAB_CONTROLLER: server.origin, LAB_TOKEN: 'gt-x' };
      const run = await runLab(['spawn', option, ...value, '-o', 'json'], env);
      assert.equal(run.code, 2, run.stderr);
      assert.ok(resultOf(run.stdout).message.startsWith(option));
      assert.deepEqual(server.asked, []);
    });
  }
});
