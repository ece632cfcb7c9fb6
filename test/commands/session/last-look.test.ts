/**
 * When the last look before the deadline goes out, to the millisecond: the real Session on a clock that the test moves.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Session } from '../../../src/commands/session/session.js';
import { wait } from '../../../src/commands/wait.js';
import type { Backend, RemoteLab } from '../../../src/backends/backend.js';
import { decodeFrame as decode } from '../../../src/backends/nublado/operation.js';
import { labOf } from '../../../src/backends/nublado/state.js';
import { startDeadline } from '../../../src/runtime/deadline.js';
import { SilentDisplay } from '../../../src/display/display.js';
import { toSse } from '../../../src/model/event.js';
import type { Lab } from '../../../src/model/lab.js';
import { noSecrets } from '../../../src/model/redactor.js';
import type { Failure, Result } from '../../../src/model/result.js';
import { Random } from '../../faults/random.js';
import { FakeClock } from '../../support/clock.js';
import { fakeContext } from '../../support/context.js';

const pending: Result<Lab> = { ok: true, value: labOf({ status: 'pending' }) };
const networkFailure: Failure = {
  kind: 'unknown',
  error: { type: 'network', message: 'gone', status: null, hint: null },
  retry: 'later',
  effect: 'none',
  from: 'nobody',
};
const lost: Result<never> = { ok: false, failure: networkFailure };

/** Resolves after `ms`, or when the signal aborts. */
function after(clock: FakeClock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    signal.addEventListener('abort', () => {
      cancel();
      resolve();
    });
  });
}

interface Site {
  clock: FakeClock;
  /** How long a stream lives, in milliseconds, and whether it brings an event first. */
  life: number;
  brings: boolean;
  /** Responds to a request for the state; `fresh` on a new connection. */
  state: (signal: AbortSignal, fresh: boolean) => Promise<Result<Lab | null>>;
}

function backendAt({ clock, life, brings, state }: Site, fresh: boolean): Backend {
  const never = (): never => assert.fail('not asked for here');
  const lab: RemoteLab = {
    state: (signal) => state(signal, fresh),
    events(signal) {
      const body = (async function* () {
        if (brings) yield Buffer.from(toSse({ type: 'info', message: 'pulling', progress: 30 }));
        await after(clock, life, signal);
        throw new Error('cut');
      })();
      return Promise.resolve({ ok: true, value: { body, decode, replay: 'whole', heartbeat: 'comment' } });
    },
    shown: never,
    create: never,
    remove: never,
    streamsDeletions: true,
    differences: never,
    hostsCommand: false,
    choices: never,
    probe: null,
    mustConfirmRunning: false,
  };
  return {
    name: 'the controller',
    confirmAbsenceAfter: null,
    checkSettings: never,
    subject: () => Promise.resolve({ ok: true, value: { name: 'rachel', own: true } }),
    whoAmI: never,
    list: never,
    labsOf: null,
    lab: () => lab,
    ownState: never,
  };
}

/** What `lab wait` ends as, and when. */
async function ending(site: Site, timeout: number, seed: number): Promise<{ kind: string; at: number }> {
  const { clock } = site;
  const context = fakeContext({ clock, random: new Random(seed).unit });
  const deadline = startDeadline(clock, timeout, context.signal);
  const session = new Session(
    {
      context,
      display: new SilentDisplay(),
      backend: backendAt(site, false),
      freshBackend: () => Promise.resolve(backendAt(site, true)),
      redactor: noSecrets,
      address: { controller: 'http://controller.test/nublado', hub: null, name: null },
      user: { name: 'rachel', given: false },
      demo: false,
      limits: { timeout, idleTimeout: 45_000 },
      deadline,
    },
    'spawn',
  );
  let kind = null as string | null;
  void wait(session, 'running').then(({ outcome }) => (kind = outcome.kind));
  for (;;) {
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    if (kind !== null) break;
    assert.notEqual(clock.nextDue, null, 'it waits for nothing');
    clock.advance((clock.nextDue ?? 0) - clock.monotonic());
  }
  session.close();
  deadline.cancel();
  await new Promise(setImmediate);
  assert.equal(clock.pending, 0);
  return { kind, at: clock.monotonic() };
}

describe('the last look', () => {
  it('makes one outcome of every deadline, wherever it falls between streams that are cut every three seconds', async () => {
    const kinds = new Set<string>();
    for (let timeout = 18_000; timeout <= 28_000; timeout += 250) {
      for (const seed of [1, 2, 3]) {
        const site = {
          clock: new FakeClock(),
          life: 3_000,
          brings: true,
          state: () => Promise.resolve(pending),
        };
        const { kind, at } = await ending(site, timeout, seed);
        assert.equal(at, timeout);
        kinds.add(kind);
      }
    }
    assert.deepEqual([...kinds], ['timeout']);
  });

  for (const [timeout, due] of [
    [20_000, 18_000],
    [4_000, 2_000],
    [1_000, 500],
  ] as const) {
    it(`goes out once, ${timeout - due} ms before a deadline of ${timeout} ms`, async () => {
      const clock = new FakeClock();
      const looks: number[] = [];
      const site: Site = {
        clock,
        life: Infinity,
        brings: true,
        state: (_signal, fresh) => {
          if (fresh) looks.push(clock.monotonic());
          return Promise.resolve(pending);
        },
      };
      assert.deepEqual(await ending(site, timeout, 1), { kind: 'timeout', at: timeout });
      assert.deepEqual(looks, [due]);
    });
  }

  it('abandons the request that is under way, and finds nobody where it is not answered itself', async () => {
    const clock = new FakeClock();
    let [asked, abandonedAt] = [0, NaN];
    const site: Site = {
      clock,
      life: Infinity,
      brings: true,
      async state(signal, fresh) {
        asked += 1;
        if (asked === 1) return pending;
        await after(clock, Infinity, signal);
        if (!fresh) abandonedAt = clock.monotonic();
        return lost;
      },
    };
    // After ten seconds without an event, the state is requested.
    assert.deepEqual(await ending(site, 15_000, 1), { kind: 'unknown', at: 15_000 });
    assert.deepEqual([asked, abandonedAt], [3, 13_000]);
  });

  it('comes before a request that was to be sent again only later', async () => {
    const clock = new FakeClock();
    const busy: Failure = { ...networkFailure, from: 'server', retry: { afterMs: 9_000 } };
    const site: Site = {
      clock,
      life: Infinity,
      brings: true,
      state: (_signal, fresh) =>
        Promise.resolve(
          fresh ? { ok: true, value: labOf({ status: 'running' }) } : { ok: false, failure: busy },
        ),
    };
    assert.equal((await ending(site, 10_000, 1)).kind, 'running');
  });

  it('is not taken where the outcome is known before', async () => {
    const clock = new FakeClock();
    let looks = 0;
    const site: Site = {
      clock,
      life: Infinity,
      brings: true,
      state: (_signal, fresh) => {
        looks += Number(fresh);
        const running = clock.monotonic() >= 10_000;
        return Promise.resolve(running ? { ok: true, value: labOf({ status: 'running' }) } : pending);
      },
    };
    // The URL is not reported, and is still being requested when the last look would be due.
    assert.equal((await ending(site, 12_500, 1)).kind, 'running');
    assert.equal(looks, 0);
  });
});
