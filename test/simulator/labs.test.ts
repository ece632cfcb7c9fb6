/**
 * The rules of concurrency: which operations may run at the same time, and what happens to the earlier one.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { SimulatedController } from '../../src/simulator/server.js';
import { ask, create, createScenario, labs, serve, start, status, Watch, type Asked } from './client.js';

const events = (text: string) =>
  [...text.matchAll(/"progress": (\d+)/g)].map(([, progress]) => Number(progress));

function remove(controller: SimulatedController): Asked {
  return start(controller, `${labs}/rachel`, { method: 'DELETE' });
}

test('the status follows the story, and only running labs are listed', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'happy' });
  const list = async () => (await ask(controller, labs)).body;
  assert.equal(await status(controller), undefined);
  await create(controller);
  assert.equal(await status(controller), 'pending');
  assert.equal(await list(), '[]');
  clock.advance(10_000);
  assert.equal(await status(controller), 'running');
  assert.equal(await list(), '["rachel"]');
  const deletion = remove(controller);
  await deletion.arrived;
  assert.equal(await status(controller), 'terminating');
  assert.match((await ask(controller, `${labs}/rachel`)).body, /"internal_url":null/);
  assert.equal(await list(), '[]');
  clock.advance(10_000);
  assert.equal((await deletion.told).status, 204);
  assert.equal(await status(controller), undefined);
});

test('the internal URL is there once the objects are, while still pending, and stays with a failure', async (t) => {
  const { controller, clock } = await serve(t);
  const url = async () =>
    (
      JSON.parse((await ask(controller, '/nublado/spawner/v1/user-status')).body) as {
        internal_url: string | null;
      }
    ).internal_url;
  await createScenario(controller, 'image-pull-failure');
  assert.equal(await url(), null);
  clock.advance(1000);
  assert.equal(await status(controller), 'pending');
  assert.equal(await url(), 'http://lab.userlabs-rachel:8888/nb/user/rachel/');
  clock.advance(10_000);
  assert.equal(await status(controller), 'failed');
  assert.equal(await url(), 'http://lab.userlabs-rachel:8888/nb/user/rachel/');
});

test('the response to DELETE waits for the deletion, which continues without its client', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'immediate' });
  await create(controller);
  const watch = await Watch.open(controller);
  await watch.ended();
  let answered = false;
  const first = remove(controller);
  first.told.then(
    () => (answered = true),
    () => undefined,
  );
  await first.arrived;
  clock.advance(1199);
  assert.equal(await status(controller), 'terminating');
  assert.equal(answered, false);
  clock.advance(1);
  assert.equal((await first.told).status, 204);

  await create(controller);
  const { hostname, port } = new URL(controller.origin);
  const socket = connect(Number(port), hostname);
  socket.write(
    `DELETE ${labs}/rachel HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${controller.token}\r\nExpect: 100-continue\r\n\r\n`,
  );
  await once(socket, 'data'); // "continue"
  socket.destroy();
  await once(socket, 'close');
  assert.equal(await status(controller), 'terminating');
  clock.advance(1200);
  assert.equal(await status(controller), undefined);
});

test('a create is refused during a running lab, a spawn and a deletion', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'happy' });
  const conflict = async () => {
    const { status, body } = await create(controller);
    assert.equal(status, 409);
    return (JSON.parse(body) as { detail: { type: string; msg: string }[] }).detail[0];
  };
  const inProgress = (operation: string) => ({
    msg: `Conflicting operation for Operation in progress for rachel: ${operation} already in progress`,
    type: 'operation_in_progress',
  });
  await create(controller);
  const watch = await Watch.open(controller);
  assert.deepEqual(await conflict(), inProgress('spawn'));
  assert.equal(await status(controller), 'failed'); // the pod does not exist yet (contract, 12)
  clock.advance(10_000);
  await watch.ended(); // the refused create did not touch its queue
  assert.equal(watch.chunks.length, 13);
  assert.deepEqual(await conflict(), { msg: 'Lab already exists for rachel', type: 'lab_exists' });
  const deletion = remove(controller);
  await deletion.arrived;
  assert.deepEqual(await conflict(), inProgress('delete'));
  clock.advance(10_000);
  await deletion.told;
  assert.equal((await create(controller)).status, 201);
});

test('all who delete a running lab share one deletion', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'immediate' });
  await create(controller);
  const all = [remove(controller), remove(controller), remove(controller)];
  await Promise.all(all.map(({ arrived }) => arrived));
  const watch = await Watch.open(controller);
  clock.advance(5000);
  for (const { told } of all) assert.equal((await told).status, 204);
  await watch.ended();
  assert.deepEqual(events(watch.text), [25, 62, 100]);
  assert.equal((await remove(controller).told).status, 404);
});

test('a DELETE cancels a spawn, and no second one joins it', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'slow-pull' });
  await create(controller);
  clock.advance(5000);
  const ofSpawn = await Watch.open(controller);
  const first = remove(controller);
  await first.arrived;
  await ofSpawn.ended();
  assert.equal(ofSpawn.chunks.at(-1), 'event: failed\r\ndata: {"message": "Operation cancelled"}\r\n\r\n');
  const second = await remove(controller).told;
  assert.equal(second.status, 409);
  assert.equal(
    second.body,
    '{"detail":[{"msg":"Conflicting operation for rachel already in progress","type":"operation_in_progress"}]}',
  );
  clock.advance(100_000);
  assert.equal((await first.told).status, 204);
  assert.equal(await status(controller), undefined);
  const after = await Watch.open(controller);
  await after.ended();
  assert.deepEqual(events(after.text), [25, 62, 100]); // no event of the spawn was sent in the end
});

test('a create over a failed lab cleans it up first, passing through terminated', async (t) => {
  const { controller, clock } = await serve(t);
  await createScenario(controller, 'create-failure');
  assert.equal(await status(controller), 'failed');
  assert.equal((await createScenario(controller, 'delayed')).status, 201);
  const seen: (string | undefined)[] = [];
  for (let ms = 0; ms < 2500; ms += 50) {
    const now = await status(controller);
    if (now !== seen.at(-1)) seen.push(now);
    clock.advance(50);
  }
  assert.deepEqual(seen, ['pending', 'terminated', 'pending', 'running']);
  const watch = await Watch.open(controller);
  await watch.ended();
  assert.deepEqual(events(watch.text).slice(0, 8), [1, 2, 5, 12, 20, 30, 35, 48]);
});

test('a failed lab can be deleted', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'create-failure' });
  await create(controller);
  const deletion = remove(controller);
  await deletion.arrived;
  clock.advance(5000);
  assert.equal((await deletion.told).status, 204);
  assert.equal(await status(controller), undefined);
});

test("users' labs do not touch each other", async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'immediate' });
  await create(controller);
  assert.equal(await status(controller, 'test02'), undefined);
  const deletion = remove(controller);
  await deletion.arrived;
  const other = await start(controller, `${labs}/test02/create`, {
    method: 'POST',
    token: 'gt-test02',
    headers: { 'content-type': 'application/json' },
    body: '{"options": {"image_tag": "w_2077_43", "size": ["Huge"]}, "env": {"JUPYTERHUB_SERVICE_PREFIX": "/x/"}}',
  }).told;
  assert.equal(other.status, 201);
  clock.advance(5000);
  await deletion.told;
  assert.equal((await ask(controller, labs)).body, '["test02"]');
  const told = await ask(controller, `${labs}/test02`);
  const { options, internal_url, quota } = JSON.parse(told.body) as Record<
    string,
    Record<string, unknown> | null
  >;
  assert.equal(options?.['image'], 'lighthouse.ceres/library/sketchbook:w_2077_43@sha256:5678');
  assert.equal(options['size'], 'huge');
  assert.equal(internal_url, 'http://lab.userlabs-test02:8888/x/');
  assert.equal(quota, null);
});
