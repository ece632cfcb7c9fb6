/**
 * The captured streams: a scenario that claims to reproduce one sends exactly the captured bytes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOf, streamCapture, type StreamCapture } from '../support/captures.js';
import { create, labs, serve, start, Watch } from './client.js';

const long = 60_000;

/** Everything that was sent, without the pings. */
function body(capture: StreamCapture): string {
  return bodyOf(capture).replace(/: ping - .*\r\n\r\n/g, '');
}

/** Captures of a spawn that begins without a lab: watched from the start, then once more when it is over. */
const spawns: Readonly<Record<string, readonly string[]>> = {
  immediate: [
    ...[
      '01-spawn-immediate.W1',
      '01-spawn-immediate.W2-replay',
      '08-delete-running.W0',
      '13-create-validation.W2',
    ],
    ...['08b-watch-opened-before-delete.W0', '08b-watch-opened-before-delete.W1-before-delete'],
    ...[
      '14-conflicts.W0',
      '14-conflicts.W4',
      '17b-restart-while-running.W0',
      '20-dropped-connections.W-last',
    ],
  ],
  delayed: [
    '02-spawn-delayed.W1',
    '02-spawn-delayed.W2',
    '02-spawn-delayed.W3-late',
    '02-spawn-delayed.W4-after',
  ],
  'create-failure': ['03-fail-create-pod.W1', '03-fail-create-pod.W2-replay', '07-recreate-after-failed.W1'],
  'spawn-timeout': ['06-spawn-timeout.W1', '06-spawn-timeout.W2-replay'],
  recreate: ['07-recreate-after-failed.W2'],
};

for (const [scenario, names] of Object.entries(spawns)) {
  for (const name of names) {
    test(`${scenario} emits ${name}`, async (t) => {
      const { controller, clock } = await serve(t, { scenario });
      const capture = streamCapture(name) as StreamCapture & { headers: Record<string, string> };
      // The lab of the captures, whose image some messages name.
      const lab = {
        image_class: null,
        image_list: 'lighthouse.ceres/library/sketchbook:latest_daily@sha256:1234',
      };
      assert.equal((await create(controller, lab)).status, 201);
      const watch = await Watch.open(controller);
      clock.advance(long);
      await watch.ended();
      assert.equal(watch.text, body(capture));
      assert.equal(capture.end, 'clean');
      assert.equal(watch.status, capture.status);
      const { date, server, ...headers } = capture.headers;
      assert.ok(date);
      assert.equal(server, 'uvicorn');
      for (const [header, value] of Object.entries(headers))
        assert.equal(watch.headers[header], value, header);

      const after = await Watch.open(controller);
      await after.ended();
      assert.equal(after.text, watch.text);
    });
  }
}

const deletions = [
  ...[
    '08-delete-running.W1-during',
    '08-delete-running.W2-after',
    '08b-watch-opened-before-delete.W2-just-after',
  ],
  ...['09-delete-during-spawn.W2-reopen', '17b-restart-while-running.W2'],
];
for (const name of deletions) {
  test(`a deletion emits ${name}`, async (t) => {
    const during = name.startsWith('09');
    const { controller, clock } = await serve(t, { scenario: during ? 'delayed' : 'immediate' });
    await create(controller);
    const deletion = start(controller, `${labs}/rachel`, { method: 'DELETE' });
    await deletion.arrived;
    const watch = await Watch.open(controller);
    clock.advance(long);
    await watch.ended();
    assert.equal(watch.text, body(streamCapture(name)));
    assert.equal((await deletion.told).status, 204);

    // The lab is gone, but the events about its end remain.
    const after = await Watch.open(controller);
    await after.ended();
    assert.equal(after.text, watch.text);
  });
}

test('a spawn that is deleted emits the end of 09-delete-during-spawn.W1', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'delayed' });
  await create(controller);
  const watch = await Watch.open(controller);
  clock.advance(300);
  start(controller, `${labs}/rachel`, { method: 'DELETE' });
  await watch.ended();
  // The Kubernetes event in between belongs to another scenario.
  const captured = body(streamCapture('09-delete-during-spawn.W1')).replace(
    'Pulling image',
    'Autoscaling cluster for reasons',
  );
  assert.equal(watch.text, captured);
});

test('13-create-validation.W1: after a refused create only pings, and a clean end when the next create comes', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'happy' });
  assert.equal((await create(controller, { size: 'gargantuan' })).status, 422);
  const watch = await Watch.open(controller);
  clock.advance(2000);
  assert.equal((await create(controller)).status, 201);
  await watch.ended();
  assert.equal(watch.status, 200);
  assert.deepEqual(watch.chunks, []);
  assert.deepEqual(streamCapture('13-create-validation.W1-events-after-rejected-create').chunks, []);
});
