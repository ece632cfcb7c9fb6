/**
 * The scenarios of the simulated platform, as seen by a client on the wire that starts a lab and watches it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { platformScenarioNames } from '../../../src/simulator/platform/platform.js';
import { hubEvents, labEvents, serve, type User } from './client.js';

interface Met {
  /** What the Hub, the controller and a probe say before anything. */
  before?: string;
  /** The status of the POST. */
  create: number;
  /** The last event of the Hub's stream: `ready`, `failed` or `other`; how the stream ended; and after how many seconds. */
  stream: string;
  /** The type of the last event of the controller's stream, and how the stream ended. */
  events: string;
  /** What they say afterwards. */
  after: string;
}

async function said(user: User): Promise<string> {
  if ((await user.ask('/nb/hub/api/user')).status === 403) await user.signIn();
  return (await user.says()).join(' ');
}

async function play(user: User): Promise<Met> {
  await user.signIn();
  const before = await said(user);
  const asked = await user.post();
  const [watch, events] = [await user.watch(), await user.watchEvents()];
  await watch.follow(100_000);
  await events.follow(10);
  const [at = 0, last] = hubEvents(watch).at(-1) ?? [];
  const kind = last?.ready === true ? 'ready' : last?.failed === true ? 'failed' : 'other';
  const reply = {
    create: (await asked.reply).status,
    stream: `${kind}, ${watch.end}, ${Math.round(at / 1000)} s`,
    events: `${labEvents(events).at(-1)?.split(' ')[0] ?? 'none'}, ${events.end}`,
    after: await said(user),
  };
  watch.leave();
  events.leave();
  return before === 'none 404 302' ? reply : { before, ...reply };
}

const happy: Met = {
  create: 201,
  stream: 'ready, clean, 3 s',
  events: 'complete, clean',
  after: 'ready running 200',
};

const expected: Readonly<Record<string, Met>> = {
  platform: happy,
  'platform-slow-pull': { ...happy, create: 202, stream: 'ready, clean, 64 s' },
  'platform-fail': {
    create: 500,
    stream: 'failed, clean, 4 s',
    events: 'failed, clean',
    after: 'none 404 302',
  },
  'platform-orphan': {
    ...happy,
    before: 'none running 302',
    stream: 'ready, clean, 4 s',
    events: 'info, clean',
  },
  'platform-late': { ...happy, stream: 'ready, clean, 8 s' },
  'platform-no-jupyter': {
    create: 202,
    stream: 'failed, clean, 13 s',
    events: 'complete, clean',
    after: 'none 404 302',
  },
  'platform-session': happy,
  'platform-controller-away': { ...happy, events: 'info, fin', after: 'ready 503 200' },
  'platform-hub-restart': {
    ...happy,
    create: 503,
    stream: 'other, still open, 0 s',
  },
  'platform-contradiction': { ...happy, after: 'ready 404 503' },
  'platform-expiring': happy,
  'platform-hosts': happy,
  'platform-dead-pod': { ...happy, after: 'ready running 503' },
  'platform-running': {
    ...happy,
    before: 'ready running 200',
    create: 400,
    stream: 'ready, clean, 0 s',
  },
  'platform-old-queue': { ...happy, stream: 'ready, clean, 5 s', events: 'info, clean' },
};

for (const [scenario, met] of Object.entries(expected)) {
  test(`${scenario} is what its summary says`, async (t) => {
    assert.deepEqual(await play(await serve(t, { scenario })), met);
  });
}

test('every scenario is described', () => {
  assert.deepEqual(Object.keys(expected), platformScenarioNames);
});

test('a scenario that begins with a lab works at any speed, and begins with no timers of it', async (t) => {
  const user = await serve(t, { scenario: 'platform-running', speed: 50 });
  await user.signIn();
  assert.equal(await said(user), 'ready running 200');
  assert.equal((await user.ask('/nb/hub/api/users/demo/server', { method: 'DELETE' })).status, 204);
  assert.ok(user.clock.monotonic() < 100, 'the deletion is as fast as the rest');
});

test('a demo that begins with a spawn leaves a lab alone that is there', async (t) => {
  const user = await serve(t, { scenario: 'platform-running' });
  user.platform.beginSpawn();
  await user.signIn();
  assert.equal(await said(user), 'ready running 200');
});

test('an unknown scenario is refused', async (t) => {
  await assert.rejects(serve(t, { scenario: 'happy' }), RangeError);
});
