/**
 * Service discovery: what is requested, and which addresses in the response are believed.
 */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { discover, type Services } from '../../src/backends/discovery.js';
import type { Failure, Result } from '../../src/model/result.js';
import { answering, type Asked } from '../support/answering.js';
import { realClock } from '../support/clock.js';
import { loopbackAgent } from '../support/loopback.js';

const dispatcher = loopbackAgent();
after(() => dispatcher.destroy());
const { signal } = new AbortController();

async function ask(
  body: unknown,
  status = 200,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<{ result: Result<Services>; asked: Asked[]; port: number }> {
  await using server = await answering((response) => {
    const text = JSON.stringify(body).replaceAll('PORT', String(server.port));
    response.writeHead(status, headers).end(text);
  });
  const options = {
    dispatcher,
    clock: realClock,
    redact: (text: string) => text.replaceAll('hunter2', '[secret]'),
  };
  const result = await discover(options, new URL(`${server.origin}/nublado`), signal);
  return { result, asked: server.asked, port: server.port };
}

async function failureOf(...response: Parameters<typeof ask>): Promise<Failure> {
  const { result, port } = await ask(...response);
  assert.ok(!result.ok);
  const { error } = result.failure;
  return { ...result.failure, error: { ...error, message: error.message.replaceAll(String(port), 'PORT') } };
}

const services = (hub: unknown, controller?: unknown, gafaelfawr?: unknown): unknown => ({
  environment_name: 'test',
  services: {
    ui: { nublado: { url: hub, more: 1 } },
    internal: { 'nublado-controller': { url: controller }, gafaelfawr: { url: gafaelfawr } },
  },
});

describe('service discovery', () => {
  it('finds the controller, the Hub and Gafaelfawr', async () => {
    const { result, port } = await ask(
      services('http://127.0.0.1:PORT/nb', 'https://127.0.0.1/nublado/', 'http://127.0.0.1:PORT/auth/api/v1'),
    );
    assert.ok(result.ok);
    const { controller, hub, gafaelfawr } = result.value;
    assert.equal(controller?.href, 'https://127.0.0.1/nublado');
    assert.equal(hub?.href, `http://127.0.0.1:${port}/nb/`);
    assert.equal(gafaelfawr?.userInfo.href, `http://127.0.0.1:${port}/auth/api/v1/user-info`);
    assert.equal(gafaelfawr.tokenInfo.href, `http://127.0.0.1:${port}/auth/api/v1/token-info`);
  });

  it('believes a host below the one that was asked', async () => {
    await using server = await answering((response) => {
      const body = JSON.stringify(services('https://nb.localhost/nb', 'https://notlocalhost/nublado'));
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    });
    const options = { dispatcher, clock: realClock, redact: (text: string) => text };
    const result = await discover(options, new URL(`http://localhost:${server.port}/`), signal);
    assert.ok(!result.ok);
    // The Hub's address was believed, and the one that only ends like it was not.
    assert.match(
      result.failure.error.message,
      /the address of the controller, https:\/\/notlocalhost\/nublado, is at/,
    );
  });

  it('sends one request to the origin, without a token', async () => {
    const { asked } = await ask({});
    assert.deepEqual(
      asked.map(({ method, url, headers }) => [method, url, headers.authorization]),
      [['GET', '/repertoire/discovery', undefined]],
    );
  });

  for (const empty of [{}, { services: {} }, { services: { ui: {}, internal: { other: { url: 'x' } } } }]) {
    it(`accepts that services are missing: ${JSON.stringify(empty)}`, async () => {
      const { result } = await ask(empty);
      assert.deepEqual(result, { ok: true, value: { controller: null, hub: null, gafaelfawr: null } });
    });
  }

  for (const [url, why] of [
    ['nb', 'is not a URL'],
    ['ftp://127.0.0.1/nb', 'is not an https URL'],
    ['http://data.example.org/nb', 'is not an https URL'],
    ['https://u:hunter2@127.0.0.1/nb', 'contains a user name or password'],
    ['https://127.0.0.1/nb?x=1', 'is not a base URL'],
    ['https://data.example.org/nb', 'is at another host'],
    ['https://x127.0.0.1.example.org/nb', 'is at another host'],
    ['http://localhost/nb', 'is at another host'],
  ] as const) {
    it(`does not believe ${url}`, async () => {
      const { error } = await failureOf(services(url));
      const shown = url.replace('hunter2', '[secret]');
      assert.equal(
        error.message,
        `could not find the services of http://127.0.0.1:PORT: the address of the JupyterHub, ${shown}, ${why}`,
      );
    });
  }

  for (const body of [null, [], 'x', { services: 1 }, services(1), services(null)]) {
    it(`refuses another shape: ${JSON.stringify(body)}`, async () => {
      const { error, retry } = await failureOf(body);
      assert.match(error.message, /: the response is unexpected JSON$/);
      assert.equal(retry, 'never');
    });
  }

  it('refuses what is not JSON', async () => {
    const { error } = await failureOf('x', 200, { 'content-type': 'text/html' });
    assert.match(error.message, /: the response is a web page$/);
  });

  for (const [status, retry, from] of [
    [404, 'never', 'other'],
    [503, 'later', 'server'],
  ] as const) {
    it(`reports the status ${status}`, async () => {
      const failure = await failureOf({}, status);
      assert.match(failure.error.message, new RegExp(`: HTTP ${status}$`));
      assert.deepEqual([failure.retry, failure.from], [retry, from]);
    });
  }

  it('does not follow a redirect to another origin', async () => {
    const { error } = await failureOf({}, 302, { location: 'https://data.example.org/' });
    assert.match(error.message, /: the response is a redirect$/);
  });

  it('sends nothing without https', async () => {
    const options = { dispatcher, clock: realClock, redact: (text: string) => text };
    const result = await discover(options, new URL('http://data.example.org/'), signal);
    assert.ok(!result.ok);
    assert.equal(result.failure.kind, 'usage');
    assert.equal(
      result.failure.error.message,
      'could not find the services of http://data.example.org: it needs https',
    );
  });
});
