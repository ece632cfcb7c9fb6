/**
 * The scenarios: what each of them promises, however it is chosen, and how long it takes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../src/runtime/context.js';
import { findScenario, scenarioNames, scenarios } from '../../src/simulator/stories/scenarios.js';
import { startSimulator } from '../../src/simulator/server.js';
import { FakeClock } from '../support/clock.js';
import {
  ask,
  create,
  createScenario,
  idleTimers,
  labs,
  serve,
  start,
  status,
  until,
  Watch,
} from './client.js';

interface Promised {
  /** The status of the response to a create; default 201. */
  answer?: number;
  /** When the response to the create arrives; default at once. */
  answeredMs?: number;
  /** The final state; undefined if there is no lab. */
  end: string | undefined;
  /** When it is reached, in milliseconds at speed 1: not before the first value, and by the second. */
  between: readonly [number, number];
  /** The state until then; default `pending`. */
  meanwhile?: string;
  /** False: the stream is not simply followed to its end; delivery, restart and refused.test.ts show how. */
  plain?: false;
}

const promises: Readonly<Record<string, Promised>> = {
  happy: { end: 'running', between: [4500, 5500] },
  'slow-pull': { end: 'running', between: [60_000, 65_000] },
  'image-pull-failure': { end: 'failed', between: [2500, 3500] },
  quota: { answer: 403, end: undefined, between: [0, 0], plain: false },
  'spawn-timeout': { end: 'failed', between: [3000, 3100] },
  unschedulable: { end: 'failed', between: [7500, 8500] },
  recreate: { end: 'running', between: [1000, 2500] },
  'delete-failure': { end: 'running', between: [500, 1000] },
  cut: { end: 'running', between: [4500, 5500], plain: false },
  stall: { end: 'running', between: [4500, 5500], plain: false },
  'ping-only': { end: 'running', between: [2000, 2000], plain: false },
  restart: { end: 'running', between: [3500, 4500], plain: false },
  buffered: { end: 'running', between: [4500, 5500], plain: false },
  malformed: { end: 'running', between: [1000, 4000] },
  hostile: { end: 'running', between: [1000, 4000] },
  flood: { end: 'running', between: [2500, 3500], plain: false },
  conflict: { answer: 409, end: 'running', between: [4500, 5500] },
  exists: { answer: 409, end: 'running', between: [0, 0] },
  deleting: { answer: 409, end: undefined, between: [2500, 3500], meanwhile: 'terminating', plain: false },
  'login-page': { answer: 302, end: undefined, between: [0, 0], plain: false },
  'rate-limit': { answer: 429, end: undefined, between: [0, 0], plain: false },
  immediate: { end: 'running', between: [0, 0] },
  delayed: { end: 'running', between: [1250, 1400] },
  'create-failure': { end: 'failed', between: [0, 0] },
  'failed-state': { end: 'running', between: [9500, 10_500] },
  'deleting-failed': {
    answer: 409,
    end: undefined,
    between: [8500, 9500],
    meanwhile: 'failed',
    plain: false,
  },
  'dead-pod': { end: 'running', between: [1000, 2000] },
  'recreate-lost': {
    answer: 504,
    answeredMs: 1000,
    end: 'running',
    between: [3000, 5000],
    meanwhile: 'running',
    plain: false,
  },
  'create-broken': { answer: 500, end: undefined, between: [0, 0], plain: false },
  'failure-forgotten': { end: undefined, between: [1000, 2000], plain: false },
  'deletion-forgotten': { end: 'running', between: [500, 1000] },
};

test('every scenario is promised something here', () => {
  assert.deepEqual(Object.keys(promises), scenarioNames);
  for (const { summary } of Object.values(scenarios)) assert.match(summary, /^[^\n]{10,75}$/);
});

for (const [name, promised] of Object.entries(promises)) {
  const { answer = 201, answeredMs = 0, end, between, meanwhile = 'pending', plain = true } = promised;
  const [from, to] = between;
  for (const how of ['option', 'tag']) {
    test(`${name}, by ${how}: ${answer}, and ${end ?? 'no lab'} in ${from} to ${to} ms`, async (t) => {
      const { controller, clock } = await serve(t, how === 'option' ? { scenario: name } : {});
      const asked = how === 'option' ? create(controller) : createScenario(controller, name);
      if (answeredMs > 0) {
        await until(() => clock.pending > idleTimers);
        clock.advance(answeredMs);
      }
      assert.equal((await asked).status, answer);
      // If the ingress rejects all requests, no client can read the state.
      if (name === 'login-page' || name === 'rate-limit') return;
      const watch = plain ? await Watch.open(controller) : undefined;
      if (from > 0) {
        clock.advance(from - 1 - answeredMs);
        await controller.listening();
        assert.equal(await status(controller), meanwhile);
      }
      // In short steps, because what a create starts after a pause has its own timing.
      for (let now = Math.max(from - 1, answeredMs); now < to; now += 100) {
        clock.advance(Math.min(100, to - now));
        await new Promise(setImmediate);
      }
      await controller.listening();
      assert.equal(await status(controller), end);
      await watch?.ended();
      const terminal = end === 'running' ? /^event: complete\r\n/ : /^event: failed\r\n/;
      if (watch) assert.match(watch.chunks.at(-1) ?? '', terminal);
    });
  }
}

test('the progress of a spawn follows the rule: a third of the way to 75 with each event of the pod', async (t) => {
  const { controller, clock } = await serve(t);
  await create(controller);
  const watch = await Watch.open(controller);
  clock.advance(10_000);
  await watch.ended();
  const progress = [...watch.text.matchAll(/"progress": (\d+)/g)].map((match) => Number(match[1]));
  assert.deepEqual(progress, [1, 30, 35, 48, 57, 63, 67, 69, 71, 72, 73, 73]);
  assert.ok(watch.messages.some((message) => message.length > 200));
  for (const message of watch.messages) assert.doesNotMatch(message, /\{user\}|\{image\}/);
});

test('happy leaves time for the part of a display that is seen before the first event', async (t) => {
  const { controller, clock } = await serve(t);
  await create(controller);
  clock.advance(500);
  const watch = await Watch.open(controller);
  start(controller, `${labs}/rachel`, { method: 'DELETE' });
  await watch.ended();
  assert.deepEqual(watch.messages, ['Operation cancelled']); // no earlier message
});

test('malformed: invalid frames do not change the outcome', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'malformed' });
  await create(controller);
  const watch = await Watch.open(controller);
  clock.advance(10_000);
  await watch.ended();
  const last = watch.chunks.pop();
  assert.match(
    last ?? '',
    /^event: complete\r\ndata: \{"message": "Lab Kubernetes pod started for rachel"\}\r\n\r\n$/,
  );
  for (const chunk of watch.chunks) assert.doesNotMatch(chunk, /event: *(complete|failed)/);
  for (const kind of [
    'progress": 0}',
    'progress": 101}',
    'progress": "50"}',
    'progress": 1.5}',
    'progress": NaN}',
  ]) {
    assert.ok(watch.text.includes(kind), kind);
  }
});

test('hostile: on the wire all of it is ASCII, and one line each', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'hostile' });
  await create(controller);
  const watch = await Watch.open(controller);
  clock.advance(10_000);
  await watch.ended();
  for (const chunk of watch.chunks) assert.match(chunk, /^event: (info|complete)\r\ndata: [ -~]*\r\n\r\n$/);
  const all = watch.messages.join('');
  for (const character of [
    '\x1b',
    '\x9b',
    '\0',
    '\x7f',
    '\b',
    '\n',
    '\r',
    '\u202e',
    '\u2028',
    '\u200d',
    '\ud800',
  ]) {
    assert.ok(all.includes(character), JSON.stringify(character));
  }
  assert.ok(watch.messages.includes(''));
  assert.ok(watch.messages.some((message) => message.length > 100_000));
  const { body } = await ask(controller, `${labs}/rachel`);
  assert.equal(
    (JSON.parse(body) as { internal_url: string }).internal_url,
    'http://lab.userlabs-rachel:8888/nb/user/rachel/',
  );
});

test('recreate: a failed lab exists before the first request', async (t) => {
  const { controller } = await serve(t, { scenario: 'recreate' });
  assert.equal(await status(controller), 'failed');
  const watch = await Watch.open(controller);
  await watch.ended();
  assert.equal(watch.messages.at(-1), 'Lab spawn failed');
});

test('conflict: the other spawn begins with the first request, and can be followed or replaced', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'conflict' });
  clock.advance(60_000);
  assert.equal(await status(controller), 'pending');
  assert.equal((await create(controller)).status, 409);
  const watch = await Watch.open(controller);
  const deletion = start(controller, `${labs}/rachel`, { method: 'DELETE' });
  await watch.ended();
  assert.equal(watch.messages.at(-1), 'Operation cancelled');
  clock.advance(5000);
  assert.equal((await deletion.told).status, 204);
  assert.equal(await status(controller), undefined);
  assert.equal((await create(controller)).status, 201);

  // Once a create was accepted, the next finds itself in the same trouble.
  const again = start(controller, `${labs}/rachel`, { method: 'DELETE' });
  await again.arrived;
  clock.advance(5000);
  await again.told;
  assert.equal(await status(controller), undefined);
  assert.equal((await create(controller)).status, 409);
});

test('a tag of a reference chooses a scenario too, and becomes the image', async (t) => {
  const { controller } = await serve(t);
  const image_list = 'lighthouse.ceres/library/sketchbook:scenario-create-failure';
  assert.equal((await create(controller, { image_class: null, image_list })).status, 201);
  assert.equal(await status(controller), 'failed');
  const { body } = await ask(controller, `${labs}/rachel`);
  assert.equal(
    (JSON.parse(body) as { options: { image: string } }).options.image,
    `${image_list}@sha256:9abc`,
  );
});

test('a scenario that there is not is an unknown image', async (t) => {
  const { controller } = await serve(t);
  for (const name of ['nope', '', 'toString']) {
    const told = await createScenario(controller, name);
    assert.equal(told.status, 400);
    assert.match(told.body, new RegExp(`Docker tag \\\\"scenario-${name}\\\\" not found`));
    assert.equal(findScenario(name), undefined);
  }
  await assert.rejects(startSimulator({ clock: new FakeClock(), scenario: 'nope' }), RangeError);
});

test('beginSpawn starts a spawn without a request', async (t) => {
  const { controller, clock } = await serve(t, { user: 'demo' });
  controller.beginSpawn();
  const watch = await Watch.open(controller);
  clock.advance(10_000);
  await watch.ended();
  assert.equal(watch.messages[0], 'Starting lab creation for demo');
  assert.equal(await status(controller), 'running');
  controller.beginSpawn(); // as refused as a create would be
  assert.equal(await status(controller), 'running');
});

test('at a million times the speed, real time is enough', async (t) => {
  const clock: Clock = {
    monotonic: () => performance.now(),
    now: () => Date.now(),
    after(ms, callback) {
      const timer = setTimeout(callback, ms);
      return () => {
        clearTimeout(timer);
      };
    },
  };
  const { controller } = await serve(t, { clock, scenario: 'slow-pull', speed: 1e6 });
  await create(controller);
  const watch = await Watch.open(controller);
  await watch.ended();
  assert.equal(watch.messages.at(-1), 'Lab Kubernetes pod started for rachel');
  assert.equal((await ask(controller, `${labs}/rachel`, { method: 'DELETE' })).status, 204);
});

test('speed divides the pauses', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'slow-pull', speed: 100 });
  await create(controller);
  clock.advance(599);
  assert.equal(await status(controller), 'pending');
  clock.advance(60);
  assert.equal(await status(controller), 'running');
});

test('the form has what the demo user may choose', async (t) => {
  const { controller } = await serve(t, { user: 'demo' });
  const { body } = await ask(controller, '/nublado/spawner/v1/lab-form/demo');
  const captured = await ask((await serve(t)).controller, '/nublado/spawner/v1/lab-form/rachel');
  assert.equal(body, captured.body);
  const unlimited = await ask(controller, '/nublado/spawner/v1/lab-form/test02', { token: 'gt-test02' });
  assert.match(unlimited.body, /Huge \(12\.0 CPU, 36Gi RAM\)/);
  assert.doesNotMatch(body, /Huge/);
});
