/**
 * `wait --for absent` in memory, because it takes minutes.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { wait } from '../../src/commands/wait.js';
import { exitCode } from '../../src/model/outcome.js';
import { event, info } from '../support/peer.js';
import {
  always,
  begun,
  deletion,
  ending,
  lab,
  noLab,
  play,
  summary,
  then,
  type Played,
  type Script,
} from '../support/scripted.js';

describe('wait --for absent', () => {
  const absent = (script: Script, timeout: number | null = null): Promise<Played> =>
    play(script, (session) => wait(session, 'absent'), { timeout });

  it('ends when the lab is gone, whatever the state says of the deletion meanwhile', async () => {
    const run = await absent({
      state: then(lab('terminating'), 3_000, lab('failed'), 50_000, noLab),
      events: always(ending([...deletion, [50_000, info('Lab for rachel deleted', 100)]], 50_000)),
    });
    assert.deepEqual(summary(run), [0, 'the lab is gone']);
  });

  it('fails with a deletion that was seen, with its reason', async () => {
    const events = [
      ...deletion,
      [9_000, event('error', 'stuck')],
      [9_100, event('failed', 'Lab delete failed')],
    ] as const;
    for (const first of ['terminating', 'failed']) {
      const run = await absent({
        state: then(lab(first), 3_000, lab('failed')),
        events: always(ending(events, 9_100)),
      });
      assert.deepEqual([...summary(run), run.shown.length], [1, 'Lab delete failed: stuck', 4], first);
    }
  });

  it('keeps waiting for a lab that is not being deleted, and finds a deletion that starts later', async () => {
    const old = [...begun, [200, event('failed', 'Lab spawn failed')]] as const;
    const idle = await absent({ state: always(lab('failed')), events: always(ending(old, 200)) }, 100_000);
    assert.equal(exitCode(idle.ending.outcome), 124);
    assert.match(idle.ending.outcome.message, /last state: failed/);
    assert.deepEqual(idle.warnings, ['the lab is failed, and is not being deleted yet']);
    assert.ok(idle.requests.events.length <= 8, String(idle.requests.events.length));
    const later = await absent({
      state: then(lab('failed'), 60_000, noLab),
      events: (at) =>
        at < 40_000
          ? ending(old, 200)
          : ending([...deletion, [60_000, info('Lab for rachel deleted', 100)]], 60_000),
    });
    assert.deepEqual([summary(later)[0], later.shown.at(-1)], [0, 'Lab for rachel deleted']);
  });

  it('is not over when the lab is created again', async () => {
    const run = await absent(
      {
        state: then(lab('terminating'), 5_000, lab('pending'), 9_000, lab('running')),
        events: (at) =>
          at < 5_000
            ? ending(deletion, 5_000)
            : ending(
                [
                  [5_000, info('Starting', 1)],
                  [9_000, event('complete', 'up')],
                ],
                9_000,
              ),
      },
      30_000,
    );
    assert.equal(exitCode(run.ending.outcome), 124);
    assert.match(run.ending.outcome.message, /the lab is running, and is not being deleted/);
  });
});
