/**
 * The surprises of the contract ("What a client must survive", whose numbers the names bear) that are no scenario:
 * faults and methods drive the controller into them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchangeCapture } from '../support/captures.js';
import {
  ask,
  create,
  createScenario,
  idleTimers,
  labs,
  progress,
  remove,
  serve,
  start,
  status,
  until,
  Watch,
} from './client.js';

test('6: reconciliation deletes a failed lab: a deletion in the queue, then 404', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'create-failure' });
  await create(controller);
  controller.reconcile();
  const watch = await Watch.open(controller);
  clock.advance(5000);
  assert.equal(await watch.ending(), 'clean');
  assert.deepEqual(progress(watch), [25, 62, 100]);
  assert.equal(await status(controller), undefined);
});

test('6: reconciliation touches neither a running lab nor an operation', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'delayed' });
  await create(controller);
  controller.reconcile();
  clock.advance(5000);
  controller.reconcile();
  clock.advance(5000);
  assert.equal(await status(controller), 'running');
  const deletion = remove(controller);
  await deletion.arrived;
  controller.reconcile();
  clock.advance(1200);
  assert.equal((await deletion.told).status, 204);
});

test('7: a dead pod reads running until a create replaces it', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'immediate' });
  await create(controller);
  assert.equal((await create(controller)).status, 409);
  controller.killPod();
  assert.equal(await status(controller), 'running');
  assert.equal((await ask(controller, labs)).body, '["rachel"]');
  assert.equal((await create(controller)).status, 201);
  const watch = await Watch.open(controller);
  clock.advance(5000);
  await watch.ended();
  assert.deepEqual(progress(watch), [1, 2, 5, 12, 20, 30]);
  assert.equal(watch.messages[1], 'Deleting existing failed lab for rachel');
  assert.equal(await status(controller), 'running');
  assert.equal((await create(controller)).status, 409); // this one lives
});

test('7: reconciliation deletes a dead lab, and a restart forgets it', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'immediate' });
  await create(controller);
  controller.killPod('rachel');
  controller.reconcile();
  clock.advance(5000);
  assert.equal(await status(controller), undefined);

  await create(controller);
  controller.killPod();
  const back = controller.restart();
  clock.advance(1000);
  await back;
  assert.equal(await status(controller), undefined);
});

test('only what runs can die', async (t) => {
  const { controller } = await serve(t);
  assert.throws(() => {
    controller.killPod();
  }, RangeError);
  await create(controller);
  assert.throws(() => {
    controller.killPod();
  }, RangeError);
});

test('8: the ingress times out a DELETE, which continues; a second DELETE waits for it', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'immediate', faults: { deleteTimeoutMs: 500 } });
  await create(controller);
  for (let time = 0; time < 2; time++) {
    const timers = clock.pending;
    const deletion = remove(controller);
    await deletion.arrived;
    await until(() => clock.pending > timers);
    clock.advance(500);
    const { status: answer, headers, body } = await deletion.told;
    assert.equal(answer, 504);
    assert.equal(headers['content-type'], 'text/html');
    assert.match(body, /504 Gateway Time-out/);
    assert.equal(await status(controller), 'terminating');
  }
  const last = remove(controller);
  await last.arrived;
  clock.advance(200);
  assert.equal((await last.told).status, 204);
  assert.equal(await status(controller), undefined);
});

test('9: a slow Kubernetes delays the POST, which takes effect even after the client has disconnected', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'immediate', speed: 10 });
  controller.faults.createDelayMs = 30_000;
  let answered = false;
  const slow = create(controller);
  slow.then(
    () => (answered = true),
    () => undefined,
  );
  await until(() => clock.pending > idleTimers);
  clock.advance(2999);
  assert.equal(await status(controller), undefined);
  assert.equal(answered, false);
  clock.advance(1);
  assert.equal((await slow).status, 201);

  controller.killPod();
  const body = JSON.stringify({
    options: { image_class: 'latest-daily', size: 'small' },
    env: { JUPYTERHUB_SERVICE_PREFIX: '/' },
  });
  const headers = { 'content-type': 'application/json' };
  const abandoned = start(controller, `${labs}/rachel/create`, { method: 'POST', headers, body });
  await until(() => clock.pending > idleTimers);
  abandoned.leave();
  await assert.rejects(abandoned.told);
  clock.advance(3000);
  await until(() => clock.pending > idleTimers); // the deletion of the old one
  assert.equal(await status(controller), 'pending');
});

test('9: a POST whose response is lost may have been accepted, or not', async (t) => {
  const { controller } = await serve(t, { faults: { lostCreates: ['before', 'after', 'after'] } });
  await assert.rejects(create(controller));
  assert.equal(await status(controller), undefined);
  assert.equal((await ask(controller, `${labs}/rachel/events`)).status, 404);
  await assert.rejects(create(controller));
  assert.equal(await status(controller), 'pending');
  await assert.rejects(create(controller)); // a 409 would not arrive either
  assert.equal((await create(controller)).status, 409);
});

test('10: a DELETE right after the 201 leaves nothing of the spawn', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'happy' });
  await create(controller);
  const deletion = remove(controller);
  await deletion.arrived;
  const watch = await Watch.open(controller);
  clock.advance(10_000);
  assert.equal(await watch.ending(), 'clean');
  assert.deepEqual(progress(watch), [25, 62, 100]);
  assert.equal((await deletion.told).status, 204);
});

test('older controllers respond 303, and their pings are events', async (t) => {
  const { controller, clock } = await serve(t, { pingSeconds: 1, faults: { olderController: true } });
  const { status: answer, headers, body } = await create(controller);
  assert.equal(answer, 303);
  assert.equal(headers.location, `${controller.origin}/nublado/spawner/v1/labs/rachel`);
  assert.equal(body, '');
  const watch = await Watch.open(controller);
  clock.advance(1000);
  await watch.atLeast(2);
  assert.equal(watch.chunks[1], 'event: ping\r\ndata: 2026-11-24 00:42:02.751000+00:00\r\n\r\n');
});

test('the ingress itself responds as often as configured', async (t) => {
  const { controller } = await serve(t);
  controller.faults.ingress.push(502, 503, 504, 429, 'login');
  for (const answer of [502, 503, 504, 429, 302, 404]) {
    const told = await ask(controller, `${labs}/rachel`);
    assert.equal(told.status, answer);
    if (answer === 404) assert.equal(told.body, exchangeCapture('08-delete-running.delete3-after').body);
    else assert.match(told.body, new RegExp(`<h1>${answer} `));
  }
  assert.equal((await ask(controller, '/nublado', { token: 'wrong' })).status, 401);
});

test('the faults that a controller is started with are its own', async (t) => {
  const faults = { lostCreates: ['before' as const], ingress: [502 as const] };
  const [one, other] = [await serve(t, { faults }), await serve(t, { faults })];
  assert.equal((await ask(one.controller, '/nublado')).status, 502);
  assert.equal((await ask(one.controller, '/nublado')).status, 200);
  await assert.rejects(create(one.controller));
  assert.equal((await ask(other.controller, '/nublado')).status, 502);
  await assert.rejects(create(other.controller));
  assert.deepEqual(faults, { lostCreates: ['before'], ingress: [502] });
});

test("a tag's scenario affects only the lab that requested it", async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'immediate' });
  await createScenario(controller, 'stall');
  clock.advance(10_000);
  controller.killPod();
  await create(controller);
  const watch = await Watch.open(controller);
  clock.advance(5000);
  assert.equal(await watch.ending(), 'clean');
});
