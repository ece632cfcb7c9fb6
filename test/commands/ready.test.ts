/**
 * The ready check at a controller: its own timers, in memory, with probes whose results a test writes itself. The check at a
 * Hub, over HTTP, is in `hub/ready.test.ts`.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Probed } from '../../src/backends/backend.js';
import { spawn } from '../../src/commands/spawn.js';
import { status } from '../../src/commands/status.js';
import { wait } from '../../src/commands/wait.js';
import type { ReadyOptions } from '../../src/commands/session/ready.js';
import { event } from '../support/peer.js';
import {
  always,
  begun,
  ending,
  lab,
  noLab,
  noStream,
  play,
  summary,
  then,
  type PlayOptions,
  type Played,
  type Script,
} from '../support/scripted.js';

const proof: Probed = { kind: 'proof', how: 'jupyter', reason: 'it responds' };
const notYet: Probed = { kind: 'not yet', reason: 'HTTP 503' };
const weak: Probed = { kind: 'weak', reason: 'HTTP 404' };
const silent: Probed = { kind: 'no evidence', connected: true, reason: 'no response' };
const unreachable: Probed = { kind: 'no evidence', connected: false, reason: 'host name not found' };

/** A spawn that is complete after a second. */
const complete = ending([...begun, [1_000, event('complete', 'Lab Kubernetes pod started')]], 1_000);
const spawned: Script = {
  create: always('done'),
  events: always(complete),
  state: then(lab('pending'), 1_000, lab('running')),
};

const request = {
  image: { image_class: 'recommended' },
  size: 'small',
  enableDebug: false,
  resetUserEnv: false,
  env: {},
} as const;

const spawnTo = (
  options: ReadyOptions,
  probe: PlayOptions['probe'],
  script: Script = spawned,
  timeout: number | null = 900_000,
): Promise<Played> =>
  play(script, (session) => spawn(session, { request, detach: false, onConflict: 'attach', ...options }), {
    timeout,
    ...(probe === undefined ? {} : { probe }),
  });

const ready = { goal: 'ready' } as const;

describe('a spawn at a controller', () => {
  it('is over with its complete by default, without a probe', async () => {
    const played = await spawnTo({}, () => notYet);
    assert.deepEqual(summary(played), [0, 'Lab Kubernetes pod started']);
    assert.deepEqual([played.requests.probe, played.endedAt], [[], 1_000]);
    assert.deepEqual(played.ending.more, {});
  });

  it('is over with --for ready once the lab responds, and shows its complete only then', async () => {
    const shownAt: number[] = [];
    const played = await spawnTo(ready, (at) => {
      shownAt.push(at);
      return at < 61_000 ? notYet : proof;
    });
    assert.deepEqual(summary(played), [0, 'Lab Kubernetes pod started']);
    assert.equal(played.endedAt, shownAt.at(-1));
    assert.ok(played.endedAt >= 61_000 && played.endedAt <= 63_000, String(played.endedAt));
    assert.deepEqual(played.shown.slice(-1), ['Lab Kubernetes pod started']);
    assert.deepEqual(played.ending.events, played.shown.length);
    assert.deepEqual(played.ending.more, { ready: true, ready_check: 'jupyter' });
  });

  it('needs no second state, because a controller does not report running too early', async () => {
    const played = await spawnTo(ready, () => proof);
    assert.deepEqual([played.endedAt, played.requests.probe], [1_000, [1_000]]);
  });

  it('waits two minutes for the lab, and never shows a complete that is not true', async () => {
    for (const [probed, code, message] of [
      [notYet, 1, /^the controller says that the lab runs, but nothing responds at its address: HTTP 503$/],
      [silent, 7, /^the lab runs but does not answer: no response$/],
      [unreachable, 7, /cannot be checked from here: host name not found$/],
    ] as const) {
      const played = await spawnTo(ready, () => probed);
      assert.equal(summary(played)[0], code);
      assert.match(String(summary(played)[1]), message);
      assert.ok(played.endedAt >= 121_000 && played.endedAt <= 123_000, String(played.endedAt));
      assert.deepEqual(
        played.shown,
        begun.map(([, { message: text }]) => text),
      );
      assert.equal(played.ending.text.length, 0);
    }
  });

  it('ends by the last probe, not by an earlier one', async () => {
    const played = await spawnTo({ ...ready, readyTimeout: 10_000 }, (at) => (at < 5_000 ? notYet : silent));
    assert.equal(summary(played)[0], 7);
    assert.ok(played.endedAt <= 13_000);
  });

  it('ends by the deadline with --ready-timeout 0', async () => {
    const played = await spawnTo({ ...ready, readyTimeout: 0 }, () => notYet, spawned, 300_000);
    assert.deepEqual(summary(played), [124, 'timed out; the lab runs, but is not ready: HTTP 503']);
    assert.equal(played.endedAt, 300_000);
  });

  it('counts weak responses only in a row', async () => {
    const rows = [
      [[weak, weak], 2],
      [[weak, notYet, weak, weak], 4],
      [[weak, notYet, weak, proof], 4],
    ] as const;
    for (const [probed, count] of rows) {
      const played = await spawnTo(ready, (_at, nth) => probed[nth - 1] ?? assert.fail('too many probes'));
      assert.equal(summary(played)[0], 0);
      assert.equal(played.requests.probe.length, count);
    }
  });

  it('requests the state between two probes, at least every ten seconds and at most once a second', async () => {
    const { requests } = await spawnTo(ready, () => notYet);
    const since = requests.state.filter((at) => at >= 1_000);
    for (const [i, at] of since.slice(1).entries()) {
      const gap = at - (since[i] ?? 0);
      assert.ok(gap >= 1_000 && gap <= 10_000, String(gap));
    }
  });

  it('does not count the time in which there is no state', async () => {
    const away: Script = {
      ...spawned,
      state: then(lab('pending'), 1_000, lab('running'), 30_000, { status: 503 }, 300_000, lab('running')),
    };
    const played = await spawnTo(ready, () => notYet, away);
    assert.equal(summary(played)[0], 1);
    assert.ok(played.endedAt >= 380_000 && played.endedAt <= 410_000, String(played.endedAt));
    assert.ok(played.requests.probe.every((at) => at <= 31_000 || at >= 300_000));
  });

  it('is followed again if the lab does not run any more', async () => {
    const gone: Script = {
      ...spawned,
      events: (at) => (at < 10_000 ? complete : noStream),
      state: then(lab('pending'), 1_000, lab('running'), 10_000, noLab),
    };
    const played = await spawnTo(ready, () => notYet, gone);
    assert.deepEqual(summary(played), [1, 'the lab was removed before it ran']);
    assert.ok(played.endedAt <= 20_000, String(played.endedAt));
    assert.ok(!played.shown.includes('Lab Kubernetes pod started'));
  });

  it('ends with 3 if the token is refused meanwhile', async () => {
    const refused: Script = {
      ...spawned,
      state: then(lab('pending'), 1_000, lab('running'), 10_000, { status: 401 }),
    };
    assert.equal(summary(await spawnTo(ready, () => notYet, refused))[0], 3);
  });

  it('says so where no probe is possible', async () => {
    const played = await spawnTo(ready, undefined);
    assert.equal(summary(played)[0], 0);
    assert.deepEqual(played.ending.more, { ready: true, ready_check: 'hub' });
    assert.match(played.warnings.join(), /whether it responds is not checked/);
  });
});

describe('a wait at a controller', () => {
  const waitTo = (goal: 'running' | 'ready' | null, probe: PlayOptions['probe'] & object, script: Script) =>
    play(script, (session) => wait(session, goal, { readyTimeout: 20_000 }), { timeout: 900_000, probe });

  it('checks a lab that runs already only with --for ready', async () => {
    const running = { state: always(lab('running')) };
    for (const goal of ['running', null] as const) {
      const played = await waitTo(goal, () => notYet, running);
      assert.deepEqual([summary(played)[0], played.requests.probe.length], [0, 0]);
    }
    assert.equal(summary(await waitTo('ready', () => notYet, running))[0], 1);
    const played = await waitTo('ready', (at) => (at < 5_000 ? notYet : proof), running);
    assert.deepEqual([...summary(played), played.ending.text], [0, 'the lab is running', ['http://lab/']]);
  });

  it('follows a lab that is created again during the check', async () => {
    const again = event('complete', 'up again');
    const script: Script = {
      state: then(lab('running'), 5_000, lab('pending'), 20_000, lab('running')),
      events: () => ending([...begun, [20_000, again]], 20_000),
    };
    const played = await waitTo('ready', (at) => (at < 20_000 ? notYet : proof), script);
    assert.deepEqual(summary(played), [0, 'up again']);
    assert.deepEqual(played.shown.at(-1), 'up again');
  });
});

describe('the status at a controller', () => {
  it('says whether the lab responds, which does not change its outcome', async () => {
    for (const [probed, more] of [
      [proof, { ready: true, ready_check: 'jupyter' }],
      [notYet, { ready: false }],
      [silent, { ready: false }],
      [weak, { ready: null }],
      [unreachable, { ready: null }],
    ] as const) {
      const played = await play({ state: always(lab('running')) }, status, { probe: () => probed });
      assert.deepEqual([...summary(played), played.ending.more], [0, 'the lab is running', more]);
      assert.equal(played.requests.probe.length, 1);
    }
    const pending = await play({ state: always(lab('pending')) }, status, { probe: () => proof });
    assert.deepEqual([pending.ending.more, pending.requests.probe], [{}, []]);
  });
});
