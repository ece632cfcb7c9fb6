/**
 * Misleading states (contract, "What a client must survive", 1, 6, 12 and 13): the reported state differs from the
 * true state of the lab.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeClock } from '../support/clock.js';
import {
  ask,
  create,
  createScenario,
  idleTimers,
  labs,
  progress,
  remove,
  serve,
  status,
  until,
  Watch,
} from './client.js';

/** Results of `next`, called every 100 ms for this long, without repetitions. */
async function changes<T>(clock: FakeClock, ms: number, next: () => Promise<T>): Promise<T[]> {
  const seen: T[] = [await next()];
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    const now = await next();
    if (now !== seen.at(-1)) seen.push(now);
  }
  return seen;
}

test('12: a refused create makes a spawn without a pod `failed`, until it gets to its pod', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'happy' });
  await create(controller);
  const watch = await Watch.open(controller);
  assert.equal(await status(controller), 'pending');
  assert.equal((await create(controller)).status, 409);
  const states = await changes(clock, 6000, () => status(controller));
  assert.deepEqual(states, ['failed', 'pending', 'running']);
  await watch.ended();
  assert.equal(watch.messages.at(-1), 'Lab Kubernetes pod started for rachel');
});

test('12: a create that is refused once the pod exists changes nothing, nor does an invalid one', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'happy' });
  await create(controller);
  for (const options of [{ size: 'gargantuan' }, { image_class: null, image_tag: 'nope' }]) {
    assert.notEqual((await create(controller, options)).status, 409);
    assert.equal(await status(controller), 'pending');
  }
  clock.advance(1500);
  assert.equal((await create(controller)).status, 409);
  assert.equal(await status(controller), 'pending');
});

test('12: a refused create makes a deletion without a pod `failed`, and the lab is deleted all the same', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'deleting' });
  assert.equal(await status(controller), 'terminating');
  const deletion = remove(controller);
  await deletion.arrived;
  const watch = await Watch.open(controller);
  assert.equal((await create(controller)).status, 409);
  assert.equal(await status(controller), 'terminating'); // the pod is still there
  clock.advance(2100);
  assert.equal((await create(controller)).status, 409);
  controller.reconcile(); // it has no better information about an operation
  assert.deepEqual(await changes(clock, 1000, () => status(controller)), ['failed', undefined]);
  assert.equal((await deletion.told).status, 204);
  await watch.ended();
  assert.deepEqual(progress(watch), [25, 62, 100]);
});

test('12: failed-state: the state says `failed` for most of a spawn that succeeds', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'failed-state' });
  await create(controller);
  const states = await changes(clock, 12_000, () => status(controller));
  assert.deepEqual(states, ['pending', 'failed', 'pending', 'running']);
});

test('12: deleting-failed: the state says `failed` for most of a deletion that succeeds', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'deleting-failed' });
  const states = await changes(clock, 9000, () => status(controller));
  assert.deepEqual(states, ['terminating', 'failed', undefined]);
});

test('a deletion that fails has failed, whatever creates have seen of it', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'delete-failure' });
  await create(controller);
  clock.advance(1000);
  const deletion = remove(controller);
  await deletion.arrived;
  assert.equal((await create(controller)).status, 409);
  clock.advance(5000);
  assert.equal((await deletion.told).status, 500);
  assert.equal(await status(controller), 'failed');
  const back = controller.restart();
  clock.advance(1000);
  await back;
  assert.equal(await status(controller), 'running'); // which is what its pod does
});

test('1: dead-pod: `complete` and `running`, until a create replaces it', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'dead-pod' });
  await create(controller);
  const watch = await Watch.open(controller);
  clock.advance(2000);
  await watch.ended();
  assert.equal(watch.messages.at(-1), 'Lab Kubernetes pod started for rachel');
  assert.equal(await status(controller), 'running');
  assert.equal((await createScenario(controller, 'immediate')).status, 201);
  clock.advance(2000);
  assert.equal((await create(controller)).status, 409); // this one lives
});

for (const scenario of ['dead-pod', 'create-failure']) {
  test(`6: ${scenario}: reconciliation deletes the lab, five minutes after the start at the latest`, async (t) => {
    const { controller, clock } = await serve(t, { scenario });
    await create(controller);
    clock.advance(299_000);
    assert.equal(await status(controller), scenario === 'dead-pod' ? 'running' : 'failed');
    clock.advance(1000);
    assert.equal(await status(controller), 'terminating');
    const watch = await Watch.open(controller);
    clock.advance(5000);
    assert.equal(await watch.ending(), 'clean');
    assert.deepEqual(progress(watch), [25, 62, 100]);
    assert.equal(await status(controller), undefined);
    // And every five minutes after that.
    await create(controller);
    clock.advance(300_000);
    assert.notEqual(await status(controller), scenario === 'dead-pod' ? 'running' : 'failed');
  });
}

test('6: failure-forgotten: the reason, a cut, and then nothing of the lab is left', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'failure-forgotten' });
  await create(controller);
  const watch = await Watch.open(controller);
  clock.advance(1000);
  assert.notEqual(await watch.ending(), 'clean');
  assert.match(watch.messages.at(-1) ?? '', /exceeded quota/);
  clock.advance(1000);
  await controller.listening();
  assert.equal(await status(controller), undefined);
  assert.equal((await ask(controller, `${labs}/rachel/events`)).status, 404);
});

test('6: deletion-forgotten: the first DELETE is cut, the second one deletes', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'deletion-forgotten' });
  await create(controller);
  clock.advance(1000);
  const first = remove(controller);
  await first.arrived;
  clock.advance(1600);
  await assert.rejects(first.told);
  await controller.listening();
  assert.equal(await status(controller), 'running');
  const second = remove(controller);
  await second.arrived;
  clock.advance(5000);
  assert.equal((await second.told).status, 204);
  assert.equal(await status(controller), undefined);
});

test('13: recreate-lost: after a 504 the old lab is `running`, then the new one pending and running', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'recreate-lost' });
  const lost = create(controller);
  await until(() => clock.pending > idleTimers);
  clock.advance(1000);
  const { status: answer, headers } = await lost;
  assert.deepEqual([answer, headers['content-type']], [504, 'text/html']);
  const states = await changes(clock, 5000, () => status(controller));
  assert.deepEqual(states, ['running', 'pending', 'terminated', 'pending', 'running']);
  const watch = await Watch.open(controller);
  await watch.ended();
  assert.deepEqual(progress(watch), [1, 2, 5, 12, 20, 30]);
});

test('13: the ingress gives up on a slow create, which takes effect all the same', async (t) => {
  const faults = { createDelayMs: 2000, createTimeoutMs: 500 };
  const { controller, clock } = await serve(t, { scenario: 'immediate', faults });
  const lost = create(controller);
  await until(() => clock.pending > idleTimers + 1);
  clock.advance(500);
  assert.equal((await lost).status, 504);
  assert.equal(await status(controller), undefined);
  clock.advance(1500);
  await until(() => clock.pending === idleTimers);
  assert.equal(await status(controller), 'running');
});

test('create-broken: 500 without a reason, each time, and no lab', async (t) => {
  const { controller } = await serve(t, { scenario: 'create-broken' });
  for (let time = 0; time < 3; time++) {
    const told = await create(controller);
    assert.deepEqual([told.status, told.body], [500, 'Internal Server Error']);
    assert.equal(await status(controller), undefined);
  }
});
