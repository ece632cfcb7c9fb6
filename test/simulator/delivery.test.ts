/**
 * How the network disturbs a stream: it is cut, falls silent, is delayed, or is overloaded. Also, what a
 * second connection then receives.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { floodLength } from '../../src/simulator/stories/stories.js';
import { streamCapture } from '../support/captures.js';
import { create, createScenario, idleTimers, serve, settled, status, Watch } from './client.js';
import { readSeparately } from './separate-process.js';

/** All that `happy` sends. */
async function happy(t: TestContext): Promise<readonly string[]> {
  const { controller, clock } = await serve(t);
  await create(controller);
  clock.advance(10_000);
  const watch = await Watch.open(controller);
  await watch.ended();
  return watch.chunks;
}

for (const how of ['option', 'tag']) {
  test(`cut, by ${how}: the first two streams end in the middle of an event, the others are complete`, async (t) => {
    const whole = await happy(t);
    const { controller, clock } = await serve(t, how === 'option' ? { scenario: 'cut' } : {});
    await (how === 'option' ? create(controller) : createScenario(controller, 'cut'));
    const image = /sketchbook:\S+@sha256:\w+/g;
    const told = ({ chunks }: Watch) => chunks.map((chunk) => chunk.replace(image, 'IMAGE'));
    const expected = whole.map((chunk) => chunk.replace(image, 'IMAGE'));

    const [first, meanwhile] = [await Watch.open(controller), await Watch.open(controller)];
    clock.advance(10_000);
    assert.equal(await first.ending(), streamCapture('20-dropped-connections.W-partial').end);
    assert.deepEqual(told(first).slice(0, 5), expected.slice(0, 5));
    const half = first.chunks.slice(5);
    assert.equal(half.length, 1);
    assert.match(half[0] ?? '', /^event: info\r\ndata: \{"message": "[^\r\n]+$/);
    assert.ok(whole[5]?.startsWith(half[0] ?? ''));

    // Half of a `complete` does not count either.
    assert.equal(await meanwhile.ending(), 'FIN (EOF) WITHOUT final chunk');
    assert.deepEqual(told(meanwhile).slice(0, -1), expected.slice(0, -1));
    assert.match(meanwhile.chunks.at(-1) ?? '', /^event: complete\r\ndata: \{[^\r\n]+$/);

    for (let time = 0; time < 2; time++) {
      const later = await Watch.open(controller);
      await later.ended();
      assert.deepEqual(told(later), expected);
    }
  });
}

test('cut: the next spawn is cut again', async (t) => {
  const { controller, clock } = await serve(t);
  for (let time = 0; time < 2; time++) {
    await createScenario(controller, 'cut');
    clock.advance(10_000);
    assert.notEqual(await (await Watch.open(controller)).ending(), 'clean');
    controller.killPod();
  }
});

test('stall: a stream from before falls silent for ever, pings and all; a new one does not', async (t) => {
  const whole = await happy(t);
  const { controller, clock } = await serve(t, { scenario: 'stall', pingSeconds: 1 });
  await create(controller);
  const early = await Watch.open(controller);
  clock.advance(2400);
  const second = await Watch.open(controller);
  clock.advance(10_000);
  await settled(controller);
  const heard = early.chunks.length;
  assert.deepEqual(
    early.chunks.filter((chunk) => !chunk.startsWith(': ping')),
    whole.slice(0, 6),
  );
  assert.ok(heard > 6); // pings arrived until then

  assert.equal(await status(controller), 'running');
  clock.advance(60_000);
  await settled(controller);
  assert.equal(early.chunks.length, heard);
  assert.ok(second.isOpen);
  assert.ok(!second.text.includes(whole[6] ?? ''));
  const late = await Watch.open(controller);
  await late.ended();
  assert.deepEqual(late.chunks, whole);
  assert.ok(early.isOpen);
});

test('stall: a client that connects during the silence gets the next events', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'stall' });
  await create(controller);
  clock.advance(4000);
  const late = await Watch.open(controller);
  await late.atLeast(7);
  const before = late.chunks.length;
  assert.ok(before < 13);
  clock.advance(10_000);
  await late.ended();
  assert.equal(late.chunks.length, 13);
});

test('buffered: not even a header arrives before the end, and then everything in one', async (t) => {
  const whole = await happy(t);
  const { controller, clock } = await serve(t, { scenario: 'buffered', pingSeconds: 3 });
  await create(controller);
  const watch = Watch.begin(controller);
  await settled(controller);
  clock.advance(4000);
  await settled(controller);
  assert.equal(watch.status, 0);
  clock.advance(6000);
  await watch.ended();
  assert.equal(watch.status, 200);
  assert.equal(watch.headers['transfer-encoding'], 'chunked');
  assert.equal(watch.chunks.length, 1);
  assert.equal(watch.text.replace(/: ping - .*\r\n\r\n/, ''), whole.join(''));
  assert.match(watch.text, /: ping/); // held back with the rest

  const after = await Watch.open(controller);
  await after.ended();
  assert.equal(after.text, whole.join(''));
});

test('flood: a stream that need not wait gives the others their turn every 256 KiB', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'flood', pingSeconds: 3600 });
  await create(controller);
  clock.advance(10_000);
  const watch = await Watch.open(controller);
  for (let turn = 1; turn < 5; turn++) {
    await settled(controller);
    const kibibytes = watch.text.length / 1024;
    assert.ok(kibibytes >= 256 * turn && kibibytes < 256 * turn + 1, `${kibibytes} in turn ${turn}`);
    clock.advance(0);
  }
  await settled(controller);
  assert.equal(clock.pending, idleTimers + 2);
  watch.leave();
  await watch.closed();
  await settled(controller);
  assert.equal(clock.pending, idleTimers); // neither ping nor turn is waited for
});

test('flood: a million events in their order cost the controller no memory, even with a client that does not read', async () => {
  const small = await readSeparately('immediate');
  assert.equal(small.frames, 3);
  const flood = await readSeparately('flood');
  assert.equal(flood.frames, floodLength + 3);
  assert.equal(flood.inOrder, floodLength);
  assert.ok(
    flood.peakMiB - small.peakMiB < 80,
    `${flood.peakMiB} MiB, and ${small.peakMiB} for three events`,
  );
});
