/**
 * `spawn` if the create is refused, lost, or never succeeds: in memory, because it takes minutes. The real program is in
 * `test/cli/operations.test.ts`.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { spawn, type SpawnOptions } from '../../src/commands/spawn.js';
import { exitCode } from '../../src/model/outcome.js';
import { event, info } from '../support/peer.js';
import {
  inProgress,
  lab,
  noLab,
  noStream,
  play,
  type Played,
  type Reply,
  type Script,
  type Stream,
} from '../support/scripted.js';

const exists: Reply = { status: 409, type: 'lab_exists' };
const gatewayTimeout: Reply = { status: 504 };
const ended = (events: Stream['events'], end = 0): Reply => ({ stream: { events, end } });
const spawned = (at: number): Reply =>
  ended(
    [
      [at, info('Starting lab creation', 1)],
      [at, event('complete', 'up')],
    ],
    at,
  );
/** A deletion until a time, with its events. */
const deletion = (end: number): Reply =>
  ended(
    [
      [0, info('Shutting down Kubernetes pod', 25)],
      [end, info('Lab for rachel deleted', 100)],
    ],
    end,
  );

const spawns = (
  script: Script,
  options: Partial<SpawnOptions> = {},
  timeout: number | null = null,
): Promise<Played> =>
  play(
    script,
    (session) =>
      spawn(session, {
        request: {
          image: { image_list: 'h/r/i:t' },
          size: 'small',
          enableDebug: false,
          resetUserEnv: false,
          env: {},
        },
        detach: false,
        onConflict: 'attach',
        ...options,
      }),
    { timeout },
  );
const code = ({ ending }: Played): number => exitCode(ending.outcome);

describe('a create that was accepted', () => {
  it('is followed while the state says failed, because another create was refused', async () => {
    const run = await spawns({
      create: () => 'done',
      state: (at) => lab(at < 240_000 ? 'failed' : 'running'),
      events: () =>
        ended(
          [
            [0, info('Starting lab creation', 1)],
            [240_000, event('complete', 'up')],
          ],
          240_000,
        ),
    });
    assert.deepEqual([code(run), run.ending.outcome.message, run.requests.create.length], [0, 'up', 1]);
  });
});

describe('a create during another operation', () => {
  for (const onConflict of ['attach', 'replace'] as const) {
    it(`waits as long as that takes, whatever the state is called (${onConflict})`, async () => {
      for (const status of ['failed', 'terminating', 'hibernated']) {
        const until = 300_000;
        const run = await spawns(
          {
            create: (at) => (at < until ? inProgress : 'done'),
            remove: () => inProgress,
            state: (at, _nth) => (at < until ? lab(status) : noLab),
            events: (at) => (at < until ? deletion(until) : spawned(at)),
          },
          { onConflict },
        );
        assert.deepEqual([code(run), run.ending.outcome.kind], [0, 'complete'], status);
        assert.ok(run.requests.create.length <= 3, `${status}: ${run.requests.create.join(' ')}`);
        assert.ok(run.endedAt < until + 5_000, `${status}: ${run.endedAt}`);
      }
    });
  }

  it('is repeated every 15 s at most where there is no stream, and the state is read once a second', async () => {
    for (const events of [noStream, { status: 503 }, { status: 403 }, ended([])]) {
      for (const state of [lab('hibernated'), lab('failed'), lab('terminating'), noLab]) {
        const run = await spawns(
          { create: () => inProgress, state: () => state, events: () => events },
          {},
          120_000,
        );
        const { create, state: states } = run.requests;
        const name = `${JSON.stringify(events)} ${JSON.stringify(state)}: ${create.join(' ')}`;
        assert.equal(code(run), 124, name);
        // One more if the lab has just gone.
        assert.ok(create.length >= 4 && create.length <= 10, name);
        assert.ok(
          create.slice(2).every((at, i) => at - (create[i + 1] ?? 0) >= 15_000),
          name,
        );
        assert.ok(
          states.every((at, i) => i === 0 || at - (states[i - 1] ?? 0) >= 1_000),
          states.join(' '),
        );
      }
    }
  });

  it('is repeated when the state changes', async () => {
    for (const [state, kind] of [
      [lab('running'), 'running'],
      [noLab, 'complete'],
    ] as const) {
      const run = await spawns({
        create: (at) => (at < 8_000 ? inProgress : 'done'),
        state: (at) => (at < 8_000 ? lab('hibernated') : state),
        events: (at) => (at < 8_000 ? noStream : spawned(at)),
      });
      assert.equal(run.ending.outcome.kind, kind);
      assert.ok(run.endedAt < 12_000, String(run.endedAt));
    }
  });

  it('follows a spawn to its end, and fails with it', async () => {
    for (const status of ['pending', 'failed']) {
      const begun = [[0, info('Starting lab creation', 1)]] as const;
      for (const [last, expected] of [
        [[[60_000, event('complete', 'up')]], [0, 'up']],
        [
          [
            [60_000, event('error', 'no such image')],
            [60_000, event('failed', 'Lab spawn failed')],
          ],
          [1, 'Lab spawn failed: no such image'],
        ],
      ] as const) {
        const run = await spawns({
          create: () => inProgress,
          state: () => lab(status),
          events: () => ended([...begun, ...last], 60_000),
        });
        assert.deepEqual([code(run), run.ending.outcome.message], expected, status);
        assert.equal(run.requests.create.length, 1);
        assert.deepEqual(run.warnings, ['a spawn is already in progress; following it']);
      }
    }
  });

  it('shows every event once, however it finds out that it is a spawn', async () => {
    const events = [
      [0, info('Starting lab creation', 1)],
      [0, info('Created Kubernetes objects', 30)],
      [9_000, event('complete', 'up')],
    ] as const;
    const run = await spawns({
      create: () => inProgress,
      state: () => lab('failed'),
      events: () => ended(events, 9_000),
    });
    assert.deepEqual(run.shown, ['Starting lab creation', 'Created Kubernetes objects', 'up']);
  });

  it('opens no stream before the controller allows it, for whatever reason', async () => {
    const run = await spawns({
      create: () => inProgress,
      state: (at) => lab(at < 3_000 ? 'failed' : 'pending'),
      events: (_at, nth) => (nth === 1 ? { status: 503, retryAfter: 10 } : spawned(20_000)),
    });
    assert.equal(code(run), 0);
    const [first = 0, second = 0] = run.requests.events;
    assert.ok(second - first >= 10_000, run.requests.events.join(' '));
  });

  it('is repeated after a deletion that failed', async () => {
    const failing = [
      [0, info('Shutting down Kubernetes pod', 25)],
      [9_000, event('error', 'stuck')],
      [9_000, event('failed', 'Lab delete failed')],
    ] as const;
    const run = await spawns({
      create: (at) => (at < 9_000 ? inProgress : 'done'),
      state: (at) => lab(at < 9_000 ? 'terminating' : 'failed'),
      events: (at, nth) => (nth === 1 || at < 9_000 ? ended(failing, 9_000) : spawned(at)),
    });
    assert.deepEqual([code(run), run.requests.create.length], [0, 2]);
  });

  it('has failed where the spawn that was followed is removed', async () => {
    const run = await spawns({
      create: () => inProgress,
      state: (at) => (at < 9_000 ? lab('pending') : noLab),
      events: (at) =>
        at < 9_000 ? { stream: { events: [[0, info('Starting', 1)]], end: 9_000 } } : noStream,
    });
    assert.deepEqual([code(run), run.ending.outcome.message], [1, 'the lab was removed before it ran']);
  });

  it('returns under --detach as soon as it sees a spawn in progress', async () => {
    for (const status of ['pending', 'failed']) {
      const run = await spawns(
        {
          create: () => inProgress,
          state: () => lab(status),
          events: () => ({ stream: { events: [[0, info('Starting lab creation', 1)]], end: null } }),
        },
        { detach: true },
      );
      assert.deepEqual([run.ending.outcome.kind, run.endedAt], ['detached', 0]);
    }
  });
});

describe('a create whose response was lost', () => {
  const old = 'http://old/';
  const running = (url: string): Reply => ({ lab: { status: 'running', internal_url: url } });

  it('is sent again while the state says running, which may be the lab before; then the type decides', async () => {
    const replaced = await spawns({
      create: (_at, nth) => (nth === 1 ? gatewayTimeout : inProgress),
      // A dead lab is being replaced: its state stays for a while, then the new one appears.
      state: (at) => (at < 20_000 ? running(old) : at < 30_000 ? lab('pending') : running('http://new/')),
      events: () =>
        ended(
          [
            [300, info('Starting lab creation', 1)],
            [30_000, event('complete', 'up')],
          ],
          30_000,
        ),
    });
    assert.deepEqual([replaced.ending.outcome.kind, replaced.ending.text], ['complete', ['http://new/']]);
    assert.equal(replaced.requests.create.length, 2);
    const exist = await spawns({
      create: (_at, nth) => (nth === 1 ? gatewayTimeout : exists),
      state: () => running(old),
    });
    assert.deepEqual([exist.ending.outcome.kind, exist.ending.text], ['running', [old]]);
    const accepted = await spawns({
      create: (_at, nth) => (nth === 1 ? gatewayTimeout : 'done'),
      state: (at) => running(at < 5_000 ? old : 'http://new/'),
      events: () =>
        ended(
          [
            [0, info('Starting lab creation', 1)],
            [5_000, event('complete', 'up')],
          ],
          5_000,
        ),
    });
    assert.deepEqual([accepted.ending.outcome.kind, accepted.ending.text], ['complete', ['http://new/']]);
  });

  it('attaches to what is in its way, whatever the policy', async () => {
    for (const onConflict of ['fail', 'replace', 'attach'] as const) {
      for (const [conflict, events] of [
        [exists, noStream],
        [inProgress, spawned(5_000)],
      ] as const) {
        const run = await spawns(
          {
            create: (_at, nth) => (nth === 1 ? gatewayTimeout : conflict),
            state: (at) => (at < 5_000 && conflict === inProgress ? lab('failed') : lab('running')),
            events: () => events,
            remove: () => 'done',
          },
          { onConflict },
        );
        assert.equal(code(run), 0, `${onConflict}: ${run.ending.outcome.message}`);
        assert.equal(run.requests.remove.length, 0);
        assert.deepEqual(run.warnings, []);
      }
    }
  });
});

describe('a create that can never succeed', () => {
  const bare: Reply = { status: 500, plain: true };

  it('ends after a minute of bare 500s without a lab, and names the response and the image', async () => {
    const run = await spawns({ create: () => bare });
    const { outcome } = run.ending;
    assert.equal(code(run), 7);
    assert.match(
      outcome.message,
      /HTTP 500 Internal Server Error, \d+ times in 60 s, and there is no lab.*h\/r\/i:t/,
    );
    assert.ok(run.endedAt >= 60_000 && run.endedAt < 62_000, String(run.endedAt));
    assert.ok(run.requests.create.length >= 5);
  });

  it('is retried until the deadline after any other response, or if a lab existed', async () => {
    for (const [name, script] of [
      ['a page', { create: () => ({ status: 500 }) }],
      ['a type', { create: () => ({ status: 500, type: 'some_error' }) }],
      ['another status', { create: () => ({ status: 503, plain: true }) }],
      ['a response in between', { create: (at) => (at > 30_000 && at < 50_000 ? { status: 503 } : bare) }],
      [
        'a lab in between',
        { create: () => bare, state: (at) => (at > 30_000 && at < 50_000 ? lab('failed') : noLab) },
      ],
    ] as [string, Script][]) {
      const run = await spawns(script, {}, 90_000);
      assert.ok(run.endedAt >= 88_000, `${name}: ${run.endedAt}`);
    }
  });

  it('may succeed late', async () => {
    const run = await spawns({ create: (at) => (at < 58_000 ? bare : 'done'), events: (at) => spawned(at) });
    assert.equal(code(run), 0);
  });
});
