/**
 * The simulated platform's ingress, as seen by a client on the wire: discovery, tokens, the login page, hosts, and the session
 * at the Hub.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { form, serve, server, type User } from './client.js';

const hosts = { platform: 'data.test', hub: 'nb.data.test' };
const status = '/nublado/spawner/v1/user-status';

async function json(user: User, path: string, token?: string | null): Promise<Record<string, unknown>> {
  const { body } = await user.ask(path, {
    headers: user.platformHost,
    ...(token === undefined ? {} : { token }),
  });
  return JSON.parse(body) as Record<string, unknown>;
}

describe('service discovery', () => {
  test('names the services on one host, and needs no token', async (t) => {
    const user = await serve(t);
    const { services, ...unknown } = await json(user, '/repertoire/discovery', null);
    const { origin } = user.platform;
    const { ui, internal } = services as Record<string, Record<string, { url: string }>>;
    assert.equal(ui?.['nublado']?.url, `${origin}/nb`);
    assert.equal(internal?.['nublado-controller']?.url, `${origin}/nublado`);
    assert.equal(internal['gafaelfawr']?.url, `${origin}/auth/api/v1`);
    assert.ok(Object.keys(unknown).length > 1, 'there are keys that a client does not know');
  });

  test('names the host of the Hub, where it is another one', async (t) => {
    const user = await serve(t, { hosts });
    const { port } = new URL(user.platform.origin);
    assert.equal(user.platform.hubUrl, `http://nb.data.test:${port}/nb/`);
    assert.equal(user.platform.controllerUrl, `http://data.test:${port}/nublado`);
    const { services } = await json(user, '/repertoire/discovery', null);
    const { ui } = services as Record<string, Record<string, { url: string }>>;
    assert.equal(ui?.['nublado']?.url, `http://nb.data.test:${port}/nb`);
  });
});

describe('a token', () => {
  test('has an owner and scopes, and expires only if that is wanted', async (t) => {
    const user = await serve(t);
    const { username } = await json(user, '/auth/api/v1/user-info');
    assert.equal(username, 'demo');
    const { token, created, expires, ...info } = await json(user, '/auth/api/v1/token-info');
    assert.deepEqual(info, {
      username: 'demo',
      token_type: 'user',
      scopes: ['exec:notebook'],
      token_name: 'lab',
    });
    assert.equal(expires, undefined);
    assert.equal(created, Math.floor(user.clock.now() / 1000));
    assert.ok(!user.platform.token.endsWith(String(token)), 'the secret is not repeated');

    const other = await serve(t, { scenario: 'platform-expiring' });
    const later = await json(other, '/auth/api/v1/token-info');
    assert.equal(later['expires'], Math.floor(other.clock.now() / 1000) + 3600);
  });

  for (const path of ['/auth/api/v1/user-info', '/auth/api/v1/token-info', status]) {
    test(`is required for ${path}`, async (t) => {
      const user = await serve(t, { expiresInSeconds: 60 });
      assert.equal((await user.ask(path, { token: null })).status, 401);
      assert.equal((await user.ask(path, { token: 'gt-unknown.x' })).status, 401);
      assert.notEqual((await user.ask(path)).status, 401);
      user.clock.advance(60_000);
      assert.equal((await user.ask(path)).status, 401);
    });
  }

  test('is required at the Hub, whether a lab is there or not: otherwise every path is the login page', async (t) => {
    const user = await serve(t);
    await user.signIn();
    const redirects = async (token: string | null): Promise<string[]> => {
      const found: string[] = [];
      for (const path of ['/nb/hub/api/', server, '/nb/user/demo/api', '/nb/user/demo/lab', '/nb/nothing']) {
        const { status: code, headers } = await user.ask(path, { token });
        found.push(`${code} ${headers['location'] ?? ''}`);
      }
      return found;
    };
    const without = await redirects(null);
    const { origin } = user.platform;
    const wanted = encodeURIComponent(`${origin}/nb/user/demo/api`);
    assert.equal(without[2], `302 ${origin}/login?rd=${wanted}`);
    assert.deepEqual(
      without.map((each) => each.slice(0, 3)),
      ['302', '302', '302', '302', '302'],
    );
    assert.equal((await user.ask('/login', { token: null })).status, 200);
    assert.equal(await user.spawned(), 201);
    assert.deepEqual(await user.says(), ['ready', 'running', 200]);
    assert.deepEqual(await redirects(null), without);
    user.platform.expireTokens();
    assert.deepEqual(await redirects(user.platform.token), without, 'cookies alone are not enough');
  });

  test('needs the scope exec:notebook at the Hub', async (t) => {
    const tokens = { 'gt-admin': { user: 'demo', scopes: ['exec:admin'] as const } };
    const user = await serve(t, { controller: { tokens } });
    const { status: code, headers } = await user.ask('/nb/hub/api/', { token: 'gt-admin' });
    assert.equal(code, 403);
    assert.match(headers['www-authenticate'] ?? '', /insufficient_scope.*exec:notebook/);
  });

  test('of an ordinary user may not use the routes of the controller that others have', async (t) => {
    const user = await serve(t);
    const { user: ordinary, all } = user.platform.tokens;
    for (const path of [
      '/nublado/spawner/v1/labs',
      '/nublado/spawner/v1/labs/demo',
      '/nublado/spawner/v1/images',
    ]) {
      assert.equal((await user.ask(path, { token: ordinary })).status, 403);
      assert.notEqual((await user.ask(path, { token: all })).status, 403);
    }
    const remove = { method: 'DELETE', token: ordinary };
    assert.equal((await user.ask('/nublado/spawner/v1/labs/demo', remove)).status, 403);
  });

  test('that expires soon does not open the form, but the API', async (t) => {
    const user = await serve(t, { expiresInSeconds: 3600, minimumLifetimeSeconds: 7200 });
    await user.signIn();
    assert.match((await user.ask('/nb/hub/spawn')).headers['location'] ?? '', /\/login\?rd=/);
    assert.equal(await user.spawned(), 201);
  });
});

test('the identity headers of a client are dropped', async (t) => {
  const user = await serve(t);
  const headers = { 'x-auth-request-user': 'eve', 'X-Auth-Request-Token': 'gt-x' };
  assert.equal((await user.ask('/nb/hub/home', { token: null, headers })).status, 302);
  assert.equal((await user.ask(status, { token: null, headers })).status, 401);
  const { headers: login } = await user.ask('/nb/hub/gafaelfawr/login?next=%2Fnb%2Fhub%2Fapi%2Fuser', {
    headers,
  });
  assert.equal(login['location'], '/nb/hub/api/user');
  assert.match((await user.ask('/nb/hub/api/user')).body, /"name": "demo"/);
});

describe('a session at the Hub', () => {
  test('is opened by the token in three redirects', async (t) => {
    const user = await serve(t);
    assert.equal((await user.ask('/nb/hub/api/user')).status, 403);
    assert.deepEqual(await user.signIn(), [
      '302 /nb/hub/home',
      '302 /nb/hub/login?next=%2Fnb%2Fhub%2Fhome',
      '302 /nb/hub/gafaelfawr/login?next=%2Fnb%2Fhub%2Fhome',
      '200 /nb/hub/home',
    ]);
    assert.equal((await user.ask('/nb/hub/api/user')).status, 200);
    const forged = { method: 'POST', headers: { 'x-xsrftoken': '' }, body: JSON.stringify(form) };
    assert.equal((await user.ask(server, forged)).status, 403);
  });

  test('can end in the middle of a spawn, which continues', async (t) => {
    const user = await serve(t, { scenario: 'platform-session' });
    await user.signIn();
    const asked = await user.post();
    assert.deepEqual(await user.says(), ['spawn', 'pending', 302]);
    await user.advance(1200);
    assert.equal((await user.ask('/nb/hub/api/users/demo')).status, 403);
    await user.signIn();
    await user.advance(4000);
    assert.equal((await asked.reply).status, 201);
    assert.deepEqual(await user.says(), ['ready', 'running', 200]);
  });
});

describe('hosts of their own', () => {
  test('the Hub and servers are at theirs, and everything else is not', async (t) => {
    const user = await serve(t, { hosts });
    const { port } = new URL(user.platform.origin);
    assert.equal((await user.signIn()).length, 4);
    assert.equal(await user.spawned(), 201);
    const model = await user.ask('/nb/hub/api/users/demo');
    assert.match(model.body, new RegExp(`"url": "http://demo\\.nb\\.data\\.test:${port}/nb/user/demo/"`));
    assert.deepEqual(await user.says(), ['ready', 'running', 200]);

    const at = (host: string, path: string, token?: null) =>
      user.ask(path, { headers: { host: `${host}:${port}` }, ...(token === null ? { token } : {}) });
    const hubs = await at('nb.data.test', '/nb/user/demo/api');
    assert.equal(hubs.headers['location'], `http://nb.data.test:${port}/nb/hub/user/demo/api`);
    for (const host of ['nb.data.test', 'demo.nb.data.test']) {
      const { headers } = await at(host, '/nb/user/demo/api', null);
      const wanted = encodeURIComponent(`http://${host}:${port}/nb/user/demo/api`);
      assert.equal(headers['location'], `http://data.test:${port}/login?rd=${wanted}`);
    }
    assert.equal((await at('data.test', '/nb/hub/api/')).status, 404);
    assert.equal((await at('data.test', status)).status, 200);
    assert.equal((await at('nb.data.test', status)).status, 302);
  });
});
