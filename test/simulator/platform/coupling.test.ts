/**
 * The simulated platform's Hub and controller together, as seen by a client on the wire: what one of them does has its effect
 * at the other, late and in its own words.
 */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { PlatformOptions } from '../../../src/simulator/platform/platform.js';
import type { Watch } from '../jupyterhub/client.js';
import { form, hubEvents, labEvents, messages, serve, server, type User } from './client.js';

const deletion = [
  'info Shutting down Kubernetes pod',
  'info Deleting user namespace',
  'info Lab for demo deleted',
];

/** A platform at which the user has signed in. */
async function open(
  t: TestContext,
  scenario = 'platform',
  more: Partial<PlatformOptions> = {},
): Promise<User> {
  const user = await serve(t, { scenario, ...more });
  await user.signIn();
  return user;
}

/** One that has a lab. */
async function openRunning(t: TestContext, more: Partial<PlatformOptions> = {}): Promise<User> {
  const user = await open(t, 'platform', more);
  assert.equal(await user.spawned(), 201);
  assert.deepEqual(await user.says(), ['ready', 'running', 200]);
  return user;
}

/** The time between the last two events of the Hub's stream. */
function lastGap(watch: Watch): number {
  const times = hubEvents(watch).map(([at]) => at);
  return (times.at(-1) ?? 0) - (times.at(-2) ?? 0);
}

describe('a spawn', () => {
  test('through the Hub creates a lab at the controller, with the options as they are', async (t) => {
    const user = await open(t);
    assert.deepEqual(await user.says(), ['none', '404', 302]);
    const asked = await user.post({ image_tag: 'w_2077_43', size: ['medium'] });
    assert.deepEqual(await user.says(), ['spawn', 'pending', 302]);
    await user.advance(5000);
    assert.equal((await asked.reply).status, 201);
    assert.deepEqual(await user.says(), ['ready', 'running', 200]);
    const { body } = await user.ask('/nublado/spawner/v1/user-status');
    assert.match(body, /"image":"[^"]*w_2077_43/);
    assert.match(body, /"size":"medium"/);
    assert.match(body, /"internal_url":"[^"]*\/nb\/user\/demo\/"/);
  });

  test('is told to a watcher in one burst at its end, except for what was there before', async (t) => {
    const user = await open(t);
    await user.post();
    await user.advance(400);
    const [watch, events] = [await user.watch(), await user.watchEvents()];
    await watch.follow(60_000);
    await events.follow(1000);
    const times = hubEvents(watch).map(([at]) => at);
    const [, , , burst = 0] = times;
    const ready = times.at(-1) ?? 0;
    assert.deepEqual(times, [0, 0, 0, ...Array<number>(8).fill(burst), ready]);
    assert.ok(burst > 1500 && ready === burst + 500, `${burst} ${ready}`);
    assert.deepEqual(messages(watch).slice(0, 3), [
      '0 Server requested',
      '1 [info] Starting lab creation for demo',
      '30 [info] Created Kubernetes objects for user lab',
    ]);
    assert.deepEqual(messages(watch).slice(-2), [
      '75 [info] Lab Kubernetes pod started for demo',
      '100 Server ready at /nb/user/demo/',
    ]);
    // The controller's own events come when they happen.
    assert.ok(new Set(events.chunks.map(({ at }) => at)).size > 5);
    assert.deepEqual(
      labEvents(events).map((each) => each.replace(/^(info|complete) /, '')),
      messages(watch)
        .slice(1, -1)
        .map((each) => each.replace(/^\d+ \[info\] /, '')),
    );
  });

  test('that takes long gets 202, and newlines until its end', async (t) => {
    const user = await open(t, 'platform-slow-pull');
    const asked = await user.post();
    const watch = await user.watch();
    await user.advance(10_000);
    assert.equal((await asked.reply).status, 202);
    await watch.follow(30_000);
    assert.match(watch.text, /\n\n\n\n\n\n$/);
    assert.deepEqual(await user.says(), ['spawn', 'pending', 302]);
    await watch.follow(60_000);
    assert.equal(messages(watch).at(-1), '100 Server ready at /nb/user/demo/');
  });

  test('that fails says why in the Hub as well; then the Hub deletes the lab', async (t) => {
    const user = await open(t, 'platform-fail');
    const asked = await user.post();
    const [watch, events] = [await user.watch(), await user.watchEvents()];
    await watch.follow(3900);
    assert.deepEqual(await user.says(), ['spawn', 'terminating', 302]);
    await watch.follow(60_000);
    assert.equal((await asked.reply).status, 500);
    const told = messages(watch).slice(-3);
    assert.match(told[0] ?? '', /^69 \[error\] Pod userlabs-demo\/demo-nb cannot start: ImagePullBackOff/);
    assert.deepEqual(told.slice(1), ['69 [error] Lab spawn failed', '100 Spawn failed: Lab spawn failed']);
    assert.equal(lastGap(watch), 1200);
    assert.equal(labEvents(events).at(-1), 'failed Lab spawn failed');
    assert.deepEqual(await user.says(), ['none', '404', 302]);
    const later = await user.watchEvents();
    assert.deepEqual(labEvents(later), deletion);
    const repeated = await user.watch();
    await repeated.follow(0);
    assert.deepEqual(messages(repeated), ['100 Spawn failed: Lab spawn failed']);
  });

  test('that the controller refuses fails with its words', async (t) => {
    const user = await open(t);
    const asked = await user.post({ image_tag: 'nothing', size: 'small' });
    assert.equal((await asked.reply).status, 500);
    assert.deepEqual(await user.says(), ['none', '404', 302]);

    const slow = await open(t);
    slow.platform.spawner.delayMs = 1000;
    await slow.post({ image_tag: 'nothing', size: 'small' });
    const watch = await slow.watch();
    await watch.follow(5000);
    assert.match(messages(watch)[1] ?? '', /^1 \[error\] .*nothing/);
    assert.equal(messages(watch).at(-1), '100 Spawn failed: Lab spawn failed');
  });

  test('fails if the token with which the user came has expired', async (t) => {
    const user = await open(t);
    user.platform.expireTokens();
    user.platform.beginSpawn();
    await user.advance(5000);
    assert.equal(user.platform.hub.server('').spawn?.outcome?.kind, 'failed');
  });
});

describe('a lab that the Hub does not know', () => {
  test('is deleted by a spawn, which then creates another', async (t) => {
    const user = await open(t, 'platform-orphan');
    assert.deepEqual(await user.says(), ['none', 'running', 302]);
    await user.post();
    assert.deepEqual(await user.says(), ['spawn', 'terminating', 302]);
    const [watch, events] = [await user.watch(), await user.watchEvents()];
    await watch.follow(60_000);
    assert.deepEqual(labEvents(events), deletion);
    assert.deepEqual(messages(watch).slice(1, 3), [
      '1 [warning] Deleting existing orphaned lab',
      '1 [info] Starting lab creation for demo',
    ]);
    assert.equal(messages(watch).at(-1), '100 Server ready at /nb/user/demo/');
    assert.deepEqual(await user.says(), ['ready', 'running', 200]);
  });

  test('is deleted while it starts, too', async (t) => {
    const user = await open(t);
    const create = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const env = { JUPYTERHUB_SERVICE_PREFIX: '/nb/user/demo/' };
    const path = '/nublado/spawner/v1/labs/demo/create';
    const created = await user.ask(path, { ...create, body: JSON.stringify({ options: form, env }) });
    assert.equal(created.status, 201);
    assert.equal(await user.spawned(), 201);
    assert.deepEqual(await user.says(), ['ready', 'running', 200]);
  });
});

describe('a stop', () => {
  test('ends when the controller has deleted the lab', async (t) => {
    const user = await openRunning(t);
    const asked = user.start(server, { method: 'DELETE' });
    await asked.arrived;
    await user.advance(1000);
    assert.deepEqual(await user.says(), ['stop', 'terminating', 302]);
    await user.advance(200);
    assert.equal((await asked.reply).status, 204);
    assert.deepEqual(await user.says(), ['none', '404', 302]);
  });

  test('of a spawn says ready for a second, then deletes the lab', async (t) => {
    const user = await open(t);
    await user.post();
    const watch = await user.watch();
    await user.advance(500);
    const asked = user.start(server, { method: 'DELETE' });
    await asked.arrived;
    await user.advance(100);
    assert.equal(messages(watch).at(-1), '100 Server ready at /nb/user/demo/');
    assert.deepEqual(await user.says(), ['ready', 'pending', 302]);
    await user.advance(1000);
    assert.deepEqual(await user.says(), ['stop', 'terminating', 302]);
    await user.advance(1200);
    assert.equal((await asked.reply).status, 204);
    assert.deepEqual(await user.says(), ['none', '404', 302]);
  });

  test('that fails at the controller is forgotten by the Hub, and the lab is an orphan', async (t) => {
    const user = await open(t);
    await user.post({ image_tag: 'scenario-delete-failure', size: 'small' });
    await user.advance(3000);
    assert.equal((await user.ask(server, { method: 'DELETE' })).status, 204);
    assert.deepEqual(await user.says(), ['none', 'failed', 302]);
  });
});

describe('Jupyter', () => {
  test('can listen seconds after the controller says complete', async (t) => {
    const user = await open(t, 'platform-late');
    const watch = await user.post().then(() => user.watch());
    await user.advance(7000);
    assert.deepEqual(await user.says(), ['spawn', 'running', 302]);
    await watch.follow(60_000);
    assert.equal(lastGap(watch), 6000);
    assert.deepEqual(await user.says(), ['ready', 'running', 200]);
  });

  test('that never listens fails the spawn, although the controller has said complete', async (t) => {
    const user = await open(t, 'platform-no-jupyter');
    const asked = await user.post();
    const [watch, events] = [await user.watch(), await user.watchEvents()];
    await watch.follow(60_000);
    assert.equal((await asked.reply).status, 202);
    assert.equal(labEvents(events).at(-1), 'complete Lab Kubernetes pod started for demo');
    assert.match(
      messages(watch).at(-1) ?? '',
      /^100 Spawn failed: Server at http:\/\/\S+\/nb\/user\/demo\/api didn't respond in 10 seconds$/,
    );
    assert.deepEqual(await user.says(), ['none', '404', 302]);
  });
});

describe('a Hub that restarts', () => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`adopts a lab that was finished meanwhile, after ${signal}`, async (t) => {
      const user = await open(t);
      const asked = await user.post();
      const watch = await user.watch();
      await user.advance(500);
      const back = user.platform.hub.restart({ signal, downMs: 10_000 });
      await user.advance(5000);
      assert.equal((await asked.reply).status, 503);
      if (signal === 'SIGKILL') assert.equal(watch.end, 'still open');
      else assert.equal(messages(watch).at(-1), '100 Server ready at /nb/user/demo/');
      assert.equal((await user.ask('/nublado/spawner/v1/user-status')).status, 200);
      assert.equal((await user.ask('/nb/hub/api/users/demo')).status, 503);
      await user.advance(5000);
      await back;
      watch.leave();
      assert.deepEqual(await user.says(), ['ready', 'running', 200]);
      assert.equal((await user.ask(server, { method: 'DELETE' })).status, 204);
      assert.deepEqual(await user.says(), ['none', '404', 302]);
    });
  }

  test('forgets a spawn under way, whose lab is then an orphan', async (t) => {
    const user = await open(t);
    await user.post();
    const back = user.platform.hub.restart({ downMs: 500 });
    await user.advance(500);
    await back;
    assert.deepEqual(await user.says(), ['none', 'pending', 302]);
    await user.advance(60_000);
    assert.deepEqual(await user.says(), ['none', 'running', 302]);
    await user.post();
    const watch = await user.watch();
    assert.deepEqual(messages(watch).slice(1), ['1 [warning] Deleting existing orphaned lab']);
    await watch.follow(60_000);
    assert.deepEqual(await user.says(), ['ready', 'running', 200]);
  });

  test('does nothing more while it is down: an orphan is deleted and not replaced', async (t) => {
    const user = await open(t, 'platform-orphan');
    await user.post();
    const back = user.platform.hub.restart({ downMs: 10_000 });
    await user.advance(10_000);
    await back;
    assert.deepEqual(await user.says(), ['none', '404', 302]);
  });

  test('does not adopt a lab in which Jupyter does not listen', async (t) => {
    const user = await open(t, 'platform-no-jupyter');
    await user.post();
    const back = user.platform.hub.restart({ downMs: 5000 });
    await user.advance(5000);
    await back;
    assert.deepEqual(await user.says(), ['none', 'running', 302]);
  });

  test('keeps a running server', async (t) => {
    const user = await openRunning(t);
    const back = user.platform.hub.restart({ downMs: 1000 });
    await user.advance(1000);
    await back;
    assert.deepEqual(await user.says(), ['ready', 'running', 200]);
  });
});

describe('a controller', () => {
  test('that restarts in the middle does not prevent the spawn', async (t) => {
    const user = await open(t);
    const asked = await user.post();
    await user.advance(600);
    const events = await user.watchEvents();
    user.platform.happen('controller restarts');
    await events.follow(10);
    assert.equal(events.end, 'fin');
    assert.equal((await user.ask('/nublado/spawner/v1/user-status')).status, 503);
    await user.advance(5000);
    assert.equal((await asked.reply).status, 201);
    assert.deepEqual(await user.says(), ['ready', 'running', 200]);
    const watch = await user.watchEvents();
    assert.match(labEvents(watch)[0] ?? '', /Monitoring in-progress lab creation/);
  });

  test('that cannot be reached from outside does not prevent the spawn', async (t) => {
    const user = await open(t, 'platform-controller-away');
    await user.post();
    const [watch, events] = [await user.watch(), await user.watchEvents()];
    await watch.follow(60_000);
    assert.equal(events.end, 'fin');
    assert.match(events.text, /Created Kubernetes objects/);
    assert.deepEqual(await user.says(), ['ready', '503', 200]);
    user.platform.happen('controller back');
    assert.deepEqual(await user.says(), ['ready', 'running', 200]);
  });

  test('can refuse the event stream alone', async (t) => {
    const user = await open(t);
    await user.post();
    user.platform.happen('events away');
    assert.equal((await user.ask('/nublado/spawner/v1/labs/demo/events')).status, 503);
    assert.deepEqual(await user.says(), ['spawn', 'pending', 302]);
  });

  test('replays the operation before until the Spawner has sent its request', async (t) => {
    const user = await open(t, 'platform-old-queue');
    assert.deepEqual(await user.says(), ['none', '404', 302]);
    await user.post();
    assert.deepEqual(await user.says(), ['spawn', '404', 302]);
    const old = await user.watchEvents();
    assert.deepEqual([labEvents(old), old.end], [deletion, 'clean']);
    await user.advance(2200);
    const events = await user.watchEvents();
    assert.equal(labEvents(events)[0], 'info Starting lab creation for demo');
  });
});

describe('a lab behind the back of the Hub', () => {
  test('is deleted: the Hub says ready until its next poll', async (t) => {
    const user = await openRunning(t);
    user.platform.happen('lab deleted');
    assert.deepEqual(await user.says(), ['ready', 'terminating', 503]);
    await user.advance(1200);
    assert.deepEqual(await user.says(), ['ready', '404', 503]);
    await user.advance(30_000);
    assert.deepEqual(await user.says(), ['none', '404', 302]);
  });

  test('is forgotten as soon as the Hub says ready', async (t) => {
    const user = await open(t, 'platform-contradiction');
    assert.equal(await user.spawned(), 201);
    assert.deepEqual(await user.says(), ['ready', '404', 503]);
    await user.advance(30_000);
    assert.deepEqual(await user.says(), ['none', '404', 302]);
  });

  test('loses its pod: the Hub notices after the controller', async (t) => {
    const user = await openRunning(t);
    user.platform.happen('pod dies');
    await user.advance(60_000);
    assert.deepEqual(await user.says(), ['ready', 'running', 503]);
    user.platform.controller.reconcile();
    await user.advance(31_200);
    assert.deepEqual(await user.says(), ['none', '404', 302]);
  });

  for (const [incident, said] of [
    ['lab said failed', 'failed'],
    ['lab said terminating', 'terminating'],
  ] as const) {
    test(`is ${said} according to the controller`, async (t) => {
      const user = await openRunning(t);
      user.platform.happen(incident);
      assert.deepEqual(await user.says(), ['ready', said, 503]);
    });
  }
});

test('the user has no named servers', async (t) => {
  const user = await open(t);
  const { status, body } = await user.ask('/nb/hub/api/users/demo/servers/other', {
    method: 'POST',
    body: '{}',
  });
  assert.deepEqual(
    [status, (JSON.parse(body) as { message: string }).message],
    [400, 'Named servers are not enabled.'],
  );
});
