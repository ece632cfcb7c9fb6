/**
 * Probes of real servers: those of the simulated Hub, in every way that they can respond, and addresses without a server.
 */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { once } from 'node:events';
import { createServer as createTcp, type AddressInfo } from 'node:net';
import { after, describe, it, type TestContext } from 'node:test';
import { Agent, type Dispatcher } from 'undici';
import { createJupyterHub } from '../../src/backends/jupyterhub/backend.js';
import { createNublado } from '../../src/backends/nublado/backend.js';
import { labOf } from '../../src/backends/nublado/state.js';
import { probe, type Probed } from '../../src/backends/probe.js';
import type { Lab, LabAddress } from '../../src/model/lab.js';
import { noSecrets } from '../../src/model/redactor.js';
import { startHub, type HubOptions } from '../../src/simulator/jupyterhub/hub.js';
import { startSimulator } from '../../src/simulator/server.js';
import { FakeClock, realClock } from '../support/clock.js';
import { loopbackAgent } from '../support/loopback.js';

const loopback = loopbackAgent();
const direct = new Agent();
after(() => Promise.all([loopback.destroy(), direct.destroy()]));

const { signal } = new AbortController();

function short(probed: Probed): string {
  switch (probed.kind) {
    case 'proof':
      return `proof ${probed.how}`;
    case 'no evidence':
      return probed.connected ? 'no evidence, connected' : 'no evidence';
    default:
      return probed.kind;
  }
}

/** The probe of a server at a simulated Hub, once the Hub says that it is ready. */
async function readyServer(t: TestContext, options: Partial<HubOptions>, server = '') {
  const requests: { url: string; authorization: string | undefined }[] = [];
  const clock = new FakeClock();
  const hub = await startHub({
    clock,
    onRequest: ({ url, headers }) => requests.push({ url, authorization: headers.authorization }),
    ...options,
  });
  t.after(() => hub.close());
  const remote = createJupyterHub(
    {
      base: new URL(hub.url),
      credentials: { kind: 'bearer', token: hub.tokens.user },
      dispatcher: loopback,
      clock: realClock,
      redact: noSecrets.redact,
    },
    { server, userOptions: {}, forget: false },
  ).lab({ name: hub.user, own: true });
  const state = async (): Promise<Lab | null> => {
    const asked = await remote.state(signal);
    assert.ok(asked.ok, JSON.stringify(asked));
    return asked.value;
  };
  const ask = async (): Promise<string> => {
    const lab = await state();
    assert.ok(lab?.address && remote.probe);
    return short(await remote.probe(lab.address, signal));
  };
  const until = async (phase: Lab['phase']): Promise<Lab> => {
    for (;;) {
      const lab = await state();
      if (lab?.phase === phase) return lab;
      clock.advance(500);
    }
  };
  return { hub, clock, requests, ask, until };
}

describe('a probe of a server that the Hub says is ready', () => {
  for (const [scenario, expected] of [
    ['hub', 'proof jupyter'],
    ['hub-jupyter', 'proof jupyter'],
    ['hub-rstudio', 'proof http'],
    ['hub-page', 'weak'],
    ['hub-login', 'no evidence'],
    ['hub-forbidden', 'no evidence'],
    ['hub-dead', 'not yet'],
    ['hub-late', 'not yet'],
    ['hub-hosts', 'proof jupyter'],
    ['hub-capitals', 'not yet'],
  ] as const) {
    for (const prefix of ['/', '/nb/']) {
      it(`${expected}: ${scenario} at ${prefix}`, async (t) => {
        const { hub, clock, requests, ask, until } = await readyServer(t, { scenario, prefix });
        hub.beginSpawn();
        const { address } = await until('running');
        clock.advance(10);
        assert.equal(await ask(), expected);
        if (scenario === 'hub-late') {
          clock.advance(5_000);
          assert.equal(await ask(), 'proof jupyter');
        }
        const [last] = requests.slice(-1);
        assert.deepEqual(last, { url: `${prefix}user/${hub.user}/api`, authorization: undefined });
        assert.deepEqual([address?.mayOpen, address?.hasCapitals], [true, scenario === 'hub-capitals']);
      });
    }
  }

  it('is not yet proof while the server starts', async (t) => {
    for (const scenario of ['hub', 'hub-hosts']) {
      const { hub, ask, until } = await readyServer(t, { scenario });
      hub.beginSpawn();
      await until('starting');
      assert.equal(await ask(), 'not yet', scenario);
    }
  });
});

describe('a probe of an address', () => {
  const address = (url: string, more: Partial<LabAddress> = {}): LabAddress => ({
    url,
    mayOpen: true,
    mayGetToken: false,
    hasCapitals: false,
    isShared: false,
    ...more,
  });
  const ask = (to: LabAddress, clock = realClock, dispatcher: Dispatcher = direct): Promise<Probed> =>
    probe({ dispatcher, clock, redact: noSecrets.redact, prefix: '/' }, to, signal);

  async function listening(t: TestContext, listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/user/ann/`;
  }

  it('is not yet proof if the connection is refused', async () => {
    const server = createTcp().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const probed = await ask(address(`http://127.0.0.1:${port}/user/ann/`));
    assert.deepEqual(probed, { kind: 'not yet', reason: 'the connection to its address was refused' });
  });

  it('shows nothing if the name is unknown, or the certificate is', async (t) => {
    const unknown = await ask(address('https://lab.invalid/user/ann/'));
    assert.equal(short(unknown), 'no evidence');
    const plain = await listening(t, () => undefined);
    const tls = await ask(address(plain.replace('http:', 'https:')));
    assert.equal(short(tls), 'no evidence');
    assert.doesNotMatch(tls.reason, /could not/);
  });

  it('shows only a connection if there is no response for five seconds', async (t) => {
    const clock = new FakeClock();
    const url = await listening(t, () => {
      clock.advance(5_000);
    });
    const probed = await ask(address(url), clock);
    assert.equal(short(probed), 'no evidence, connected');
    assert.equal(probed.reason, 'no response from its address within 5 s');
  });

  it('shows nothing if it is cut short', async (t) => {
    const ended = new AbortController();
    const url = await listening(t, () => {
      ended.abort();
    });
    const options = { dispatcher: direct, clock: realClock, redact: noSecrets.redact, prefix: '/' };
    const probed = await probe(options, address(url), ended.signal);
    assert.deepEqual(probed, { kind: 'no evidence', connected: false, reason: 'the probe was cut short' });
  });

  it('shows a connection if it is cut', async (t) => {
    const url = await listening(t, ({ socket }) => socket.destroy());
    assert.equal(short(await ask(address(url))), 'no evidence, connected');
  });

  it('sends no token, follows no redirect, and does not repeat the query', async (t) => {
    const requests: [string, IncomingHttpHeaders][] = [];
    const url = await listening(t, ({ url: path = '', headers }, response) => {
      requests.push([path, headers]);
      response.writeHead(302, { location: '/user/ann/lab' }).end();
    });
    assert.equal(short(await ask(address(`${url.slice(0, -1)}?token=secret`))), 'proof http');
    assert.deepEqual(
      requests.map(([path]) => path),
      ['/user/ann/api'],
    );
    const names = Object.keys(requests[0]?.[1] ?? {});
    assert.deepEqual(
      names.filter((name) => /auth|cookie|token/.test(name)),
      [],
    );
  });

  it('requests the own URL of a named server, if what responds may be the default server', async (t) => {
    const paths: string[] = [];
    let own = 404;
    const url = await listening(t, ({ url: path = '' }, response) => {
      paths.push(path);
      response.writeHead(path.endsWith('/api') ? 404 : own, { 'content-type': 'text/html' }).end();
    });
    assert.equal(short(await ask(address(`${url}work/`))), 'weak');
    assert.deepEqual(paths, ['/user/ann/work/api']);
    assert.equal(short(await ask(address(`${url}work/`, { isShared: true }))), 'not yet');
    assert.deepEqual(paths.slice(1), ['/user/ann/work/api', '/user/ann/work/']);
    own = 200;
    assert.equal(short(await ask(address(`${url}work/`, { isShared: true }))), 'weak');
  });
});

describe('a lab of the simulated controller', () => {
  it('is probed at its internal URL, without the token', async (t) => {
    const seen: { host: string | undefined; url: string | undefined; names: string[] }[] = [];
    const server = createServer(({ headers, url }, response) => {
      seen.push({ host: headers.host, url, names: Object.keys(headers) });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"version": "2.21.1"}');
    }).listen(0, '127.0.0.1');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const controller = await startSimulator({ clock: realClock, scenario: 'exists' });
    t.after(() => controller.close());
    const dispatcher = loopbackAgent((host, asked) => (host.startsWith('lab.') ? port : asked));
    t.after(() => dispatcher.destroy());
    const lab = createNublado({
      base: new URL(controller.url),
      credentials: { kind: 'bearer', token: controller.token },
      dispatcher,
      clock: realClock,
      redact: noSecrets.redact,
    }).lab({ name: controller.user, own: true });
    const asked = await lab.state(signal);
    assert.ok(asked.ok && asked.value?.address && lab.probe);
    assert.deepEqual([asked.value.address.mayOpen, lab.mustConfirmRunning], [false, false]);
    assert.equal(short(await lab.probe(asked.value.address, signal)), 'proof jupyter');
    const { host, pathname } = new URL(asked.value.url ?? '');
    assert.deepEqual(
      seen.map((each) => [each.host, each.url]),
      [[host, `${pathname.replace(/\/$/, '')}/api`]],
    );
    assert.deepEqual(
      seen[0]?.names.filter((name) => /auth|cookie|token/.test(name)),
      [],
    );
  });

  it('has no address that is not one of a web server, or has a password', () => {
    for (const [url, expected] of [
      ['http://lab:8888/nb/user/ann/', 'http://lab:8888/nb/user/ann/'],
      ['ftp://lab/', null],
      ['http://ann:secret@lab/', null],
      ['/nb/user/ann/', null],
      ['', null],
    ] as const) {
      const { address } = labOf({ status: 'running', internal_url: url });
      assert.equal(address?.url ?? null, expected, url);
    }
  });
});

describe('a named server at a Hub', () => {
  it('is not mistaken for the default server', async (t) => {
    const { hub, clock, ask, until } = await readyServer(t, { scenario: 'hub-quick' }, 'work');
    hub.beginSpawn();
    const start = async (): Promise<number> => {
      const response = await direct.request({
        origin: hub.origin,
        path: `/hub/api/users/${hub.user}/servers/work`,
        method: 'POST',
        headers: { authorization: `token ${hub.tokens.user}`, 'content-type': 'application/json' },
        body: JSON.stringify({ user_options: { story: 'slow' } }),
      });
      await response.body.dump();
      return response.statusCode;
    };
    const started = start();
    const starting = await until('starting').finally(() => {
      clock.advance(1);
    });
    assert.equal(starting.address?.isShared, true);
    assert.equal(await ask(), 'not yet');
    await until('running');
    assert.equal(await ask(), 'proof jupyter');
    clock.advance(60_000);
    await started;
  });
});
