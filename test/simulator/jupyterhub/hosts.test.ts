/**
 * The captured scenarios with per-user hosts (`subdomain_host`), played again on the simulated Hub.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { capturesIn, type Folder, type Release } from './captures.js';
import { Replay, replayed, type ReplayOptions } from './replay.js';

const both = ['6.1.1', '5.5.4'] as const;

function scenario(
  name: string,
  names: readonly string[],
  play: (replay: Replay) => Promise<void>,
  { on = both, ...options }: Partial<ReplayOptions> & { on?: readonly Release[] } = {},
): void {
  for (const release of on) {
    test(`${name} on ${release}`, async (t: TestContext) => {
      const folders = [`subdomain-${release}`, 'subdomain-6.1.1'] as Folder[];
      const hosts = { host: 'hub.test', scheme: 'https' } as const;
      const replay = await Replay.open(
        t,
        { release, scenario: name, folders, prefix: '/', hosts, ...options },
        names,
      );
      await play(replay);
    });
  }
}

/** Steps that send the same requests to the Hub's host and the user's, with and without a token. */
function everywhere(step: string): string[] {
  return ['hubhost-notoken', 'hubhost', 'userhost-notoken', 'userhost'].map((where) => `${step}-${where}`);
}

scenario('50-hosts', ['ann', 'bob'], async (replay) => {
  await replay.asks(
    'root',
    'root-userhost',
    'root-otherhost',
    'slash-userhost',
    'user-before',
    'me-userhost',
  );
  await replay.asks(
    ...everywhere('api-before'),
    'api-before-json',
    'hub-user-before',
    'hub-user-before-userhost',
  );
  await replay.asks('hub-user-before-notoken', 'post-before-userhost', 'user-before-stopped', 'create');
  await replay.watchAll('W1-ready', 'user:ann');
  await replay.asks(
    'user-ready',
    'me',
    ...(replay.since(6) ? ['server-get'] : []),
    ...everywhere('api-ready'),
  );
  await replay.asks('api-ready-otherhost', 'api-ready-otherhost-notoken', 'api-ready-upperhost');
  await replay.asks('api-ready-wronguserpath', ...everywhere('status-ready'), 'hub-user-ready');
  await replay.asks(
    'hub-user-ready-notoken',
    'hub-user-ready-other',
    'root-userhost-ready',
    'create-again',
    'delete',
  );
  await replay.asks(...everywhere('api-after'), 'progress-after');
});

scenario('51-hosts-slow', ['sam'], async (replay) => {
  await replay.ask('create');
  const watch = await replay.watch('W1', 'user:sam');
  await replay.asks(
    ...everywhere('api-pending'),
    'hub-user-pending',
    'hub-user-pending-notoken',
    'lab-pending-hub',
  );
  await replay.ask('user-pending');
  await watch.done();
  await replay.asks('user-ready', 'api-ready-userhost');
});

scenario('52-hosts-fail', ['fay'], async (replay) => {
  await replay.ask('create');
  await replay.watchAll('W1-failed', 'user:fay');
  await replay.asks('user-failed', ...everywhere('api-failed'), 'hub-user-failed');
});

scenario('53-hosts-dead', ['ded'], async (replay) => {
  await replay.ask('create');
  await replay.sleep(3300);
  await replay.asks(...everywhere('api-dead'), 'user-dead');
});

scenario('54-hosts-stop', ['sue'], async (replay) => {
  await replay.asks('create', 'delete', 'user-stopping', ...everywhere('api-stopping'), 'hub-user-stopping');
});

scenario('55-hosts-named', ['nina'], async (replay) => {
  await replay.asks(...everywhere('api-before'), 'create');
  await replay.watchAll('W1-ready', 'user:nina');
  await replay.asks(
    'user-ready',
    ...everywhere('api-ready'),
    'default-userhost',
    'delete',
    ...everywhere('api-after'),
  );
});

/** Names, and the steps of the captures that are about them. */
const names = {
  dash: 'a-b',
  dashdash: 'a--b',
  digits: '12345',
  dot: 'a.b',
  at: 'a@b.org',
  long: 'l'.repeat(70),
  plus: 'a+b',
  'same-stub': 'a_.b',
  space: 'a b',
  umlaut: 'üna',
  underscore: 'a_b',
  upper: 'ANN',
};

scenario(
  '56-hosts-names',
  Object.values(names),
  async (replay) => {
    for (const [step, name] of Object.entries(names)) {
      const path = `/hub/api/users/${encodeURIComponent(name)}/server`;
      await replay.quiet('POST', path, 'service:root');
      await replay.asks(`user-${step}`, `api-${step}`);
    }
    await replay.ask('api-upper-lowerhost');
  },
  { on: ['6.1.1'] },
);

scenario(
  '60-hosts-legacy',
  Object.values(names),
  async (replay) => {
    for (const step of ['at', 'dashdash', 'dot', 'underscore', 'upper'] as const) {
      const path = `/hub/api/users/${encodeURIComponent(names[step])}/server`;
      await replay.quiet('POST', path, 'service:root');
      await replay.asks(`user-${step}`, `api-${step}`);
    }
  },
  { on: ['6.1.1'], hosts: { host: 'hub.test', scheme: 'https', hook: 'legacy' } },
);

scenario(
  '57-hosts-real',
  ['ann', 'oth'],
  async (replay) => {
    const steps = (step: string, count: number) =>
      Array.from({ length: count }, (_, at) => `${step}-${at + 1}`);
    await replay.asks(...steps('lab-before', 3), 'create');
    const watch = await replay.watch('W1', 'user:ann');
    await replay.asks('api-pending-userhost', ...steps('lab-pending', 3));
    await watch.done();
    await replay.asks(...everywhere('api-ready'), ...everywhere('status-ready'), 'status-other', 'lab-token');
    await replay.asks(...steps('lab-ready', 3), ...steps('lab-ready-hubhost', 3), ...steps('files-ready', 3));
    await replay.asks(...steps('slash-ready', 2), 'named-absent-notoken', 'named-absent');
    await replay.asks('named-absent-lab-notoken', 'named-absent-status-notoken', 'create-named');
    await replay.asks('named-pending-notoken', 'named-pending');
    await replay.sleep(4000);
    await replay.ask('named-ready-notoken');
    await replay.quiet('DELETE', '/hub/api/users/ann/servers/work', 'service:root');
    await replay.ask('named-stopped-notoken');
    replay.client.hub.killServer('ann');
    await replay.asks(...everywhere('api-dead'), 'lab-dead-1', 'user-dead');
  },
  { on: ['6.1.1'], jupyterLab: true },
);

for (const [name, publicHost, ...more] of [
  [
    '58-hosts-public-url',
    'www.hub.test',
    'api-before',
    'create',
    'W1-ready',
    'user-ready',
    'api-ready-hubhost',
    'api-ready-userhost',
    'hub-user-ready',
    'delete',
  ],
  ['58b-hosts-public-url-empty', '', 'create', 'user-ready', 'api-ready-hubhost'],
] as const) {
  scenario(
    name,
    ['ann'],
    async (replay) => {
      for (const step of more) {
        if (step === 'W1-ready') await replay.watchAll(step, 'user:ann');
        else await replay.ask(step);
      }
    },
    { hosts: { host: 'hub.test', scheme: 'https', publicHost } },
  );
}

scenario(
  '59-hosts-prefix',
  ['ann'],
  async (replay) => {
    await replay.asks('root', 'root-userhost', 'root-noprefix', ...everywhere('api-before'), 'create');
    await replay.watchAll('W1-ready', 'user:ann');
    await replay.asks('user-ready', ...everywhere('api-ready'), 'api-ready-otherhost', 'api-ready-noprefix');
    await replay.asks('hub-user-ready', 'create-slow', ...everywhere('api-pending'));
    await replay.sleep(4000);
    await replay.asks('user-named', ...everywhere('api-named-ready'));
    await replay.quiet('DELETE', '/nb/hub/api/users/ann/servers/work', 'service:root');
    await replay.asks('delete', ...everywhere('api-after'));
  },
  { on: ['6.1.1'], prefix: '/nb/', hosts: { host: 'nb.x.test', scheme: 'https' } },
);

scenario(
  '62-hosts-named-false-ready',
  ['ann'],
  async (replay) => {
    await replay.ask('create-default');
    await replay.ask('create-named');
    await replay.ask('delete-named');
    await replay.asks('user-1', 'api-1');
    await replay.sleep(5000);
    await replay.asks('user-2', 'api-2');
  },
  { on: ['6.1.1'] },
);

scenario(
  '61-hosts-login',
  ['ann'],
  async (replay) => {
    await replay.ask('login-page');
    // The capture contains the form without its values.
    await replay.ask('login', { body: 'username=ann&password=x&_xsrf=VALUE' });
  },
  { on: ['6.1.1'] },
);

test('every capture is reproduced', () => {
  const folders: readonly Folder[] = ['subdomain-6.1.1', 'subdomain-5.5.4'];
  const all = folders.flatMap((folder) => capturesIn(folder).map((name) => `${folder}/${name}`));
  assert.ok(all.length > 200);
  assert.deepEqual(
    all.filter((name) => !replayed.has(name)),
    [],
  );
});
