/**
 * The ready check at a Hub, which may say that a server is ready although nothing runs.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '../../../src/commands/status.js';
import { wait } from '../../../src/commands/wait.js';
import { hubScenarioNames } from '../../../src/simulator/jupyterhub/scenarios.js';
import { playAtHub, spawnAtHub, type HubPlay, type HubPlayed } from '../../support/hub.js';

/** Long enough for every scenario, in milliseconds. */
const timeout = 900_000;

const spawnOf = (
  scenario: string,
  play: Partial<HubPlay> = {},
  options: Parameters<typeof spawnAtHub>[0] = {},
) => playAtHub({ timeout, ...play, hub: { scenario, ...play.hub } }, spawnAtHub(options));

const completes = ({ shown }: HubPlayed): number =>
  shown.filter((each) => each.startsWith('complete')).length;

/** The requests that reached a server, or were meant to. */
const probes = ({ requests }: HubPlayed) => requests.filter(({ url }) => /^(\/nb)?\/user\//.test(url));

const states = ({ requests }: HubPlayed) =>
  requests.filter(({ method, url }) => method === 'GET' && /\/hub\/api\/users\/[^/]+$/.test(url));

describe('a spawn at a Hub', () => {
  for (const [scenario, code, ready, message] of [
    ['hub', 0, { ready: true, ready_check: 'jupyter' }, /^Server ready at/],
    ['hub-hosts', 0, { ready: true, ready_check: 'jupyter' }, /^Server ready at http:\/\/demo\.localhost/],
    ['hub-late', 0, { ready: true, ready_check: 'jupyter' }, /^Server ready at/],
    ['hub-jupyter', 0, { ready: true, ready_check: 'jupyter' }, /^Server ready at/],
    ['hub-rstudio', 0, { ready: true, ready_check: 'http' }, /^Server ready at/],
    ['hub-page', 0, { ready: true, ready_check: 'http' }, /^Server ready at/],
    ['hub-running', 0, { ready: true, ready_check: 'jupyter' }, /^the lab is already running$/],
    ['hub-deaf', 7, { ready: false }, /^the lab runs but does not answer: no response from its address/],
    [
      'hub-login',
      7,
      { ready: null },
      /cannot be checked from here: .* redirect to https:\/\/login\.example\.org/,
    ],
    ['hub-forbidden', 7, { ready: null }, /cannot be checked from here: .*demands a login: HTTP 403/],
    ['hub-capitals', 1, { ready: false }, /nothing responds at its address: the Hub responds in its place$/],
    ['hub-cancelled-stuck', 1, { ready: false }, /^the Hub says that the lab runs, but nothing responds/],
    ['hub-cancelled', 1, {}, /^the Hub has lost the spawn/],
    ['hub-shutdown', 1, {}, /^the Hub has lost the spawn/],
    ['hub-dead', 1, {}, /^the Hub has lost the spawn/],
  ] as const) {
    it(`ends with ${code}: ${scenario}`, async () => {
      const played = await spawnOf(scenario);
      assert.equal(played.code, code, played.message);
      assert.match(played.message, message);
      assert.deepEqual(played.ending.more, ready);
      assert.equal(played.ending.text.length, code === 0 ? 1 : 0);
      // A `complete` is shown only if it is true.
      const isOver = code === 0 && scenario !== 'hub-running';
      assert.equal(completes(played), isOver ? 1 : 0);
      assert.equal(played.ending.events, played.shown.length);
      assert.deepEqual(
        probes(played).filter(({ headers }) => headers.authorization !== undefined),
        [],
      );
    });
  }

  it('requests a second state two seconds after the first, and probes then', async () => {
    const played = await spawnOf('hub-quick');
    const [first, second] = states(played).slice(-2);
    assert.ok(first && second);
    assert.equal(second.at - first.at, 2_000);
    assert.deepEqual(
      probes(played).map(({ at }) => at),
      [second.at],
    );
    assert.equal(played.endedAt, second.at);
  });

  it('probes a server that responds late until it does', async () => {
    const played = await spawnOf('hub-late');
    // It is ready after 2.8 s, and responds 5 s later.
    assert.ok(played.endedAt >= 7_800 && played.endedAt <= 10_000, String(played.endedAt));
    assert.ok(probes(played).length > 1);
  });

  it('believes a weak response after two in a row with a state after each', async () => {
    const played = await spawnOf('hub-page');
    const at = probes(played).map((each) => each.at);
    assert.equal(at.length, 2);
    assert.ok((at[1] ?? 0) - (at[0] ?? 0) >= 1_000, String(at));
    assert.ok(states(played).some((each) => each.at > (at[1] ?? Infinity)));
  });

  it('ends after --ready-timeout, which is 30 s by default', async () => {
    const usual = await spawnOf('hub-login');
    const short = await spawnOf('hub-login', {}, { readyTimeout: 5_000 });
    assert.ok(usual.endedAt >= 32_800 && usual.endedAt <= 35_000, String(usual.endedAt));
    assert.ok(short.endedAt >= 7_800 && short.endedAt <= 10_000, String(short.endedAt));
    assert.equal(short.code, 7);
  });

  it('ends with the deadline if --ready-timeout is 0', async () => {
    const played = await spawnOf('hub-login', { timeout: 120_000 }, { readyTimeout: 0 });
    assert.equal(played.code, 124);
    assert.equal(played.endedAt, 120_000);
    assert.match(played.message, /^timed out; the lab runs, but is not ready: .*redirect/);
    assert.deepEqual(played.ending.more, { ready: null });
  });

  it('does not count the time while the Hub is away', async () => {
    const played = await spawnOf('hub-login', {
      at: [
        [
          8_000,
          ({ hub }) => {
            hub.faults.away = 12;
          },
        ],
      ],
    });
    assert.equal(played.code, 7);
    const away = states(played).filter(({ at }) => at >= 8_000);
    const back = away.at(12)?.at ?? 0;
    assert.ok(back >= 48_000, String(back));
    assert.ok(probes(played).every(({ at }) => at < 10_000 || at >= back));
    // Five of the thirty seconds were over.
    const after = played.endedAt - back;
    assert.ok(after >= 23_000 && after <= 27_000, String(after));
  });

  it('needs no probe with --for running, but the second state', async () => {
    const played = await spawnOf('hub-deaf', {}, { goal: 'running' });
    assert.equal(played.code, 0);
    assert.deepEqual(probes(played), []);
    assert.equal(played.endedAt, 4_800);
    assert.equal(completes(played), 1);
    assert.deepEqual(played.ending.more, {});
    const cancelled = await spawnOf('hub-cancelled', {}, { goal: 'running' });
    assert.deepEqual([cancelled.code, completes(cancelled)], [1, 0]);
  });

  it('can be left during the check', async () => {
    const played = await spawnOf('hub-login', {
      at: [
        [
          20_000,
          ({ interrupt }) => {
            interrupt();
          },
        ],
      ],
    });
    assert.equal(played.code, 130);
    assert.match(played.message, /^detached; the spawn continues in the Hub$/);
  });

  it('warns once that no browser reaches a host with capital letters', async () => {
    const { warnings } = await spawnOf('hub-capitals');
    assert.equal(warnings.filter((each) => each.includes('capital letters')).length, 1);
  });

  it('probes below the prefix of the Hub, and a named server at its own path', async () => {
    const played = await spawnOf('hub-quick', {
      hub: { scenario: 'hub-quick', prefix: '/nb/' },
      settings: { server: 'work' },
    });
    assert.equal(played.code, 0);
    assert.deepEqual([...new Set(probes(played).map(({ url }) => url))], ['/nb/user/demo/work/api']);
  });
});

describe('every scenario', () => {
  it('emits a complete only for a success, and at most one', async () => {
    for (const scenario of hubScenarioNames) {
      const played = await spawnOf(scenario);
      const count = completes(played);
      assert.ok(played.code === 0 ? count <= 1 : count === 0, `${scenario}: ${played.code}, ${count}`);
      if (count === 1) assert.match(played.shown.at(-1) ?? '', /^complete /, scenario);
    }
  });
});

describe('a wait at a Hub', () => {
  const waitFor = (scenario: string, goal: Parameters<typeof wait>[1], play: Partial<HubPlay> = {}) =>
    playAtHub({ timeout, hub: { scenario }, ...play }, (session) => wait(session, goal));
  const beginSpawn: Partial<HubPlay> = {
    before: ({ hub }) => {
      hub.beginSpawn();
    },
  };

  it('waits until the server responds by default', async () => {
    const late = await waitFor('hub-late', null, beginSpawn);
    assert.deepEqual([late.code, late.ending.more], [0, { ready: true, ready_check: 'jupyter' }]);
    assert.ok(late.endedAt >= 7_800, String(late.endedAt));
    const running = await waitFor('hub-running', null);
    assert.deepEqual([running.code, running.outcome.kind], [0, 'running']);
  });

  it('does not with --for running', async () => {
    const deaf = await waitFor('hub-deaf', 'running', beginSpawn);
    assert.deepEqual([deaf.code, probes(deaf).length], [0, 0]);
  });

  it('fails if a server that was ready is not there any more', async () => {
    const cancelled = await waitFor('hub-cancelled', null, beginSpawn);
    assert.equal(cancelled.code, 1, cancelled.message);
    assert.match(cancelled.message, /^the Hub has lost the spawn/);
    assert.equal(completes(cancelled), 0);
  });
});

describe('the status at a Hub', () => {
  const statusOf = async (scenario: string, after: number) => {
    const played = await playAtHub(
      {
        hub: { scenario },
        before({ hub, clock }) {
          if (!['hub-running', 'hub-was-dead'].includes(scenario)) hub.beginSpawn();
          clock.advance(after);
        },
      },
      status,
    );
    return { ...played, ready: played.ending.more };
  };

  it('probes once', async () => {
    for (const [scenario, after, code, ready] of [
      ['hub', 5_000, 0, { ready: true, ready_check: 'jupyter' }],
      ['hub-rstudio', 5_000, 0, { ready: true, ready_check: 'http' }],
      ['hub-page', 5_000, 0, { ready: null }],
      ['hub-login', 5_000, 0, { ready: null }],
      ['hub-late', 5_000, 8, { ready: false }],
      ['hub-deaf', 5_000, 8, { ready: false }],
      ['hub-deaf', 125_000, 1, { ready: false }],
      ['hub-cancelled-stuck', 10_000, 8, { ready: false }],
      ['hub-cancelled-stuck', 130_000, 1, { ready: false }],
      ['hub', 2_000, 8, {}],
    ] as const) {
      const played = await statusOf(scenario, after);
      const title = `${scenario} after ${after}`;
      assert.deepEqual([played.code, played.ready], [code, ready], `${title}: ${played.message}`);
      assert.equal(probes(played).length, 'ready' in ready ? 1 : 0, title);
      assert.ok(played.endedAt - after <= 5_000, title);
    }
  });

  it('is not changed by a probe that the deadline cuts short', async () => {
    for (const [timeout, code, ready] of [
      [7_000, 8, false],
      [3_000, 0, null],
    ] as const) {
      const played = await playAtHub(
        {
          hub: { scenario: 'hub-deaf' },
          timeout,
          before({ hub, clock }) {
            hub.beginSpawn();
            clock.advance(5_000);
          },
        },
        status,
      );
      assert.deepEqual([played.code, played.ending.more], [code, { ready }]);
    }
  });

  it('shows it in its text, and why not in its message', async () => {
    const ready = await statusOf('hub', 5_000);
    assert.ok(ready.ending.text.includes('ready   yes'), ready.ending.text.join('\n'));
    assert.equal(ready.ending.isInText, true);
    const late = await statusOf('hub-late', 5_000);
    assert.ok(late.ending.text.includes('ready   no'));
    assert.equal(late.ending.isInText, false);
    assert.match(late.message, /^the lab is running, but does not respond yet: .*HTTP 503/);
    const stuck = await statusOf('hub-cancelled-stuck', 130_000);
    assert.match(stuck.message, /^the Hub says that the lab runs, but it does not respond: /);
  });
});
