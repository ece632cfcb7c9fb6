/**
 * The Science Platform as a backend: what its Hub and its controller say together, with the real commands on both.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { spawn, type SpawnOptions } from '../../../src/commands/spawn.js';
import { status } from '../../../src/commands/status.js';
import { stop } from '../../../src/commands/stop.js';
import { wait } from '../../../src/commands/wait.js';
import { exitCode } from '../../../src/model/outcome.js';
import { UsageError } from '../../../src/model/usage-error.js';
import { absent, away, forbidden, info, said, World, type Queue, type View } from './world.js';

const options: SpawnOptions = {
  request: {
    image: { image_class: 'recommended' },
    size: 'small',
    enableDebug: false,
    resetUserEnv: false,
    env: {},
  },
  detach: false,
  onConflict: 'attach',
};

/** A controller's queue of a spawn that was requested at 0. */
const spawnQueue: Queue = {
  events: [
    [500, info('Starting', 1)],
    [1_000, info('Created', 30)],
    [3_000, info('Pulling', 35)],
    [8_000, said('complete', 'Started')],
  ],
  end: 8_000,
};

/** The Hub's own progress: nothing, and everything at the end. */
const hubQueue = (end: [number, ReturnType<typeof said>]): Queue => ({
  events: [
    [0, info('Server requested')],
    [end[0] - 100, info('[info] Starting', 1)],
    [end[0] - 100, info('[info] Pulling', 35)],
    end,
  ],
  end: end[0],
});

/** A platform on which a spawn takes ten seconds from the POST. */
function spawning(): World {
  const world = new World();
  world.hub.view = (at) => (world.requests.length === 0 ? null : at < 10_000 ? 'starting' : 'running');
  world.hub.queue = () => hubQueue([10_000, said('complete', 'Server ready')]);
  world.controller.view = (at) => (world.requests.length === 0 ? null : at < 8_000 ? 'starting' : 'running');
  world.controller.queue = () => spawnQueue;
  return world;
}

describe('a spawn on the platform', () => {
  it('shows the progress of the controller, and ends when the Hub is ready', async () => {
    const world = spawning();
    const { ending, shown } = await world.play((session) => spawn(session, options));
    assert.equal(ending.outcome.kind, 'complete');
    assert.deepEqual(shown, [
      'Starting',
      'Created',
      'Pulling',
      'Pod started, waiting for Jupyter',
      'Server ready',
    ]);
    assert.deepEqual(world.requests, ['hub create 0']);
    assert.equal(ending.lab?.image, 'lab:w_2026_40');
  });

  it('discards the queue of the previous operation, and opens the stream again', async () => {
    for (const old of [
      {
        events: [
          [0, info('Old', 1)],
          [0, said('complete', 'Old pod')],
        ],
        end: 0,
      },
      {
        events: [
          [0, info('Old', 1)],
          [0, said('failed', 'Old failure')],
        ],
        end: 0,
      },
      {
        events: [
          [0, info('Deleting', 25)],
          [0, info('Deleted', 100)],
        ],
        end: 0,
      },
    ] satisfies Queue[]) {
      const world = spawning();
      world.controller.queue = (at) => (at < 600 ? old : spawnQueue);
      const { ending, shown } = await world.play((session) => spawn(session, options));
      assert.equal(ending.outcome.kind, 'complete');
      assert.equal(shown[0], 'Starting');
      assert.equal(shown.length, 5);
    }
  });

  it('shows a deletion without its progress, which is not that of the spawn', async () => {
    const world = spawning();
    const deletion: Queue = {
      events: [
        [500, info('Deleting', 25)],
        [2_000, info('Deleted', 100)],
      ],
      end: 2_000,
    };
    world.controller.queue = (at) => (at < 2_500 ? deletion : spawnQueue);
    const { ending, shown } = await world.play((session) => spawn(session, options));
    assert.equal(ending.outcome.kind, 'complete');
    assert.deepEqual(shown.slice(0, 3), ['Deleting', 'Deleted', 'Starting']);
  });

  it("shows the Hub's progress where the controller's stream is refused", async () => {
    const world = spawning();
    world.controller.queue = () => forbidden;
    const { ending, shown } = await world.play((session) => spawn(session, options));
    assert.equal(ending.outcome.kind, 'complete');
    assert.deepEqual(shown, ['Server requested', '[info] Starting', '[info] Pulling', 'Server ready']);
  });

  it('continues with the same stream of the controller after it was cut', async () => {
    const world = spawning();
    world.controller.queue = (at) =>
      at < 1_500 ? { events: spawnQueue.events.slice(0, 2), end: 1_500, isCut: true } : spawnQueue;
    const { shown } = await world.play((session) => spawn(session, options));
    assert.deepEqual(shown.slice(0, 4), [
      'Starting',
      'Created',
      'Pulling',
      'Pod started, waiting for Jupyter',
    ]);
  });

  it('fails with the reason that only the controller has', async () => {
    const world = spawning();
    world.hub.view = (at) =>
      world.requests.length === 0
        ? null
        : at < 5_000
          ? 'starting'
          : { failed: 'Spawn failed: Lab spawn failed' };
    world.hub.queue = () => hubQueue([5_000, said('failed', 'Spawn failed: Lab spawn failed')]);
    world.controller.view = (at) => (world.requests.length === 0 ? null : at < 4_800 ? 'starting' : 'failed');
    world.controller.queue = () => ({
      events: [
        [500, info('Starting', 1)],
        [4_800, said('error', 'quota exceeded')],
        [4_800, said('failed', 'Lab spawn failed')],
      ],
      end: 4_800,
    });
    const { ending, shown } = await world.play((session) => spawn(session, options));
    assert.equal(exitCode(ending.outcome), 1);
    assert.match(ending.outcome.message, /^Spawn failed: Lab spawn failed: quota exceeded$/);
    assert.deepEqual(shown, ['Starting', 'quota exceeded', 'Lab spawn failed', ending.outcome.message]);
  });

  it('adds the reason of a queue that had failed before it could be followed', async () => {
    const world = spawning();
    world.hub.view = (at) => (at < 800 ? 'starting' : { failed: 'Spawn failed: Lab spawn failed' });
    world.hub.queue = () => hubQueue([800, said('failed', 'Spawn failed: Lab spawn failed')]);
    world.controller.view = () => null;
    world.controller.queue = () => ({
      events: [
        [0, said('error', 'quota exceeded')],
        [0, said('failed', 'Lab spawn failed')],
      ],
      end: 0,
    });
    const { ending } = await world.play((session) => wait(session, null));
    assert.equal(ending.outcome.message, 'Spawn failed: Lab spawn failed: quota exceeded');
  });

  it('says that Jupyter did not answer where the pod has started and the Hub gave up', async () => {
    const world = spawning();
    world.hub.view = (at) =>
      world.requests.length === 0 ? null : at < 38_000 ? 'starting' : { failed: 'Spawn failed: Timeout' };
    world.hub.queue = () => hubQueue([38_000, said('failed', 'Spawn failed: Timeout')]);
    const { ending } = await world.play((session) => spawn(session, options));
    assert.equal(exitCode(ending.outcome), 1);
    assert.match(ending.outcome.message, /^Jupyter did not answer: Spawn failed: Timeout/);
  });

  it('adds the reason to a failure that the held POST reports', async () => {
    const world = spawning();
    const failure = {
      ...absent,
      kind: 'failed',
      error: { ...absent.error, message: 'Spawn failed: Lab spawn failed' },
    } as const;
    world.hub.onCreate = () => ({ ok: false, failure });
    world.controller.view = () => null;
    world.controller.queue = () => ({
      events: [
        [0, said('error', 'no such image')],
        [0, said('failed', 'Lab spawn failed')],
      ],
      end: 0,
    });
    const { ending } = await world.play((session) => spawn(session, options));
    assert.equal(ending.outcome.message, 'Spawn failed: Lab spawn failed: no such image');
  });

  it('warns of a token that expires soon', async () => {
    const world = spawning();
    world.expires = world.clock.now() + 90 * 60_000;
    const { warnings } = await world.play((session) => spawn(session, options));
    assert.deepEqual(warnings, ['the token expires in 1 h, and the credentials in the lab expire with it']);
  });
});

describe('a lab that the Hub does not know', () => {
  for (const phase of ['running', 'starting'] as const) {
    it(`is not deleted without being asked, if it is ${phase}`, async () => {
      const world = new World();
      world.controller.view = () => phase;
      world.controller.queue = () => absent;
      for (const onConflict of ['attach', 'fail'] as const) {
        const { ending } = await world.play((session) => spawn(session, { ...options, onConflict }));
        assert.equal(exitCode(ending.outcome), 5);
        assert.match(ending.outcome.message, /the Hub does not know/);
      }
      assert.deepEqual(world.requests, []);
    });
  }

  it('is not deleted while its state only seems to be failed', async () => {
    const world = new World();
    world.controller.view = () => 'failed';
    world.controller.queue = () => ({ events: [[0, info('Starting', 1)]], end: null });
    const { ending } = await world.play((session) => spawn(session, options));
    assert.equal(exitCode(ending.outcome), 5);
    assert.deepEqual(world.requests, []);
  });

  it('is replaced if that is asked for', async () => {
    const world = spawning();
    const { view } = world.controller;
    world.controller.view = (at) => (world.requests.length === 0 ? 'running' : view(at));
    const { ending } = await world.play((session) => spawn(session, { ...options, onConflict: 'replace' }));
    assert.equal(ending.outcome.kind, 'complete');
    assert.deepEqual(world.requests, ['hub create 0']);
  });

  it('does not hinder a spawn once the Hub has found it', async () => {
    const world = new World();
    world.controller.view = () => 'running';
    world.hub.view = (at) => (at < 2_000 ? null : 'running');
    world.hub.onCreate = () => ({ ok: true, value: { kind: 'conflict', phase: 'running', failure: absent } });
    const { ending } = await world.play((session) => spawn(session, options));
    assert.equal(ending.outcome.kind, 'running');
  });

  it('is no lab for status and wait, which name it', async () => {
    const world = new World();
    world.controller.view = () => 'running';
    for (const command of [status, (session: Parameters<typeof status>[0]) => wait(session, null)]) {
      const { ending } = await world.play(command);
      assert.equal(exitCode(ending.outcome), 4);
      assert.match(ending.outcome.message, /the controller has one that the Hub does not know/);
    }
  });

  it('is deleted by stop where the token may, and reported with 3 where it may not', async () => {
    const world = new World();
    world.hub.onRemove = () => ({ ok: false, failure: absent });
    world.controller.view = () =>
      world.requests.some((each) => each.startsWith('controller')) ? null : 'running';
    const done = await world.play((session) => stop(session, { detach: false }));
    assert.equal(exitCode(done.ending.outcome), 0);
    assert.deepEqual(
      world.requests.map((each) => each.replace(/ \d+$/, '')),
      ['hub remove', 'controller remove'],
    );
    const other = new World();
    other.hub.onRemove = () => ({ ok: false, failure: absent });
    other.controller.view = () => 'running';
    other.controller.onRemove = () => ({ ok: false, failure: forbidden });
    const refused = await other.play((session) => stop(session, { detach: false }));
    assert.equal(exitCode(refused.ending.outcome), 3);
    assert.match(refused.ending.outcome.message, /^only the controller has a lab of rachel/);
  });
});

describe('stop on the platform', () => {
  it('ends when both know nothing', async () => {
    const world = new World();
    const asked = (): boolean => world.requests.length > 0;
    world.hub.view = () => (asked() ? null : 'running');
    world.controller.view = (at) => (at > 6_000 ? null : asked() ? 'stopping' : 'running');
    const { ending, endedAt } = await world.play((session) => stop(session, { detach: false }));
    assert.equal(ending.outcome.kind, 'absent');
    assert.ok(endedAt > 6_000, `${endedAt}`);
    assert.deepEqual(world.requests, ['hub remove 0']);
  });

  it('finds nothing where both know nothing', async () => {
    const world = new World();
    world.hub.onRemove = () => ({ ok: false, failure: absent });
    const { ending } = await world.play((session) => stop(session, { detach: false }));
    assert.equal(exitCode(ending.outcome), 4);
  });
});

describe('the Hub and the controller', () => {
  /** What `lab wait` reports for what both say, and after how long. */
  const cases: readonly (readonly [hub: View, controller: View, exit: number, message: RegExp])[] = [
    ['running', 'running', 0, /running/],
    ['running', away, 0, /running/],
    ['running', forbidden, 0, /running/],
    ['running', null, 1, /the Hub says that the lab is ready, but the controller has no lab/],
    ['running', 'failed', 1, /but the controller says that it is failed/],
    ['running', 'stopping', 1, /but the controller says that it is stopping/],
    ['running', 'starting', 124, /timed out/],
    [null, null, 4, /no lab/],
    [null, 'running', 4, /the Hub does not know/],
    [null, 'starting', 4, /the Hub does not know/],
    [null, 'failed', 1, /failed/],
    [null, 'stopping', 124, /timed out/],
    [null, away, 7, /bad gateway/],
    [null, forbidden, 4, /no lab/],
    [{ failed: 'Spawn failed: boom' }, null, 1, /Spawn failed: boom/],
    [{ failed: 'Spawn failed: boom' }, 'failed', 1, /Spawn failed: boom/],
    ['starting', 'running', 124, /timed out/],
    ['starting', null, 124, /timed out/],
    ['starting', 'failed', 124, /timed out/],
    ['stopping', 'running', 124, /timed out/],
    [away, 'running', 7, /bad gateway/],
    [away, null, 7, /bad gateway/],
  ];
  for (const [hub, controller, exit, message] of cases) {
    const shown = (view: View): string =>
      view === null
        ? 'nothing'
        : typeof view === 'string'
          ? view
          : 'kind' in view
            ? view.error.message
            : view.failed;
    it(`together: ${shown(hub)} and ${shown(controller)} is ${exit} for wait`, async () => {
      const world = new World();
      world.hub.view = () => hub;
      world.controller.view = () => controller;
      const { ending } = await world.play((session) => wait(session, null), 60_000);
      assert.equal(exitCode(ending.outcome), exit);
      assert.match(ending.outcome.message, message);
    });
  }

  it('are asked again for five seconds where they contradict each other', async () => {
    const world = new World();
    world.hub.view = () => 'running';
    world.controller.view = (at) => (at < 4_500 ? 'failed' : 'running');
    const { ending } = await world.play((session) => wait(session, 'running'));
    assert.equal(ending.outcome.kind, 'running');
    const lasting = new World();
    lasting.hub.view = () => 'running';
    lasting.controller.view = (at) => (at < 6_500 ? 'failed' : 'running');
    const { ending: failed, endedAt } = await lasting.play((session) => wait(session, 'running'));
    assert.equal(failed.outcome.kind, 'failed');
    assert.equal(endedAt, 5_000);
  });
});

describe('a lab that only the Hub says is ready', () => {
  it('has failed after five seconds, also for the command that has started it', async () => {
    const world = spawning();
    world.controller.view = (at) => (world.requests.length === 0 ? null : at < 8_000 ? 'starting' : null);
    const { ending, endedAt, shown } = await world.play((session) => spawn(session, options));
    assert.equal(exitCode(ending.outcome), 1);
    assert.match(ending.outcome.message, /the Hub says that the lab is ready, but the controller has no lab/);
    assert.ok(endedAt >= 15_000 && endedAt < 20_000, `${endedAt}`);
    assert.equal(shown.includes('Server ready'), false);
  });
});

describe('a lab behind an ingress', () => {
  const none = { kind: 'no evidence', connected: false, reason: 'a redirect to a login page' } as const;

  it('is ready by the word of both servers if the ingress keeps everybody else away', async () => {
    const world = new World();
    world.hub.view = world.controller.view = () => 'running';
    world.hub.probed = () => none;
    const { ending } = await world.play((session) => wait(session, 'ready'));
    assert.equal(ending.outcome.kind, 'running');
    assert.deepEqual(ending.more, { ready: true, ready_check: 'hub' });
  });

  it('is not ready by the word of the Hub alone', async () => {
    const world = new World();
    world.hub.view = () => 'running';
    world.controller.view = () => away;
    world.hub.probed = () => none;
    const { ending } = await world.play((session) => wait(session, 'ready'));
    assert.equal(exitCode(ending.outcome), 7);
  });

  it('is not ready while something responds in its place', async () => {
    const world = new World();
    world.hub.view = world.controller.view = () => 'running';
    world.hub.probed = () => ({ kind: 'not yet', reason: 'HTTP 503' });
    const { ending } = await world.play((session) => wait(session, 'ready'));
    assert.equal(exitCode(ending.outcome), 1);
  });
});

describe('settings of the platform', () => {
  it('are refused where neither server can serve them', () => {
    const world = new World();
    world.userOptions = { size: 'large' };
    const refuses = (...given: string[]): void => {
      assert.throws(() => {
        world.backend().checkSettings('create', given);
      }, UsageError);
    };
    refuses('--env');
    refuses('--server-name');
    refuses('--size', '--option');
    world.userOptions = { image_class: 'recommended' };
    refuses('--tag');
    world.userOptions = 'reuse';
    refuses('--image');
    world.userOptions = { profile: 'x' };
    world.backend().checkSettings('create', ['--size', '--option']);
  });
});
