/**
 * `spawn` at the simulated Hub: what it finds before the start, and what it makes of the response to the start.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { differentOptions } from '../../../src/backends/jupyterhub/differences.js';
import { labOf } from '../../../src/backends/jupyterhub/state.js';
import { createRedactor, noSecrets } from '../../../src/model/redactor.js';
import type { ConflictPolicy } from '../../../src/model/lab-request.js';
import { playAtHub, spawnAtHub, type HubPlay } from '../../support/hub.js';

interface Row {
  scenario: string;
  onConflict?: ConflictPolicy;
  play?: HubPlay;
  code: number;
  says?: RegExp;
  posts: number;
  deletes?: number;
}

async function check({ scenario, onConflict = 'attach', play = {}, ...row }: Row): Promise<void> {
  for (const version of [6, 5, 4] as const) {
    const played = await playAtHub(
      { timeout: 900_000, ...play, hub: { scenario, version, ...play.hub } },
      spawnAtHub({ onConflict }),
    );
    const { code, message, warnings, posts, deletes } = played;
    const name = `${scenario} ${onConflict} version ${version}: ${message}`;
    assert.deepEqual(
      { code, posts, deletes },
      { code: row.code, posts: row.posts, deletes: row.deletes ?? 0 },
      name,
    );
    assert.match([message, ...warnings].join('\n'), row.says ?? /./, name);
  }
}

describe('spawn at a Hub, with something there already', () => {
  it('follows a spawn in progress without requesting another', async () => {
    await check({ scenario: 'hub-pending', code: 0, says: /already in progress; following it/, posts: 0 });
    await check({
      scenario: 'hub-pending',
      onConflict: 'fail',
      code: 5,
      says: /already being started/,
      posts: 0,
    });
  });

  it('waits for a stop, and requests a server then', async () => {
    await check({ scenario: 'hub-stopping', code: 0, posts: 1 });
    await check({ scenario: 'hub-stopping', onConflict: 'replace', code: 0, posts: 1 });
    await check({
      scenario: 'hub-stopping',
      onConflict: 'fail',
      code: 5,
      says: /already being stopped/,
      posts: 0,
    });
  });

  it('takes a running server, replaces it or fails', async () => {
    await check({ scenario: 'hub-running', code: 0, says: /already running/, posts: 1 });
    await check({ scenario: 'hub-running', onConflict: 'fail', code: 5, says: /already running/, posts: 1 });
    await check({ scenario: 'hub-running', onConflict: 'replace', code: 0, posts: 2, deletes: 1 });
  });

  it('says that a dead server was replaced', async () => {
    await check({
      scenario: 'hub-was-dead',
      code: 0,
      says: /the Hub replaced a lab that was no longer running/,
      posts: 1,
    });
    await check({ scenario: 'hub-was-dead', onConflict: 'fail', code: 0, says: /replaced/, posts: 1 });
  });

  it('warns of options that differ from those requested, and of no others', async () => {
    const play = {
      before: ({ hub }) => {
        hub.beginSpawn({ story: 'quick', profile: 'cpu', other: 1, list: ['same'] });
      },
      settings: { userOptions: { profile: 'gpu', list: 'same' } },
    } satisfies HubPlay;
    const { warnings } = await playAtHub(play, spawnAtHub());
    assert.deepEqual(warnings, ['the running lab\'s option profile is "cpu", not "gpu"']);
    const { redact } = createRedactor({ credentials: [], values: ['top-secret'] });
    const lab = labOf({ ready: true, user_options: { key: 'theirs' } }, new URL('http://hub.test/'), redact);
    assert.ok(lab);
    assert.deepEqual(differentOptions(lab, { key: 'top-secret' }, redact), [
      'the running lab\'s option key is "theirs", not "[secret]"',
    ]);
    assert.deepEqual(differentOptions(lab, 'reuse', noSecrets.redact), []);
  });
});

describe('spawn at a Hub that refuses', () => {
  it('waits as long as the Hub says, and otherwise about half a minute', async () => {
    await check({ scenario: 'hub-busy', code: 0, says: /the Hub is full; next attempt in 2 s/, posts: 3 });
    await check({ scenario: 'hub-full', code: 0, says: /the Hub is full; next attempt in 30 s/, posts: 2 });
    const { requests } = await playAtHub({ hub: { scenario: 'hub-full' }, random: () => 0 }, spawnAtHub());
    const [first, second] = requests.filter(({ method }) => method === 'POST').map(({ at }) => at);
    assert.ok(
      (second ?? 0) - (first ?? 0) >= 15_000 && (second ?? 0) - (first ?? 0) < 18_000,
      `${first} ${second}`,
    );
  });

  it('ends as refused if the deadline passes meanwhile, with the sentence of the Hub', async () => {
    const full = { faults: { full: [null, null, null, null] } };
    await check({
      scenario: 'hub',
      play: { hub: full, timeout: 70_000 },
      code: 6,
      says: /Active user limit exceeded/,
      posts: 3,
    });
    // A wait past the deadline is not begun.
    const later = { faults: { full: [300] } };
    await check({
      scenario: 'hub',
      play: { hub: later, timeout: 70_000 },
      code: 6,
      says: /Try again in 300 seconds/,
      posts: 1,
    });
  });

  it('does not take the failure of an earlier spawn for its own', async () => {
    await check({
      scenario: 'hub-failed-before',
      play: { hub: { faults: { full: [null] } } },
      code: 0,
      posts: 2,
    });
    await check({ scenario: 'hub-failed-before', code: 0, posts: 1 });
  });

  it('reports the failure that the response stands for', async () => {
    await check({ scenario: 'hub-fail', code: 1, says: /ImagePullBackOff/, posts: 1 });
    await check({ scenario: 'hub-refused', code: 1, says: /Spawn failed: .*No such profile/, posts: 1 });
    const again = {
      before: ({ hub }) => {
        hub.beginSpawn({ story: 'fail' });
      },
      settings: { userOptions: { story: 'fail' } },
    } satisfies HubPlay;
    await check({ scenario: 'hub', play: again, code: 1, says: /boom: no such image/, posts: 1 });
  });

  it('goes on after an error while the spawn is pending', async () => {
    await check({ scenario: 'hub-exits', code: 1, says: /didn't respond in 14 seconds/, posts: 1 });
  });

  it('rides out an unreachable Hub, and repeats no start that arrived', async () => {
    await check({ scenario: 'hub-away', code: 0, posts: 1 });
    const lost = (when: 'before' | 'after'): HubPlay => ({ hub: { faults: { lostCreates: [when] } } });
    await check({ scenario: 'hub', play: lost('after'), code: 0, posts: 1 });
    await check({ scenario: 'hub', play: lost('before'), code: 0, posts: 2 });
    await check({
      scenario: 'hub-fail',
      play: { ...lost('after'), settings: { userOptions: { story: 'fail' } } },
      code: 1,
      says: /boom/,
      posts: 1,
    });
  });

  it('says which scope is missing', async () => {
    await check({ scenario: 'hub-scope', code: 3, says: /lacks the scope (start:)?servers/, posts: 1 });
    const { code, posts, message } = await playAtHub({ hub: { scenario: 'hub-blind' } }, spawnAtHub());
    assert.deepEqual([code, posts], [3, 0]);
    assert.match(message, /lacks the scope read:servers/);
  });
});

describe('spawn --detach at a Hub', () => {
  it('returns once the Hub has accepted, and not before', async () => {
    const rows = [
      ['hub-slow', 1_000],
      ['hub-full', 30_000],
      ['hub-pending', 0],
    ] as const;
    for (const [scenario, earliest] of rows) {
      const { outcome, endedAt } = await playAtHub({ hub: { scenario } }, spawnAtHub({ detach: true }));
      assert.equal(outcome.kind, 'detached', scenario);
      assert.ok(endedAt >= earliest && endedAt < earliest + 5_000, `${scenario} ${endedAt}`);
    }
  });
});

describe('the requests of spawn', () => {
  it('for the state are at least a second apart', async () => {
    for (const scenario of [
      'hub-slow',
      'hub-running',
      'hub-stopping',
      'hub-full',
      'hub-no-end',
      'hub-killed',
    ]) {
      const { requests } = await playAtHub({ hub: { scenario } }, spawnAtHub());
      const times = requests.filter(({ url }) => url.endsWith('/users/demo')).map(({ at }) => at);
      const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
      assert.deepEqual(
        gaps.filter((gap) => gap < 1_000),
        [],
        `${scenario}: ${times.join(' ')}`,
      );
    }
  });
});
