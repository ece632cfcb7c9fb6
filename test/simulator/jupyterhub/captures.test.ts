/**
 * The captured scenarios of JupyterHub 6.1.1, 5.5.4 and 4.1.6, played again on the simulated Hub: every reply and every
 * stream must be the captured one.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { capturesIn, isCut, readScenario, type Folder, type Release } from './captures.js';
import { notOn, pagesOnly } from './not-reproduced.js';
import { Replay, replayed, startupTime, type ReplayOptions } from './replay.js';

const releases = ['6.1.1', '5.5.4', '4.1.6'] as const;

/** A scenario on each release; `names` are its users. */
function scenario(
  name: string,
  names: readonly string[],
  play: (replay: Replay) => Promise<void>,
  { on = releases, ...options }: Partial<ReplayOptions> & { on?: readonly Release[] } = {},
): void {
  for (const release of on) {
    test(`${name} on ${release}`, async (t: TestContext) => {
      await play(await Replay.open(t, { release, scenario: name, ...options }, names));
    });
  }
}

const server = (user: string, name?: string): string =>
  `/nb/hub/api/users/${user}/${name === undefined ? 'server' : `servers/${name}`}`;

/** Stops it as the recorder did: DELETE, then wait until nothing is pending. */
async function stop(replay: Replay, user: string, name?: string): Promise<void> {
  await replay.quiet('DELETE', server(user, name), 'service:root');
  await replay.sleep(20_000);
}

scenario('01-quick', ['rachel'], async (replay) => {
  // The recorder had used this Hub before.
  if (replay.since(6)) await replay.quiet('DELETE', server('rachel'), 'user:rachel');
  await replay.asks('progress-before', 'user-before', 'create');
  await replay.watchAll('W1-ready', 'user:rachel');
  await replay.asks('user-ready', 'me', 'server-get', 'create-again', 'status-owner', 'api-noauth', 'delete');
  await replay.asks('user-after', 'user-after-stopped', 'progress-after', 'delete-again');
});

scenario('02-slow', ['sam'], async (replay) => {
  await replay.asks(
    'status-before',
    'status-before-hub',
    'status-before-json',
    'status-before-hub-noauth',
    'create',
  );
  const first = await replay.watch('W1', 'user:sam');
  await replay.asks('user-pending', 'create-pending', 'status-pending', 'status-pending-hub', 'page-pending');
  await replay.sleep(2200);
  const late = await replay.watch('W2-late', 'user:sam');
  await first.done();
  await replay.ask('status-ready');
  await late.done();
  await replay.watchAll('W3-after', 'user:sam');
  await replay.ask('user-ready');
  await stop(replay, 'sam');
  await replay.asks(
    'status-stopped',
    'status-stopped-noauth',
    'status-stopped-hub',
    'status-stopped-hub-noauth',
  );
  await replay.asks('page-stopped-hub', 'post-kernels-stopped', 'page-stopped-noauth');
});

scenario('03-fail', ['fay'], async (replay) => {
  await replay.ask('create');
  await replay.watchAll('W1', 'user:fay');
  await replay.watchAll('W2', 'user:fay');
  await replay.asks('user', 'user-stopped', 'status', 'delete', 'progress-after-delete');
  await replay.asks('create-no-body', 'create-empty-object');
  await stop(replay, 'fay');
  await replay.ask('create-told');
  await replay.watchAll('W3-told', 'user:fay');
  for (const status of [400, 403, 409, 429, 503]) await replay.ask(`create-http-${status}`);
  await replay.watchAll('W4-http', 'user:fay');
  await replay.ask('retry');
  await stop(replay, 'fay');
  // That machine was busy.
  if (!replay.since(5)) replay.client.hub.setStartupTime(1100);
  await replay.asks('kept-options-no-body', 'kept-options-user');
  await stop(replay, 'fay');
  replay.client.hub.setStartupTime(startupTime);
  await replay.asks('reset-options-empty', 'reset-options-user');
  await stop(replay, 'fay');
  await replay.asks('nested-options', 'nested-options-user');
  await stop(replay, 'fay');
  if (replay.since(6)) replay.client.hub.setStartupTime(1100);
  await replay.asks('nested-empty', 'nested-empty-user');
});

scenario('04-fail-slow', ['gil'], async (replay) => {
  await replay.ask('create');
  await replay.watchAll('W1', 'user:gil');
  await replay.watchAll('W2-after', 'user:gil');
  await replay.asks('user', 'create-told');
  await replay.watchAll('W3-told', 'user:gil');
  await replay.ask('create-http');
  await replay.watchAll('W4-http', 'user:gil');
});

scenario('05-timeouts', ['tim'], async (replay) => {
  await replay.ask('create-start-timeout');
  await replay.watchAll('W1-start-timeout', 'user:tim');
  await replay.asks('user-start-timeout', 'create-http-timeout');
  const mute = await replay.watch('W2-http-timeout', 'user:tim');
  await replay.ask('status-http-timeout');
  await mute.done();
  await replay.asks('user-http-timeout', 'create-exits');
  await replay.watchAll('W3-exits', 'user:tim');
  await replay.asks('user-exits', 'create-slow-listen');
  await replay.watchAll('W4-slow-listen', 'user:tim');
});

scenario('06-odd', ['odile'], async (replay) => {
  await replay.ask('create');
  await replay.watchAll('W1', 'user:odile');
  await stop(replay, 'odile');
  for (const story of ['sneaky', 'progress-raises', 'progress-badjson', 'huge', 'endless', 'early-end']) {
    await replay.ask(`create-${story}`);
    await replay.watchAll(`W-${story}`, 'user:odile');
    await replay.sleep(5000);
    await replay.ask(`user-${story}`);
    await stop(replay, 'odile');
  }
});

scenario('07-silent', ['sil'], async (replay) => {
  await replay.ask('create');
  await replay.watchAll('W1', 'user:sil');
});

scenario('08-delete-during-spawn', ['dee'], async (replay) => {
  // The server of 4.1.6 was up just before its watcher's seventh second.
  if (!replay.since(5)) replay.client.hub.setStartupTime(200);
  for (const story of ['slow', 'cancel-slow']) {
    await replay.ask(`create-${story}`);
    const watch = await replay.watch(`W1-${story}`, 'user:dee');
    await replay.sleep(1000);
    const deleted = await replay.start(`delete-${story}`);
    await replay.sleep(400);
    await replay.ask(`user-during-${story}`);
    const during = await replay.start(`progress-during-${story}`);
    await replay.sleep(replay.since(5) ? 5000 : 60_000);
    await deleted.compared;
    const kept = replay.since(5) || !(`08-delete-during-spawn.W1-${story}` in notOn);
    if (kept) await watch.done();
    await during.compared;
    await replay.asks(`user-after-${story}`, `progress-after-${story}`);
    await stop(replay, 'dee');
  }
  await replay.asks('create-named', 'delete-named-remove');
  await replay.sleep(20_000);
  await replay.ask('user-named-after');
});

scenario('09-stop', ['sue'], async (replay) => {
  await replay.asks('create', 'delete', 'user-stopping', 'status-stopping', 'status-stopping-hub');
  await replay.asks('progress-stopping', 'delete-again', 'create-stopping');
  await replay.sleep(20_000);
  await replay.asks(
    'user-stopped',
    'progress-stopped',
    'create-stop-fail',
    'delete-stop-fail',
    'user-stop-fail',
  );
  await replay.asks('delete-stop-fail-again', 'create-dies', 'user-alive');
  await replay.sleep(3300);
  await replay.asks('status-just-dead', 'user-just-dead');
  await replay.watchAll('W1-just-dead', 'user:sue');
  await replay.ask('create-just-dead');
});

scenario('10-named', ['nina'], async (replay) => {
  await replay.ask('create');
  await replay.watchAll('W1', 'user:nina');
  await replay.asks('user', 'server', 'status', 'delete', 'user-stopped', 'user-stopped-included');
  await replay.asks('progress-stopped', 'status-stopped', 'progress-unknown', 'delete-unknown', 'remove');
  await replay.asks('remove-again', 'remove-default');
  for (const name of ['space', 'slash', 'dots', 'umlaut', 'question', 'long'])
    await replay.ask(`create-${name}`);
  for (const name of ['a%20b', '%C3%BC', 'q%3F', 'x'.repeat(300)]) {
    await replay.quiet('DELETE', server('nina', name), 'service:root', { remove: true });
  }
  await replay.ask('put');
  await replay.quiet('DELETE', server('nina', 'made'), 'service:root', { remove: true });
  await replay.asks('post-display-name', 'user-names', 'post-both', 'user-both');
});

scenario('11-auth', ['abe', 'eve'], async (replay) => {
  if (!replay.since(6)) {
    // These Hubs knew the options of a run before.
    await replay.quiet('POST', server('abe'), 'user:abe', { user_options: 3 });
    await stop(replay, 'abe');
  }
  await replay.asks('no-token-create', 'no-token-user', 'no-token-progress', 'no-token-html-accept');
  const created = await replay.ask('token-create');
  const { token, id } = JSON.parse(created.body) as { token: string; id: string };
  replay.remember('user:abe (read:users only)', token);
  replay.rename(/(?<=tokens\/)a\d+/g, id);
  await replay.asks('bad-token-create', 'bad-token-user', 'bearer', 'bearer-lower', 'token-upper', 'basic');
  await replay.asks('query-token', 'other-user', 'other-create', 'other-progress', 'other-delete');
  await replay.asks('unknown-user', 'unknown-create', 'unknown-create-admin', 'unknown-user-admin');
  await replay.asks('unknown-progress-admin', 'unknown-delete-admin', 'noscope-create', 'noscope-user');
  await replay.asks('noscope-info', 'readonly-create', 'readonly-user', 'readonly-progress', 'service-me');
  if (!replay.since(5)) replay.client.hub.setStartupTime(1010);
  await replay.asks('service-create', 'service-user');
  await replay.watchAll('W1-service', 'service:starter');
  replay.client.hub.setStartupTime(startupTime);
  await replay.asks('status-noauth', 'delete-readonly', 'service-delete', 'info', 'info-user', 'root');
  await replay.asks('root-no-slash', 'unknown-route', 'unknown-route-noauth', 'outside-prefix', 'put-405');
  await replay.asks('post-progress', 'body-not-json', 'body-array', 'body-string');
  if (!replay.since(5)) replay.client.hub.setStartupTime(1100);
  await replay.asks('body-bad-user-options', 'body-bad-display-name', 'token-and-cookie-origin');
  replay.client.hub.setStartupTime(startupTime);
  await stop(replay, 'abe');
  await replay.asks('cookie-only', 'revoke', 'revoked');
  // Older Hubs had kept the user from a run before.
  if (!replay.since(6)) await replay.quiet('POST', '/nb/hub/api/users/a%40b.org', 'service:root');
  await replay.asks('encoded-user', 'encoded-create', 'encoded-user-get', 'upper-create');
});

/** The users of the recorder's Hubs by then, in the order in which they first appeared. */
const met = 'rachel sam fay gil tim odile sil dee sue nina abe eve a@b.org l1 l2 l3'.split(' ');

scenario(
  '12-list',
  met,
  async (replay) => {
    // The users that had sent a request by then, and what they had left behind.
    for (const name of ['rachel', 'sam']) await replay.quiet('GET', '/nb/hub/api/user', `user:${name}`);
    if (replay.since(6))
      await replay.quiet('POST', server('tim'), 'user:tim', { story: 'http-timeout', http_timeout: 5 });
    if (replay.since(5)) {
      await replay.quiet('POST', server('dee'), 'user:dee', { story: 'cancel-slow', arg: 8 });
      await replay.quiet('DELETE', server('dee'), 'user:dee');
      await replay.sleep(3000);
    }
    await replay.quiet('POST', server('l2'), 'service:root');
    await replay.asks(
      'users-limit',
      'users-paged',
      'users-active',
      'users-ready',
      'users-bad-state',
      'users-as-user',
    );
  },
  { admins: ['admin'] },
);

scenario(
  '20-active-limit',
  ['ada', 'bob'],
  async (replay) => {
    await replay.asks('first', 'second', 'user', 'progress');
  },
  { limits: { active: 1 } },
);

scenario(
  '21-concurrent-limit',
  ['ada', 'bob'],
  async (replay) => {
    await replay.asks('first', 'second', 'second-progress');
    await replay.sleep(10_000);
    await replay.ask('third');
  },
  { limits: { concurrent: 1 } },
);

scenario(
  '22-named-limit',
  ['ada'],
  async (replay) => {
    await replay.asks('first', 'second', 'default');
  },
  { limits: { named: 1 } },
);

scenario(
  '23-no-named',
  ['ada'],
  async (replay) => {
    await replay.asks('create', 'progress', 'delete');
  },
  { namedServers: false },
);

scenario(
  '30-real',
  ['rea', 'oth'],
  async (replay) => {
    await replay.ask('create');
    const watch = await replay.watch('W1', 'user:rea');
    await replay.ask('status-pending');
    await watch.done();
    await replay.asks('api-noauth', 'api-owner', 'status-noauth', 'status-owner', 'status-owner-bearer');
    await replay.asks(
      'status-other',
      'status-bad-token',
      'status-service-access',
      'status-service-no-access',
    );
    await replay.asks('lab-noauth', 'lab-owner', 'kernels-owner', 'user', 'delete', 'status-after');
  },
  { on: ['6.1.1'] },
);

for (const [name, signal, on] of [
  ['31a-hub-restart', 'SIGTERM', releases],
  ['31b-hub-restart', 'SIGKILL', ['6.1.1']],
] as const) {
  scenario(
    name,
    ['ann', 'run'],
    async (replay) => {
      await replay.asks('create-running', 'create');
      const watch = await replay.watch('W1', 'user:ann');
      await replay.sleep(1900);
      const back = replay.client.hub.restart({ signal, downMs: 70_000 });
      await watch.done(61_000);
      await replay.asks(
        'user-down',
        'progress-down',
        'create-down',
        'status-running-down',
        'status-ann-down',
      );
      await replay.sleep(70_000);
      await back;
      await replay.asks('user-back', 'progress-back', 'user-running-back');
      await replay.watchAll('W2-running', 'user:run');
      await replay.asks('status-running-back', 'create-back');
      watch.watch.leave();
    },
    { on },
  );
}

scenario(
  '33-parallel',
  ['par'],
  async (replay) => {
    for (const label of ['slow', 'fail', 'verylong']) {
      const created = await replay.start(`create-${label}`);
      await replay.sleep(300);
      await replay.ask(`user-held-${label}`);
      const watch = await replay.watch(`W-${label}`, 'user:par');
      await replay.ask(`create-twice-${label}`);
      await watch.done();
      await created.compared;
      await stop(replay, 'par');
    }
  },
  { on: ['6.1.1'], slowSpawnMs: 10_000 },
);

scenario(
  '32-browser',
  ['bro'],
  async (replay) => {
    await replay.asks('login-page', 'login-no-xsrf', 'login', 'home', 'api-get-no-xsrf', 'api-get-referer');
    await replay.asks('api-get-secfetch', 'api-get-xsrf-header', 'api-get-xsrf-query', 'api-post-no-xsrf');
    await replay.asks('api-post-form-type', 'spawn-page', 'spawn-post');
    await replay.watchAll('W1-cookie', 'cookies');
    await replay.asks('user', 'token', 'lab-page', 'delete');
  },
  { on: ['6.1.1', '5.5.4'] },
);

test('every capture is reproduced', () => {
  const all = releases.flatMap((release) => capturesIn(release).map((name) => `${release}/${name}`));
  assert.ok(all.length > 400);
  assert.deepEqual(
    all.filter((name) => !replayed.has(name)),
    [],
  );
});

test('the list of pages names exactly the bodies that were cut', () => {
  const folders: readonly Folder[] = [...releases, 'rubin-5.5.4', 'subdomain-5.5.4', 'subdomain-6.1.1'];
  const cut = folders.flatMap((folder) =>
    capturesIn(folder).flatMap((name) => {
      const [, scenarioName = '', step = ''] = /^([^.]+)\.(.+)$/.exec(name) ?? [];
      const body = readScenario(folder, scenarioName).exchanges[step]?.body ?? '';
      return isCut(body) ? [`${folder}/${scenarioName}.${step}`] : [];
    }),
  );
  const listed = Object.entries(pagesOnly).flatMap(([name, steps]) => steps.map((step) => `${name}.${step}`));
  assert.deepEqual(cut.sort(), listed.sort());
});
