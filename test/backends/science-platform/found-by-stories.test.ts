/**
 * Faults of the platform's state that random stories have found (test/faults/platform).
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RemoteLab } from '../../../src/backends/backend.js';
import { platformLab } from '../../../src/backends/science-platform/lab.js';
import { stateOf } from '../../../src/backends/science-platform/state.js';
import { spawn, type SpawnOptions } from '../../../src/commands/spawn.js';
import { wait } from '../../../src/commands/wait.js';
import type { Lab } from '../../../src/model/lab.js';
import { exitCode } from '../../../src/model/outcome.js';
import type { Result } from '../../../src/model/result.js';
import { settled } from '../../faults/hub/play.js';
import { away, said, World } from './world.js';

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

/** A request that never gets a response. */
function failsAtTheEndOf(signal: AbortSignal): Promise<Result<never>> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve({ ok: false, failure: away });
    });
  });
}

const never = new AbortController().signal;

describe('the state of a lab on the platform', () => {
  it('is known at the deadline while Hub and controller contradict each other', async () => {
    const world = new World();
    world.controller.view = () => 'running';
    const { ending } = await world.play((session) => wait(session, 'absent'), 8_000);
    assert.deepEqual(exitCode(ending.outcome), 124);
  });

  it('is undecided without the time for a second request', async () => {
    const world = new World();
    world.hub.view = () => 'running';
    const state = await world.lab().state(never, true);
    assert.ok(state.ok);
    assert.equal(state.value?.phase, 'starting');
    assert.equal(world.clock.monotonic(), 0);
  });

  it('is not the old word of the Hub if the request to the controller was given up', async () => {
    const world = new World();
    world.hub.view = () => 'running';
    const given = new AbortController();
    const controller = { state: () => failsAtTheEndOf(given.signal) };
    const ready = await world.lab().state(never, true);
    assert.ok(ready.ok && ready.value !== null);
    const lab: Lab = { ...ready.value, phase: 'running' };
    const hub = { state: () => Promise.resolve({ ok: true as const, value: lab }) };
    const state = stateOf({ hub, controller, clock: world.clock }, given.signal);
    await settled();
    given.abort();
    assert.equal((await state).ok, false);
  });

  it('is not followed in the Hub while it is not clear, since the Hub shows the last failure', async () => {
    const world = new World();
    world.hub.view = () => (world.requests.length > 0 ? 'running' : { failed: 'an old reason' });
    world.hub.queue = () => ({
      events: [
        [0, world.requests.length > 0 ? said('complete', 'Server ready') : said('failed', 'an old reason')],
      ],
      end: 0,
    });
    world.controller.view = () => (world.requests.length > 0 ? 'running' : 'failed');
    world.controller.queue = (at) =>
      at < 5_000 ? away : { events: [[0, said('failed', 'an old one')]], end: 0 };
    const { ending } = await world.play((session) => spawn(session, options));
    assert.equal(exitCode(ending.outcome), 0);
    assert.equal(world.requests.length, 1);
  });

  it('is not awaited for longer than a probe takes', async () => {
    const world = new World();
    world.hub.probed = () => ({ kind: 'no evidence', connected: false, reason: 'a login page' });
    const hub = world.lab();
    const controller: RemoteLab = { ...hub, state: (signal) => failsAtTheEndOf(signal) };
    const lab = platformLab({ user: 'rachel', hub, controller, clock: world.clock });
    const address = {
      url: 'https://hub.test/',
      mayOpen: true,
      mayGetToken: true,
      hasCapitals: false,
      isShared: false,
    };
    const probed = lab.probe?.(address, never);
    await settled();
    world.clock.advance(5_000);
    assert.equal((await probed)?.kind, 'no evidence');
  });

  it('is no failed deletion where the rest of a failed lab stays', async () => {
    const world = new World();
    world.hub.view = () => ({ failed: 'no room' });
    world.controller.view = () => 'failed';
    world.hub.queue = () => ({
      events: [[0, { type: 'failed', message: 'no room', progress: null }]],
      end: 0,
    });
    const { ending } = await world.play((session) => wait(session, 'absent'), 60_000);
    assert.deepEqual(
      [exitCode(ending.outcome), ending.outcome.message],
      [124, 'timed out; the lab is failed, and is not being deleted'],
    );
  });
});
