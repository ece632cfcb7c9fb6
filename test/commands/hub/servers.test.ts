/**
 * Several servers at the simulated Hub: `list`, `status --all`, named servers, `stop --remove`, and the server that the command
 * itself runs in; and the progress stream as `events` shows it.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { events } from '../../../src/commands/events.js';
import { list } from '../../../src/commands/list.js';
import type { Session } from '../../../src/commands/session/session.js';
import { status } from '../../../src/commands/status.js';
import { statusOfAll } from '../../../src/commands/status-all.js';
import { stop } from '../../../src/commands/stop.js';
import { playAtHub, spawnAtHub, type HubPlay, type HubSite } from '../../support/hub.js';

/** Starts a server by a request of an administrator. */
async function start({ hub }: HubSite, user: string, server = '', options: object = {}): Promise<void> {
  const path = server === '' ? 'server' : `servers/${server}`;
  const response = await fetch(`${hub.url}hub/api/users/${user}/${path}`, {
    method: 'POST',
    headers: { authorization: `token ${hub.tokens.admin}` },
    body: JSON.stringify({ user_options: { story: 'quick', ...options } }),
  });
  assert.equal(response.status, 201);
  await response.arrayBuffer();
}

describe('list at a Hub', () => {
  const users = Array.from({ length: 201 }, (_, index) => `user-${index}`);
  const many: HubPlay = {
    hub: { users },
    token: 'admin',
    timeout: 30_000,
    async before(site) {
      // The first page is longer than most responses may be.
      for (const user of users) await start(site, user, '', { filler: 'x'.repeat(6_000) });
      await start(site, 'user-7', 'second');
    },
  };

  it('reads all pages, however long, and has every name once', async () => {
    const { code, ending, requests } = await playAtHub(many, list);
    assert.equal(code, 0);
    assert.equal(ending.text.length, 201);
    assert.deepEqual(new Set(ending.more?.users), new Set(users));
    const labs = ending.more?.labs ?? [];
    assert.equal(labs.length, 202);
    const seventh = labs.filter(({ user }) => user === 'user-7');
    assert.deepEqual(
      seventh.map(({ server, ready, started }) => [server, ready, started !== null]),
      [
        ['', true, true],
        ['second', true, true],
      ],
    );
    assert.deepEqual(Object.keys(seventh[0] ?? {}), ['user', 'server', 'ready', 'started', 'last_activity']);
    const pages = requests
      .filter(({ url }) => url.includes('/users?'))
      .map(({ url }) => url.replace(/.*\?/, ''));
    assert.deepEqual(pages, ['state=ready&limit=200&offset=0', 'state=ready&limit=200&offset=200']);
  });

  it('prints nothing if a page is missing', async () => {
    const { code, ending } = await playAtHub(
      {
        ...many,
        onRequest: ({ url }, { hub }) => {
          if (url.includes('offset=0')) setImmediate(() => (hub.faults.away = 1_000));
        },
      },
      list,
    );
    assert.notEqual(code, 0);
    assert.deepEqual([ending.text, ending.more], [[], undefined]);
  });
});

describe('status at a Hub', () => {
  const named: HubPlay = {
    async before(site) {
      await start(site, 'demo', 'work');
      await start(site, 'demo', 'play');
    },
  };

  it('names the servers that there are, if the default one is absent', async () => {
    const { code, message } = await playAtHub(named, status);
    assert.deepEqual([code, message], [4, 'demo has no lab of this name; there are: work, play']);
    const none = await playAtHub({}, status);
    assert.deepEqual([none.code, none.message], [4, 'demo has no lab']);
  });

  it('shows all servers with --all', async () => {
    const { code, ending } = await playAtHub(named, statusOfAll);
    assert.equal(code, 0);
    assert.match(
      ending.text.join('\n'),
      /^work {2}running {2}http:\S+\/user\/demo\/work\/\nplay {2}running {2}http:\S+\/user\/demo\/play\/$/,
    );
    assert.deepEqual(
      ending.more?.labs?.map(({ server, status: is }) => [server, is]),
      [
        ['work', 'running'],
        ['play', 'running'],
      ],
    );
    assert.equal((await playAtHub({}, statusOfAll)).code, 4);
  });
});

describe('stop at a Hub', () => {
  const work: HubPlay = { before: (site) => start(site, 'demo', 'work'), settings: { server: 'work' } };
  const stopping = (session: Session) => stop(session, { detach: false });

  it('forgets a named server with --remove', async () => {
    for (const forget of [false, true]) {
      const { code, requests, deletes } = await playAtHub(
        { ...work, settings: { server: 'work', forget } },
        stopping,
      );
      assert.deepEqual([code, deletes], [0, 1]);
      const body = requests.find(({ method }) => method === 'DELETE')?.body;
      assert.equal(body, forget ? '{"remove":true}' : '');
    }
    const nothing = await playAtHub({ settings: { server: 'work', forget: true } }, stopping);
    assert.equal(nothing.code, 4);
  });

  it('cannot forget the default server', async () => {
    const removing = (session: Session) => stop(session, { detach: false, given: ['--remove'] });
    await assert.rejects(playAtHub({ settings: { forget: true } }, removing), /the default server has none/);
    assert.equal(
      (await playAtHub({ ...work, settings: { server: 'work', forget: true } }, removing)).code,
      0,
    );
  });

  it('does not wait for the server that it runs in', async () => {
    const play: HubPlay = {
      hub: { scenario: 'hub-stop-slow' },
      before: ({ hub }) => {
        hub.beginSpawn({ story: 'stop-slow', arg: 0 });
      },
    };
    const self = { user: 'demo', server: '' };
    const own = await playAtHub({ ...play, settings: { self } }, stopping);
    assert.deepEqual([own.code, own.outcome.kind, own.deletes], [0, 'detached', 1]);
    assert.ok(own.endedAt < 5_000, String(own.endedAt));
    assert.deepEqual(own.warnings, ['this command runs in the lab that it stops, and ends with it']);
    const other = await playAtHub(
      { ...play, settings: { self: { user: 'demo', server: 'work' } } },
      stopping,
    );
    assert.deepEqual([other.code, other.outcome.kind, other.warnings], [0, 'absent', []]);
    assert.ok(other.endedAt >= 14_000, String(other.endedAt));
  });
});

describe('events at a Hub', () => {
  const show = (
    session: Session,
    onBytes: ((bytes: Uint8Array) => Promise<void>) | null = null,
    follow = false,
  ) => events(session, { strict: false, follow, onBytes });
  const begin: HubPlay['before'] = ({ hub }) => {
    hub.beginSpawn({ story: 'slow' });
  };

  it('are the progress, with blank lines as signs of life', async () => {
    const { shown, inputs } = await playAtHub(
      {
        before: ({ hub }) => {
          hub.beginSpawn({ story: 'silent' });
        },
        goal: 'events',
      },
      show,
    );
    assert.equal(shown[0], 'info Server requested');
    assert.match(shown.at(-1) ?? '', /^complete Server ready/);
    const beats = inputs.filter((input) => input.kind === 'heartbeat').map(({ at }) => at);
    assert.deepEqual(beats, [8_000, 16_000, 24_000]);
  });

  it('are byte for byte what the Hub sent, with --raw', async () => {
    const chunks: Uint8Array[] = [];
    await playAtHub({ before: begin, goal: 'events' }, (session) =>
      show(session, (bytes) => {
        chunks.push(bytes);
        return Promise.resolve();
      }),
    );
    const text = Buffer.concat(chunks).toString();
    assert.ok(
      text.startsWith('\n\ndata: {"progress": 0, "message": "Server requested"}\n\n'),
      text.slice(0, 80),
    );
    assert.match(text, /\n\ndata: \{"progress": 100, "ready": true, .*\}\n\n$/);
  });

  it('go on with the next spawn, and repeat no end, with --follow', async () => {
    const { shown, requests, code } = await playAtHub(
      {
        goal: 'events',
        timeout: 60_000,
        at: [
          [
            5_000,
            ({ hub }) => {
              hub.beginSpawn({ story: 'slow', arg: 2 });
            },
          ],
          [
            20_000,
            ({ hub }) => {
              hub.killServer();
            },
          ],
        ],
      },
      (session) => show(session, null, true),
    );
    assert.equal(code, 124);
    assert.equal(shown.filter((each) => each.startsWith('complete')).length, 1, shown.join('\n'));
    const early = requests
      .filter(({ url, at }) => url.endsWith('/progress') && at < 5_000)
      .map(({ at }) => at);
    assert.ok(early.length >= 4 && early.length <= 6, early.join(' '));
  });
});

describe('spawn of a named server', () => {
  it('is about that server alone', async () => {
    const { code, ending, requests } = await playAtHub({ settings: { server: 'work' } }, spawnAtHub());
    assert.equal(code, 0);
    assert.match(ending.text[0] ?? '', /\/user\/demo\/work\/$/);
    assert.deepEqual(
      requests.filter(({ method }) => method === 'POST').map(({ url }) => url),
      ['/hub/api/users/demo/servers/work'],
    );
  });
});
