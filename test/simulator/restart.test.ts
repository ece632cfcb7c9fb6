/**
 * The controller restarts: what its clients lose, what they cannot reach meanwhile, and what remains afterwards
 * (contract, "What a client must survive", 2, 5 and 6).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import type { SimulatedController } from '../../src/simulator/server.js';
import { bodyOf, streamCapture } from '../support/captures.js';
import type { FakeClock } from '../support/clock.js';
import {
  ask,
  create,
  createScenario,
  idleTimers,
  labs,
  refusal,
  serve,
  settled,
  start,
  status,
  until,
  Watch,
} from './client.js';

const before = streamCapture('17a-sigterm-during-spawn.W1');
const after = streamCapture('17a-sigterm-during-spawn.W2');
const running = streamCapture('17b-restart-while-running.W1');

/** A restart, over. */
async function restarted(controller: SimulatedController, clock: FakeClock): Promise<void> {
  const back = controller.restart();
  clock.advance(1000);
  await back;
}

for (const how of ['option', 'tag']) {
  test(`restart, by ${how}: emits 17a, before and after`, async (t) => {
    const { controller, clock } = await serve(t, how === 'option' ? { scenario: 'restart' } : {});
    await (how === 'option' ? create(controller) : createScenario(controller, 'restart'));
    const first = await Watch.open(controller);
    clock.advance(1000);
    await first.atLeast(3);
    assert.equal(await refusal(controller), undefined);
    clock.advance(700); // to the restart, at 1690
    assert.equal(await first.ending(), before.end);
    assert.equal(first.text, bodyOf(before));
    assert.equal(await refusal(controller), 'ECONNREFUSED');
    clock.advance(980);
    assert.equal(await refusal(controller), 'ECONNREFUSED');

    clock.advance(20);
    await controller.listening();
    const second = await Watch.open(controller);
    await second.atLeast(1);
    await settled(controller);
    assert.equal(second.chunks.length, 1);
    assert.equal(await status(controller), 'pending');
    assert.equal((await create(controller)).status, 409);
    clock.advance(5000);
    assert.equal(await second.ending(), after.end);
    assert.equal(second.text, bodyOf(after));
    assert.equal(await status(controller), 'running');
    const replay = await Watch.open(controller);
    await replay.ended();
    assert.equal(replay.text, second.text);
  });
}

test('a spawn that ends during a restart is a running lab without events', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'delayed' });
  await create(controller);
  clock.advance(500);
  const back = controller.restart({ downMs: 60_000 });
  clock.advance(60_000);
  await back;
  assert.equal(await status(controller), 'running');
  const watch = await Watch.open(controller);
  clock.advance(15_000);
  await watch.atLeast(1);
  assert.match(watch.text, /^: ping[^\r\n]*\r\n\r\n$/);
});

test('a spawn that had just started emits nothing twice', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'happy' });
  await create(controller);
  const back = controller.restart({ downMs: 500 });
  clock.advance(500);
  await back;
  const watch = await Watch.open(controller);
  clock.advance(10_000);
  await watch.ended();
  const progress = [...watch.text.matchAll(/"progress": (\d+)/g)].map((match) => Number(match[1]));
  assert.deepEqual(progress, [1, 35, 48, 57, 63, 67, 69, 71, 72, 73, 73]);
});

test('events that come while it is down are lost; the progress begins anew', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'happy' });
  await create(controller);
  clock.advance(2500);
  await restarted(controller, clock);
  const watch = await Watch.open(controller);
  clock.advance(10_000);
  await watch.ended();
  const progress = [...watch.text.matchAll(/"progress": (\d+)/g)].map((match) => Number(match[1]));
  assert.deepEqual(progress.slice(0, 3), [1, 35, 48]);
  assert.ok(progress.length < 11);
});

test('17b: after a restart the stream of a running lab has nothing but pings, until the next operation', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'immediate', pingSeconds: 1 });
  await create(controller);
  await restarted(controller, clock);
  assert.equal(await status(controller), 'running');
  const watch = await Watch.open(controller);
  clock.advance(1000 * running.chunks.length);
  await watch.atLeast(4);
  const anonymous = (text: string) => text.replace(/ping - .*/g, 'ping');
  assert.equal(anonymous(watch.text), anonymous(bodyOf(running)));
  const deletion = start(controller, `${labs}/rachel`, { method: 'DELETE' });
  assert.equal(await watch.ending(), running.end);
  clock.advance(5000);
  assert.equal((await deletion.told).status, 204);
});

test('ping-only: 201, then pings, while the state goes from pending to running', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'ping-only', pingSeconds: 1 });
  assert.equal((await create(controller)).status, 201);
  const watch = await Watch.open(controller);
  clock.advance(1999);
  assert.equal(await status(controller), 'pending');
  clock.advance(1);
  const { body } = await ask(controller, '/nublado/spawner/v1/user-status');
  assert.match(body, /"status":"running","internal_url":"http:/);
  clock.advance(60_000);
  await watch.atLeast(62);
  const late = await Watch.open(controller);
  clock.advance(1000);
  await late.atLeast(1);
  for (const chunk of [...watch.chunks, ...late.chunks]) assert.match(chunk, /^: ping/);
  assert.ok(watch.isOpen);
});

test('6: after a restart, failed labs and users without a lab are unknown', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'create-failure' });
  await create(controller);
  assert.equal(await status(controller), 'failed');
  await ask(controller, `${labs}/test02/create`, {
    method: 'POST',
    token: 'gt-test02',
    headers: { 'content-type': 'application/json' },
    body: '{"options": {"image_tag": "nope", "size": "small"}, "env": {"JUPYTERHUB_SERVICE_PREFIX": "/"}}',
  });
  const events = async (user: string, token: string) =>
    (await ask(controller, `${labs}/${user}/events`, { token })).status;
  await restarted(controller, clock);
  assert.equal(await status(controller), undefined);
  assert.equal(await events('rachel', controller.token), 404);
  assert.equal(await events('test02', 'gt-test02'), 404);
  // It leaves nothing behind: the next create has nothing to clean up.
  await createScenario(controller, 'immediate');
  const watch = await Watch.open(controller);
  await watch.ended();
  assert.equal(watch.chunks.length, 3);
});

test('6: a deletion that a restart cuts off is forgotten: the lab runs until it is deleted again', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'deleting', pingSeconds: 1 });
  assert.equal(await status(controller), 'terminating');
  const deletion = start(controller, `${labs}/rachel`, { method: 'DELETE' });
  await deletion.arrived;
  await restarted(controller, clock);
  await assert.rejects(deletion.told);
  const watch = await Watch.open(controller);
  clock.advance(60_000);
  await watch.atLeast(60);
  for (const chunk of watch.chunks) assert.match(chunk, /^: ping/);
  const { body } = await ask(controller, `${labs}/rachel`);
  assert.match(body, /"status":"running","internal_url":"http:/);
  const again = start(controller, `${labs}/rachel`, { method: 'DELETE' });
  await again.arrived;
  clock.advance(5000);
  assert.equal((await again.told).status, 204);
  assert.equal(await status(controller), undefined);
});

test('6: a deletion that a restart cuts off after the pod has gone leaves no lab', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'deleting' });
  assert.equal(await status(controller), 'terminating');
  clock.advance(2500);
  await restarted(controller, clock);
  assert.equal(await status(controller), undefined);
  assert.equal((await create(controller)).status, 201);
});

for (const before of ['its spawn timed out', 'its spawn was being deleted']) {
  test(`6: after a restart a pod that is still pending is monitored, where ${before}`, async (t) => {
    const { controller, clock } = await serve(t, { scenario: 'spawn-timeout' });
    await create(controller);
    if (before.endsWith('deleted')) {
      clock.advance(100);
      await start(controller, `${labs}/rachel`, { method: 'DELETE' }).arrived;
      assert.equal(await status(controller), 'terminating');
    } else {
      clock.advance(5000);
      assert.equal(await status(controller), 'failed');
    }
    await restarted(controller, clock);
    assert.equal(await status(controller), 'pending');
    const watch = await Watch.open(controller);
    assert.equal((await create(controller)).status, 409);
    assert.equal(await status(controller), 'pending'); // the pod exists
    clock.advance(5000);
    await watch.ended();
    assert.equal(watch.messages[0], 'Monitoring in-progress lab creation for rachel');
    assert.equal(watch.messages.at(-1), 'Lab Kubernetes pod started for rachel');
    assert.equal(await status(controller), 'running');
  });
}

test('a create that had not been decided dies with the controller', async (t) => {
  const { controller, clock } = await serve(t, { faults: { createDelayMs: 5000 } });
  const told = create(controller);
  told.catch(() => undefined);
  await until(() => clock.pending > idleTimers);
  await restarted(controller, clock);
  await assert.rejects(told);
  clock.advance(60_000);
  controller.faults.createDelayMs = 0;
  assert.equal((await create(controller)).status, 201);
});

test('a stream that is full is cut too', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'flood', pingSeconds: 3600 });
  await create(controller);
  clock.advance(10_000);
  const watch = await Watch.open(controller);
  watch.pause();
  for (let turn = 0; turn < 100; turn++) {
    clock.advance(0);
    await settled(controller);
  }
  await restarted(controller, clock);
  watch.resume();
  assert.notEqual(await watch.ending(), 'clean');
});

test('a second restart during the first is the first', async (t) => {
  const { controller, clock } = await serve(t);
  const back = controller.restart({ downMs: 100 });
  assert.equal(controller.restart({ downMs: 10_000 }), back);
  assert.equal(controller.listening(), back);
  clock.advance(100);
  await back;
  assert.equal(await refusal(controller), undefined);
});

test('the time for which it is down is divided by the speed', async (t) => {
  const { controller, clock } = await serve(t, { speed: 100 });
  const back = controller.restart({ downMs: 5000 });
  clock.advance(50);
  await back;
  assert.equal(await refusal(controller), undefined);
});

test('a port that somebody else has taken meanwhile is waited for', async (t) => {
  const { controller, clock } = await serve(t);
  const back = controller.restart();
  const other = createServer();
  t.after(() => other.close());
  other.listen(Number(new URL(controller.origin).port), '127.0.0.1');
  await once(other, 'listening');
  clock.advance(1000);
  await until(() => clock.pending > idleTimers); // it has tried, and will again
  other.close();
  await once(other, 'close');
  clock.advance(100);
  await back;
  assert.equal((await ask(controller, '/nublado')).status, 200);
});

test('close leaves nothing behind, whatever a restart has come to', async (t) => {
  const down = await serve(t);
  const back = down.controller.restart();
  await down.controller.close();
  await back;
  assert.equal(down.clock.pending, 0);
  assert.equal(await refusal(down.controller), 'ECONNREFUSED');

  const opening = await serve(t);
  const backAgain = opening.controller.restart();
  opening.clock.advance(1000);
  await opening.controller.close();
  await backAgain;
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate); // what was in flight arrives
  assert.equal(await refusal(opening.controller), 'ECONNREFUSED');

  const waiting = await serve(t);
  const never = waiting.controller.restart();
  const other = createServer();
  t.after(() => other.close());
  other.listen(Number(new URL(waiting.controller.origin).port), '127.0.0.1');
  await once(other, 'listening');
  waiting.clock.advance(1000);
  await until(() => waiting.clock.pending > idleTimers);
  await waiting.controller.close();
  await never;
  assert.equal(waiting.clock.pending, 0);
});
