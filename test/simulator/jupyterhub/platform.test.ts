/**
 * The captured scenarios of a platform's Hub, played again: its login believes the ingress, which the client plays, and its
 * Spawner hands its servers to a lab controller.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { capturesIn } from './captures.js';
import { Replay, replayed, type ReplayOptions } from './replay.js';

const server = '/nb/hub/api/users/rachel/server';

function scenario(
  name: string,
  play: (replay: Replay) => Promise<void>,
  options: Partial<ReplayOptions> = {},
): void {
  test(`${name} on 5.5.4`, async (t: TestContext) => {
    const replay = await Replay.open(
      t,
      {
        release: '5.5.4',
        scenario: name,
        folders: ['rubin-5.5.4'],
        platform: true,
        slowSpawnMs: 0,
        slowStopMs: 10_000,
        startTimeoutMs: 30_000,
        ...options,
      },
      ['rachel'],
    );
    replay.client.hub.setStartupTime(0);
    if (!name.startsWith('40')) await replay.signIn('rachel');
    await play(replay);
  });
}

scenario('40-rubin-login', async (replay) => {
  await replay.asks('api-no-cookies', 'api-create-no-cookies', 'home-1', 'home-2', 'home-3', 'home-4');
  await replay.asks('api-user-plain', 'api-user-secfetch', 'api-user-xsrf');
});

scenario('41-rubin-spawn-form', async (replay) => {
  await replay.asks('spawn-page', 'spawn-post-no-xsrf', 'spawn-post');
  const first = await replay.watch('W1', 'cookies');
  await replay.sleep(1000);
  const late = await replay.watch('W2-late', 'cookies');
  await first.done();
  await late.done();
  await replay.watchAll('W3-after', 'cookies');
  await replay.asks('user-ready', 'api-through-proxy', 'spawn-page-running', 'spawn-post-running', 'stop');
  await replay.ask('user-stopped');
});

scenario('42-rubin-spawn-api', async (replay) => {
  await replay.ask('create');
  const watch = await replay.watch('W1', 'cookies');
  await replay.ask('user-pending');
  await watch.done();
  await replay.ask('stop');
});

scenario('43-rubin-fail', async (replay) => {
  await replay.ask('create');
  await replay.watchAll('W1', 'cookies');
  await replay.ask('user');
  await replay.watchAll('W2-after', 'cookies');
});

scenario(
  '44-rubin-orphan',
  async (replay) => {
    await replay.asks('user-before', 'lab-before', 'create');
    await replay.watchAll('W1', 'cookies');
    await replay.ask('stop');
  },
  { faults: { orphans: 1 } },
);

scenario('45-rubin-late', async (replay) => {
  await replay.ask('create');
  await replay.watchAll('W1', 'cookies');
  await replay.ask('stop');
});

scenario('46-rubin-stop-during-spawn', async (replay) => {
  await replay.ask('create');
  const watch = await replay.watch('W1', 'cookies');
  await replay.sleep(3000);
  const stopped = await replay.start('stop');
  await replay.sleep(400);
  await replay.ask('user-during');
  await replay.sleep(2000);
  await stopped.compared;
  await watch.done();
  await replay.ask('user-after');
});

scenario('47-rubin-timeout', async (replay) => {
  await replay.ask('create');
  await replay.watchAll('W1', 'cookies');
});

scenario('48-rubin-logout', async (replay) => {
  await replay.ask('create');
  await replay.watchAll('W1', 'cookies');
  await replay.asks('logout', 'user-after');
});

scenario('49-rubin-hub-restart', async (replay) => {
  await replay.ask('create');
  const watch = await replay.watch('W1', 'cookies');
  await replay.sleep(100);
  const back = replay.client.hub.restart({ signal: 'SIGKILL', downMs: 30_000 });
  await watch.done(20_000);
  watch.watch.leave();
  await replay.sleep(30_000);
  await back;
  await replay.ask('user-back-1');
  await replay.watchAll('W2-back', 'cookies');
  await replay.asks('api-through-proxy-back', 'stop');
  assert.match((await replay.quiet('GET', server, 'service:root')).body, /405/);
});

test('every capture is reproduced', () => {
  const all = capturesIn('rubin-5.5.4').map((name) => `rubin-5.5.4/${name}`);
  assert.ok(all.length > 45);
  assert.deepEqual(
    all.filter((name) => !replayed.has(name)),
    [],
  );
});
