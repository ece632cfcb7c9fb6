/**
 * An event stream while it is open: headers, chunks, pings, and what each client sees when.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { create, createScenario, labs, serve, start, Watch } from './client.js';

test('the headers come at once, before there is any event', async (t) => {
  const { controller } = await serve(t, { scenario: 'happy' });
  await create(controller);
  const watch = await Watch.open(controller); // would not resolve otherwise
  assert.equal(watch.status, 200);
  assert.deepEqual(watch.chunks, []);
});

test('every event is one chunk, sent when it happens', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'delayed' });
  await create(controller);
  const watch = await Watch.open(controller);
  await watch.atLeast(2);
  assert.equal(watch.chunks.length, 2);
  clock.advance(290);
  await watch.atLeast(3);
  assert.equal(
    watch.chunks[2],
    'event: info\r\ndata: {"message": "Autoscaling cluster for reasons", "progress": 35}\r\n\r\n',
  );
  clock.advance(2000);
  await watch.ended();
  assert.equal(watch.chunks.length, 17);
  for (const chunk of watch.chunks) assert.match(chunk, /^event: \w+\r\ndata: \{[^\r\n]*\}\r\n\r\n$/);
});

test('frames of any kind stay one chunk each', async (t) => {
  for (const scenario of ['malformed', 'hostile']) {
    const { controller, clock } = await serve(t, { scenario });
    await create(controller);
    const [late, early] = [await Watch.open(controller), await Watch.open(controller)];
    clock.advance(10_000);
    await late.ended();
    await early.ended();
    const replay = await Watch.open(controller);
    await replay.ended();
    assert.ok(replay.chunks.length > 20);
    assert.deepEqual(replay.chunks, early.chunks);
    assert.deepEqual(late.chunks, early.chunks);
  }
});

test('a late client gets every event from the first, even after the end', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'delayed' });
  await create(controller);
  const early = await Watch.open(controller);
  clock.advance(800);
  const late = await Watch.open(controller);
  await late.atLeast(6);
  assert.equal(late.chunks.length, 6);
  clock.advance(2000);
  await early.ended();
  await late.ended();
  const after = await Watch.open(controller);
  await after.ended();
  assert.equal(early.chunks.length, 17);
  assert.deepEqual(late.chunks, early.chunks);
  assert.deepEqual(after.chunks, early.chunks);
});

test('a ping comes every 15 s from the opening of the stream, whatever else is sent', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'slow-pull' });
  await create(controller);
  clock.advance(8000);
  const watch = await Watch.open(controller);
  await watch.atLeast(4);
  const before = watch.chunks.length;
  clock.advance(15_000);
  await watch.atLeast(before + 1);
  assert.deepEqual(watch.chunks.slice(before), [': ping - 2026-11-24 00:42:24.751000+00:00\r\n\r\n']);
  clock.advance(15_000);
  await watch.atLeast(before + 3);
  const [event, ping] = watch.chunks.slice(before + 1);
  assert.match(event ?? '', /^event: info\r\ndata: .*8 of 41 layers/);
  assert.equal(ping, ': ping - 2026-11-24 00:42:39.751000+00:00\r\n\r\n');
});

test('pings have an interval of their own, which speed does not touch', async (t) => {
  const { controller, clock } = await serve(t, { pingSeconds: 1, speed: 1000 });
  await create(controller, { size: 'gargantuan' }); // refused: the stream is silent
  const watch = await Watch.open(controller);
  clock.advance(3000);
  await watch.atLeast(3);
  assert.equal(watch.chunks.length, 3);
});

test('one client that leaves takes nothing from the others', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'delayed' });
  await create(controller);
  const [one, other] = [await Watch.open(controller), await Watch.open(controller)];
  await one.atLeast(2);
  one.leave();
  await one.closed();
  clock.advance(2000);
  await other.ended();
  assert.equal(other.chunks.length, 17);
});

test('a client that disconnects during its request affects no other', async (t) => {
  const { controller } = await serve(t, { scenario: 'immediate' });
  const { hostname, port } = new URL(controller.origin);
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST ${labs}/rachel/create HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${controller.token}\r\n` +
      'Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n',
  );
  await once(socket, 'data'); // "continue"
  socket.resetAndDestroy();
  await once(socket, 'close');
  assert.equal((await create(controller)).status, 201);
});

test('a stream opened before a create belongs to the operation before it', async (t) => {
  const { controller, clock } = await serve(t);
  await createScenario(controller, 'create-failure');
  const before = await Watch.open(controller);
  await before.ended();
  assert.equal(before.messages.at(-1), 'Lab spawn failed');
  await createScenario(controller, 'immediate');
  const after = await Watch.open(controller);
  clock.advance(2000);
  await after.ended();
  assert.equal(after.messages.at(-1), 'Lab Kubernetes pod started for rachel');
  assert.ok(!after.messages.includes('Lab spawn failed'));
});

test('close ends every connection at once and leaves no timer', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'slow-pull' });
  await create(controller);
  const watch = await Watch.open(controller);
  const deletion = start(controller, `${labs}/rachel`, { method: 'DELETE' });
  await deletion.arrived;
  const ofDeletion = await Watch.open(controller);
  await ofDeletion.atLeast(1);
  await controller.close();
  assert.equal(clock.pending, 0);
  assert.equal(await ofDeletion.closed(), false);
  assert.equal(await watch.closed(), true); // its operation had been cancelled
  await assert.rejects(deletion.told);
});
