/**
 * A `failed` state, which is a reason to check the stream but not an outcome: `wait` in memory, because it takes
 * minutes. The real program is in `test/cli/operations.test.ts`.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LastingFailure } from '../../src/commands/session/following.js';
import { wait } from '../../src/commands/wait.js';
import type { Phase } from '../../src/model/lab.js';
import { exitCode } from '../../src/model/outcome.js';
import { FakeClock } from '../support/clock.js';
import { event, info } from '../support/peer.js';
import {
  always,
  begun,
  deletion,
  ending,
  lab,
  noLab,
  noStream,
  open,
  play,
  summary,
  then,
  type Played,
  type Script,
} from '../support/scripted.js';

const waits = (script: Script, timeout: number | null = null): Promise<Played> =>
  play(script, (session) => wait(session, 'running'), { timeout });

describe('wait, while the state is failed', () => {
  it('follows a stream with events for as long as it takes, and ends with the truth', async () => {
    const run = await waits({
      state: then(lab('failed'), 600_000, lab('running')),
      events: always(ending([...begun, [600_000, event('complete', 'up')]], 600_000)),
    });
    assert.deepEqual(summary(run), [0, 'the lab is running']);
    assert.deepEqual(run.shown, ['Starting lab creation', 'Created Kubernetes objects', 'up']);
  });

  it('ends with the reason, once the stream shows that it failed', async () => {
    const events = [
      ...begun,
      [50_000, event('error', 'no such image')],
      [50_100, event('failed', 'Lab spawn failed')],
    ] as const;
    const run = await waits({ state: always(lab('failed')), events: always(ending(events, 50_100)) });
    assert.deepEqual([...summary(run), run.endedAt], [1, 'Lab spawn failed: no such image', 50_100]);
  });

  it('believes it where the stream is open and empty for 30 s, and the state is the same', async () => {
    const run = await waits({ state: always(lab('failed')), events: always(open([])) });
    assert.deepEqual(summary(run), [1, 'the lab has failed']);
    assert.ok(run.endedAt >= 30_000 && run.endedAt <= 33_000, String(run.endedAt));
  });

  it('reads the state again where the stream has ended or is not there', async () => {
    for (const stream of [
      ending([], 2_000),
      ending([...begun, [2_000, event('complete', 'up')]], 2_000),
      noStream,
    ]) {
      for (const [next, expected] of [
        [lab('failed'), [1, 'the lab has failed']],
        [lab('running'), [0, 'the lab is running']],
        [noLab, [4, 'rachel has no lab to wait for']],
      ] as const) {
        const script = { state: (_at: number, nth: number) => (nth === 1 ? lab('failed') : next) };
        assert.deepEqual(summary(await waits({ ...script, events: always(stream) })), expected);
      }
    }
  });

  it('ignores a state that was requested before the stream ended', async () => {
    // Seven seconds after the beginning the state is requested; while that request is in flight, the deletion ends.
    const run = await play(
      {
        state: (at) => (at < 7_600 ? lab('failed') : noLab),
        events: () => ending([...deletion, [7_500, info('Lab deleted', 90)]], 7_500),
      },
      (session) => wait(session, 'running'),
      { latency: 1_000 },
    );
    assert.deepEqual(summary(run), [4, 'rachel has no lab to wait for']);
  });

  it('does not count while the stream cannot be read', async () => {
    for (const [code, from] of [
      [503, 40_000],
      [429, 40_000],
    ] as const) {
      const run = await waits({
        state: then(lab('failed'), 120_000, lab('running')),
        events: then({ status: code }, from, ending([...begun, [120_000, event('complete', 'up')]], 120_000)),
      });
      assert.equal(summary(run)[0], 0);
    }
  });

  it('follows a deletion to its end, also where the state stays failed for a moment longer', async () => {
    const run = await waits({
      state: then(lab('failed'), 9_500, noLab),
      events: always(ending([...deletion, [9_000, info('Lab for rachel deleted', 100)]], 9_000)),
    });
    assert.deepEqual(summary(run), [4, 'rachel has no lab to wait for']);
    assert.deepEqual(run.shown, [
      'Shutting down Kubernetes pod',
      'Deleting user namespace',
      'Lab for rachel deleted',
    ]);
  });

  it('opens a stream anew that has fallen silent, because a new one repeats everything', async () => {
    const failed = [
      ...begun,
      [1_000, event('error', 'no such image')],
      [1_100, event('failed', 'Lab spawn failed')],
    ] as const;
    const run = await waits({
      state: always(lab('failed')),
      // The first one loses the end.
      events: (_at, nth) => (nth === 1 ? open(begun) : ending(failed, 1_100)),
    });
    assert.deepEqual(summary(run), [1, 'Lab spawn failed: no such image']);
    assert.ok(run.endedAt >= 30_000 && run.endedAt < 40_000, String(run.endedAt));
    assert.deepEqual(run.shown, [
      'Starting lab creation',
      'Created Kubernetes objects',
      'no such image',
      'Lab spawn failed',
    ]);
  });

  it('opens a stream anew that has sent nothing, before it believes that there is nothing', async () => {
    const run = await waits({
      state: then(lab('failed'), 90_000, lab('running')),
      events: (_at, nth) =>
        nth === 1 ? open([]) : ending([...begun, [90_000, event('complete', 'up')]], 90_000),
    });
    assert.deepEqual(summary(run), [0, 'the lab is running']);
    assert.deepEqual(run.shown, ['Starting lab creation', 'Created Kubernetes objects', 'up']);
  });

  it('polls the state where the stream is refused, unless that is refused as well', async () => {
    const polled = await waits({ state: always(lab('failed')), events: always({ status: 403 }) });
    assert.deepEqual(summary(polled), [1, 'the lab has failed']);
    assert.ok(polled.endedAt >= 180_000 && polled.endedAt < 190_000, String(polled.endedAt));
    const expired = await waits({
      state: then(lab('failed'), 2_000, { status: 401 }),
      events: always({ status: 401 }),
    });
    assert.equal(summary(expired)[0], 3);
  });

  it('says at the deadline which state it was', async () => {
    const run = await waits({ state: always(lab('failed')), events: always({ status: 503 }) }, 60_000);
    assert.equal(exitCode(run.ending.outcome), 124);
    assert.match(run.ending.outcome.message, /last state: failed/);
  });

  it('is followed with its own memory: an operation that was seen is not shown again', async () => {
    const run = await waits({
      state: then(lab('terminating'), 2_000, lab('failed'), 20_000, noLab),
      events: (at) => (at < 3_000 ? ending(deletion, 3_000) : noStream),
    });
    assert.deepEqual(run.shown, ['Shutting down Kubernetes pod', 'Deleting user namespace']);
    assert.equal(summary(run)[0], 1);
  });
});

describe("wait, for another user's lab", () => {
  const user = { name: 'rachel', given: true, direct: false };
  const who = always({ user: 'admin' });
  const waitsForOther = (script: Script, timeout: number | null = null): Promise<Played> =>
    play({ who, ...script }, (session) => wait(session, 'running'), { user, timeout });

  it('believes a failed state after three minutes without interruption', async () => {
    const run = await waitsForOther({ state: always(lab('failed')) });
    assert.deepEqual(summary(run), [1, 'the lab has failed']);
    assert.ok(run.endedAt >= 180_000 && run.endedAt < 183_000, String(run.endedAt));
    const interrupted = await waitsForOther({
      state: then(lab('failed'), 170_000, lab('pending'), 171_000, lab('failed')),
    });
    assert.ok(interrupted.endedAt >= 350_000, String(interrupted.endedAt));
    assert.equal(
      (await waitsForOther({ state: then(lab('failed'), 179_000, lab('running')) })).ending.outcome.kind,
      'running',
    );
  });

  it('says at the deadline what the last state was, and also where the lab is gone', async () => {
    const late = await waitsForOther({ state: always(lab('failed')) }, 60_000);
    assert.equal(exitCode(late.ending.outcome), 124);
    assert.match(late.ending.outcome.message, /last state: failed/);
    const gone = await waitsForOther({ state: then(lab('failed'), 60_000, noLab) });
    assert.deepEqual(summary(gone), [4, 'rachel has no lab to wait for; its last state was failed']);
  });

  it('is not that where there is nobody to say whose the token is, which may be said late', async () => {
    const run = await play(
      {
        who: (_at, nth) => ({ status: nth === 1 ? 502 : 404 }),
        state: (_at, nth) => (nth === 1 ? { status: 403 } : lab('running')),
      },
      (session) => wait(session, 'running'),
      { user },
    );
    assert.deepEqual([summary(run)[0], run.requests.who.length], [0, 2]);
  });

  it('knows a lab that was removed before it ran', async () => {
    const run = await waitsForOther({ state: then(lab('pending'), 5_000, noLab) });
    assert.deepEqual(summary(run), [1, 'the lab was removed before it ran']);
    const deleted = await waitsForOther({ state: then(lab('terminating'), 5_000, noLab) });
    assert.deepEqual(summary(deleted), [4, 'rachel has no lab to wait for']);
  });

  it('waits for absence in the same way: a deletion fails after three minutes', async () => {
    const run = await play(
      { who, state: then(lab('terminating'), 5_000, lab('failed')) },
      (session) => wait(session, 'absent'),
      { user },
    );
    assert.deepEqual(summary(run), [1, 'the deletion failed']);
    assert.ok(run.endedAt >= 185_000 && run.endedAt < 190_000, String(run.endedAt));
  });
});

describe('a lasting failure', () => {
  function after(...answers: readonly (readonly [number, Phase])[]): boolean {
    const clock = new FakeClock();
    const failure = new LastingFailure(clock);
    return answers.reduce((_, [ms, is]) => {
      clock.advance(ms);
      return failure.note(is);
    }, false);
  }
  const failed = (ms: number, count: number) => Array.from({ length: count }, () => [ms, 'failed'] as const);

  it('needs three minutes and ten answers', () => {
    assert.equal(after(...failed(1_000, 181)), true);
    assert.equal(after(...failed(1_000, 180)), false);
    assert.equal(after(...failed(10_000, 19)), true);
  });

  it('does not count the time asleep', () => {
    assert.equal(after(...failed(1_000, 20), ...failed(3_600_000, 1)), false);
    assert.equal(after(...failed(1_000, 20), ...failed(3_600_000, 1), ...failed(1_000, 151)), true);
  });

  it('begins anew after another state', () => {
    assert.equal(after(...failed(1_000, 170), [1_000, 'starting'], ...failed(1_000, 170)), false);
  });
});
