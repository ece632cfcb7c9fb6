/**
 * Access control: tokens, scopes, the path that bypasses the ingress, and Gafaelfawr's response about a token's user.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchangeCapture } from '../support/captures.js';
import { ask, labs, serve, Watch } from './client.js';

const v1 = '/nublado/spawner/v1';
const form = `${v1}/lab-form/rachel`;

test("the controller's own token has the form of a real one and opens everything", async (t) => {
  const { controller } = await serve(t);
  assert.match(controller.token, /^gt-[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{22}$/);
  assert.equal(controller.url, `${controller.origin}/nublado`);
  for (const path of ['/nublado', labs, form, `${v1}/images`, `${v1}/prepulls`]) {
    assert.equal((await ask(controller, path)).status, 200, path);
  }
});

test('the three tokens open what their names say', async (t) => {
  const { controller } = await serve(t, { scenario: 'immediate' });
  const { user, hub, all } = controller.tokens;
  assert.equal(all, controller.token);
  assert.equal(new Set([user, hub, all]).size, 3);
  for (const token of [user, hub]) assert.match(token, /^gt-[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{22}$/);
  controller.beginSpawn();
  const answers = async (path: string, method = 'GET') => [
    (await ask(controller, path, { token: user, method })).status,
    (await ask(controller, path, { token: hub, method })).status,
  ];
  assert.deepEqual(await answers('/auth/api/v1/user-info'), [200, 200]);
  assert.deepEqual(await answers(`${v1}/user-status`), [200, 200]);
  assert.deepEqual(await answers(form), [200, 200]);
  assert.deepEqual(await answers(labs), [403, 200]);
  assert.deepEqual(await answers(`${labs}/rachel`), [403, 200]);
  assert.deepEqual(await answers(`${labs}/nobody`, 'DELETE'), [403, 404]);
  assert.deepEqual(await answers(`${v1}/images`), [403, 403]);
  const refused = await ask(controller, `${labs}/rachel`, { token: user, method: 'DELETE' });
  const captured = exchangeCapture('12-auth-errors.userscope-delete-403');
  assert.equal(refused.body, captured.body);
  assert.equal(refused.headers['www-authenticate'], captured.headers['www-authenticate']);
});

test('two controllers have different tokens', async (t) => {
  const [one, other] = [(await serve(t)).controller, (await serve(t)).controller];
  assert.notEqual(one.token, other.token);
  assert.equal((await ask(one, labs, { token: other.token })).status, 401);
});

test('the scope of a path is checked before anything else', async (t) => {
  const { controller } = await serve(t, {
    tokens: {
      user: { user: 'rachel', scopes: ['exec:notebook'] },
      hub: { user: 'rachel', scopes: ['admin:jupyterlab'] },
      admin: { user: 'rachel', scopes: ['exec:admin'] },
    },
  });
  const scopeOf: Readonly<Record<string, readonly [owner: string, scope: string, method?: string]>> = {
    '/nublado': ['admin', 'exec:admin'],
    [`${v1}/images`]: ['admin', 'exec:admin'],
    [`${v1}/prepulls`]: ['admin', 'exec:admin'],
    [`${v1}/nosuch`]: ['admin', 'exec:admin'],
    [labs]: ['hub', 'admin:jupyterlab'],
    [`${labs}/rachel`]: ['hub', 'admin:jupyterlab', 'DELETE'],
    [`${labs}/rachel/create`]: ['user', 'exec:notebook', 'POST'],
    [`${labs}/rachel/events`]: ['user', 'exec:notebook'],
    [`${v1}/user-status`]: ['user', 'exec:notebook'],
    [form]: ['user', 'exec:notebook'],
  };
  for (const [path, [owner, scope, method = 'GET']] of Object.entries(scopeOf)) {
    for (const token of ['user', 'hub', 'admin']) {
      const { headers } = await ask(controller, path, { token, method });
      const refused = headers['www-authenticate'];
      if (token === owner) assert.equal(refused, undefined, `${token} ${path}`);
      else
        assert.match(
          refused ?? '',
          new RegExp(`error="insufficient_scope".*scope="${scope}"$`),
          `${token} ${path}`,
        );
    }
  }
});

test('a header without a bearer token counts as a wrong token, not as a missing one', async (t) => {
  const { controller } = await serve(t);
  const { status, headers } = await ask(controller, labs, {
    token: null,
    headers: { authorization: 'Basic cmFjaGVsOng=', 'x-auth-request-user': 'rachel' },
  });
  assert.equal(status, 401);
  assert.match(headers['www-authenticate'] ?? '', /error="invalid_token"/);
});

test('behind the ingress the caller sets its own identity, and needs no scope', async (t) => {
  const { controller } = await serve(t);
  const direct = (path: string, headers: Record<string, string> = {}, method = 'GET', user = 'rachel') =>
    ask(controller, path, { method, token: null, headers: { 'x-auth-request-user': user, ...headers } });
  const missing = {
    type: 'missing',
    loc: ['header', 'X-Auth-Request-Token'],
    msg: 'Field required',
    input: null,
  };

  assert.equal((await direct(labs)).status, 200);
  assert.equal((await direct(`${labs}/rachel/events`)).status, 404);
  assert.equal((await direct(`${labs}/rachel/events`, {}, 'GET', 'other')).status, 403);
  const noToken = await direct(form);
  assert.equal(noToken.status, 422);
  assert.deepEqual(JSON.parse(noToken.body), { detail: [missing] });
  // FastAPI collects errors: those in the body are reported as well.
  const noTokenNoBody = await direct(`${labs}/rachel/create`, {}, 'POST');
  assert.deepEqual(JSON.parse(noTokenNoBody.body), {
    detail: [missing, { type: 'missing', loc: ['body'], msg: 'Field required', input: null }],
  });
  assert.equal((await direct(form, { 'x-auth-request-token': controller.token })).status, 200);
  assert.equal((await direct(form, { 'x-auth-request-token': 'unknown' })).status, 401);
  assert.equal((await direct(form, { 'x-auth-request-token': 'gt-test01' })).status, 403);
  assert.equal((await direct('/auth/api/v1/user-info')).status, 404);
});

test("user-info returns the token's user", async (t) => {
  const { controller } = await serve(t, { user: 'demo' });
  const { status, headers, body } = await ask(controller, '/auth/api/v1/user-info');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal((JSON.parse(body) as { username: string }).username, 'demo');
  assert.equal((await ask(controller, '/auth/api/v1/user-info', { token: 'nonsense' })).status, 401);
  assert.equal((await ask(controller, '/auth/api/v1/user-info', { token: null })).status, 401);
});

test("the events of another user's lab are closed, known or not", async (t) => {
  const { controller } = await serve(t, { scenario: 'immediate' });
  controller.beginSpawn();
  const own = await Watch.open(controller);
  await own.ended();
  assert.equal(own.status, 200);
  assert.equal((await ask(controller, `${labs}/rachel/events`, { token: 'gt-test01' })).status, 403);
});

test('outside the base path every response is a 404', async (t) => {
  const { controller } = await serve(t);
  for (const path of ['/', '/nubladoo', '/spawner/v1/labs']) {
    const { status, headers } = await ask(controller, path);
    assert.equal(status, 404);
    assert.equal(headers['content-type'], 'text/html');
  }
  assert.equal((await ask(controller, '/nublado?query')).status, 200);
});
