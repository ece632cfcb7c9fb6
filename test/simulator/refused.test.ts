/**
 * Scenarios in which a create, or every request, is refused; and what the same client finds afterwards.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchangeCapture } from '../support/captures.js';
import { ask, create, createScenario, labs, serve, start, status, Watch } from './client.js';

const v1 = '/nublado/spawner/v1';

for (const how of ['option', 'tag']) {
  test(`quota, by ${how}: every size is above it`, async (t) => {
    const { controller } = await serve(t, how === 'option' ? { scenario: 'quota' } : {});
    for (const size of ['small', 'medium', 'large', 'huge']) {
      const options = how === 'option' ? { size } : { size, image_class: null, image_tag: 'scenario-quota' };
      const told = await create(controller, options);
      const captured = exchangeCapture('12-auth-errors.quota-size-rachel-403');
      assert.equal(told.status, captured.status);
      assert.equal(told.body, captured.body);
    }
    assert.equal(await status(controller), undefined);
    // When the refusal comes from here, the user is known: there is a stream, and it is empty (contract, 2).
    assert.equal((await Watch.open(controller)).status, 200);
  });
}

test('quota: the form offers no size, and beginSpawn is refused as well', async (t) => {
  const { controller } = await serve(t, { scenario: 'quota' });
  const { body } = await ask(controller, `${v1}/lab-form/rachel`);
  assert.match(body, /name="image_list"/);
  assert.doesNotMatch(body, /name="size"/);
  const unavailable = await ask(controller, `${v1}/lab-form/ribbon`, { token: 'gt-ribbon' });
  assert.equal(unavailable.body, exchangeCapture('16-lab-form.form-ribbon-unavailable').body);
  controller.beginSpawn();
  assert.equal(await status(controller), undefined);
});

test('quota: a scenario chosen by a tag has the quota of its own', async (t) => {
  const { controller } = await serve(t, { scenario: 'quota' });
  assert.equal((await createScenario(controller, 'immediate')).status, 201);
});

test('exists: a lab runs before the first request; after its deletion a create succeeds', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'exists' });
  assert.equal(await status(controller), 'running');
  const told = await create(controller);
  assert.equal(told.status, 409);
  assert.equal(told.body, exchangeCapture('14-conflicts.create-exists-409').body);
  const deletion = start(controller, `${labs}/rachel`, { method: 'DELETE' });
  await deletion.arrived;
  clock.advance(5000);
  assert.equal((await deletion.told).status, 204);
  assert.equal((await create(controller)).status, 201);
});

test('deleting: a deletion is under way, can be watched and joined, and makes room', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'deleting' });
  const told = await create(controller);
  assert.equal(told.status, 409);
  assert.equal(told.body, exchangeCapture('08-delete-running.create-during-delete').body);
  const watch = await Watch.open(controller);
  const deletion = start(controller, `${labs}/rachel`, { method: 'DELETE' });
  await deletion.arrived;
  clock.advance(2999);
  assert.equal(await status(controller), 'terminating');
  clock.advance(1);
  assert.equal(await watch.ending(), 'clean');
  assert.deepEqual(
    watch.chunks.map((chunk) => Number(/"progress": (\d+)/.exec(chunk)?.[1])),
    [25, 62, 100],
  );
  assert.equal((await deletion.told).status, 204);
  assert.equal((await create(controller)).status, 201);
});

test('delete-failure: info, error, failed; 500; and the lab has failed', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'delete-failure' });
  await create(controller);
  clock.advance(2000);
  assert.equal(await status(controller), 'running');
  const all = [0, 1].map(() => start(controller, `${labs}/rachel`, { method: 'DELETE' }));
  for (const { arrived } of all) await arrived;
  const watch = await Watch.open(controller);
  assert.equal(await status(controller), 'terminating');
  clock.advance(5000);
  for (const { told } of all) {
    const { status: answer, headers, body } = await told;
    assert.equal(answer, 500);
    assert.equal(headers['content-type'], 'application/json');
    assert.deepEqual(Object.keys((JSON.parse(body) as { detail: object[] }).detail[0] ?? {}), [
      'msg',
      'type',
    ]);
    assert.match(body, /"type":"delete_failed"/);
  }
  await watch.ended();
  assert.deepEqual(
    watch.chunks.map((chunk) => chunk.replace(/: \{.*?(, "progress": \d+)?\}/, '$1')),
    [
      'event: info\r\ndata, "progress": 25\r\n\r\n',
      'event: error\r\ndata\r\n\r\n',
      'event: failed\r\ndata\r\n\r\n',
    ],
  );
  assert.equal(watch.messages.at(-1), 'Lab delete failed');
  assert.equal(await status(controller), 'failed');
});

test('login-page: every route of the controller leads to a page on the same origin', async (t) => {
  const { controller } = await serve(t, { scenario: 'login-page' });
  const paths = [
    ['GET', '/nublado'],
    ['GET', `${v1}/user-status`],
    ['GET', `${labs}/rachel/events`],
    ['GET', `${v1}/lab-form/rachel?x=y`],
    ['POST', `${labs}/rachel/create`],
    ['DELETE', `${labs}/rachel`],
    ['GET', `${v1}/nosuch`],
  ] as const;
  for (const [method, path] of paths) {
    const { status: answer, headers } = await ask(controller, path, { method });
    assert.equal(answer, 302);
    const location = new URL(headers.location ?? '');
    assert.equal(location.origin, controller.origin);
    assert.equal(location.pathname, '/login');
    assert.equal(location.searchParams.get('rd'), controller.origin + path);
    const page = await ask(controller, location.pathname + location.search, { token: null });
    assert.equal(page.status, 200);
    assert.match(page.headers['content-type'] ?? '', /^text\/html/);
  }
  assert.equal((await ask(controller, '/auth/api/v1/user-info')).status, 200);
});

test('login-page, by tag: only its own user is redirected', async (t) => {
  const { controller } = await serve(t, { scenario: 'immediate' });
  for (let time = 0; time < 3; time++) {
    const { status: answer, headers } = await createScenario(controller, 'login-page');
    assert.equal(answer, 302);
    assert.match(headers.location ?? '', /\/login\?rd=http:\/\/127\.0\.0\.1:\d+%2Fnublado%2Fspawner/);
  }
  assert.equal(await status(controller), undefined);
  assert.equal((await ask(controller, `${labs}/rachel/events`)).status, 404);
  assert.equal((await create(controller)).status, 201);
});

test('rate-limit: two requests are turned away, whichever, and user-info is not among them', async (t) => {
  const { controller } = await serve(t, { scenario: 'rate-limit' });
  assert.equal((await ask(controller, '/auth/api/v1/user-info')).status, 200);
  const first = await ask(controller, `${v1}/user-status`);
  const second = await create(controller);
  for (const { status: answer, headers, body } of [first, second]) {
    assert.equal(answer, 429);
    assert.equal(headers['retry-after'], '1');
    assert.equal(headers['content-type'], 'text/html');
    assert.match(body, /<h1>429 Too Many Requests<\/h1>/);
  }
  assert.equal((await ask(controller, `${v1}/user-status`)).status, 404); // the create did not get through
  assert.equal((await create(controller)).status, 201);
});

test('rate-limit, by tag: two creates are turned away, each time anew', async (t) => {
  const { controller, clock } = await serve(t);
  for (let time = 0; time < 2; time++) {
    for (const answer of [429, 429, 201]) {
      assert.equal((await createScenario(controller, 'rate-limit')).status, answer);
    }
    clock.advance(10_000);
    controller.killPod();
  }
});
