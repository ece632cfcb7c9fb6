/**
 * The Hub as a Backend, against the simulated one: what its responses prove, and which requests are needed to find out.
 */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { after, describe, it, type TestContext } from 'node:test';
import { Agent } from 'undici';
import { createJupyterHub } from '../../../src/backends/jupyterhub/backend.js';
import type { HubSettings } from '../../../src/backends/jupyterhub/server.js';
import type { Backend, RemoteLab } from '../../../src/backends/backend.js';
import type { LabRequest } from '../../../src/model/lab-request.js';
import { exitCode } from '../../../src/model/outcome.js';
import { noSecrets } from '../../../src/model/redactor.js';
import { outcomeOf, type Failure, type Result } from '../../../src/model/result.js';
import { createFrameReader } from '../../../src/stream/frames.js';
import {
  startHub,
  type HubOptions,
  type HubVersion,
  type SeenRequest,
  type SimulatedHub,
} from '../../../src/simulator/jupyterhub/hub.js';
import { FakeClock, realClock } from '../../support/clock.js';

const dispatcher = new Agent();
after(() => dispatcher.destroy());

const { signal } = new AbortController();
// Many tests use it at the same time.
setMaxListeners(0, signal);
/** A request whose contents a Hub ignores. */
const request: LabRequest = {
  image: { image_class: 'recommended' },
  size: 'small',
  enableDebug: false,
  resetUserEnv: false,
  env: {},
};

interface Site {
  hub: SimulatedHub;
  seen: SeenRequest[];
  lab: (userOptions?: HubSettings['userOptions'], more?: Partial<HubSettings>) => RemoteLab;
  backend: (token?: string, more?: Partial<HubSettings>) => Backend;
}

async function serve(t: TestContext, options: Partial<HubOptions> = {}): Promise<Site> {
  const seen: SeenRequest[] = [];
  const hub = await startHub({
    clock: realClock,
    speed: 10,
    prefix: '/nb/',
    ...options,
    onRequest: (each) => seen.push(each),
  });
  t.after(() => hub.close());
  const backend: Site['backend'] = (token = hub.tokens.user, more = {}) =>
    createJupyterHub(
      {
        base: new URL(hub.url),
        credentials: { kind: 'bearer', token },
        dispatcher,
        clock: realClock,
        redact: noSecrets.redact,
      },
      { server: '', userOptions: {}, forget: false, ...more },
    );
  const lab: Site['lab'] = (userOptions = {}, more = {}) =>
    backend(undefined, { userOptions, ...more }).lab({ name: hub.user, own: true });
  return { hub, seen, lab, backend };
}

function valueOf<T>(result: Result<T>): T {
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

function failureOf<T>(result: Result<T>): Failure {
  assert.equal(result.ok, false, JSON.stringify(result));
  return result.failure;
}

/** All events of the stream, up to its end. */
async function eventsOf(lab: RemoteLab): Promise<string[]> {
  assert.ok(lab.events);
  const stream = valueOf(await lab.events(signal));
  assert.equal(stream.replay, 'unknown');
  assert.equal(stream.heartbeat, 'bytes');
  const reader = createFrameReader();
  const shown: string[] = [];
  for await (const chunk of stream.body) {
    for (const item of reader.push(chunk)) {
      if (item.kind !== 'frame') continue;
      const decoded = stream.decode(item.frame);
      shown.push(decoded.kind === 'event' ? `${decoded.event.type} ${decoded.event.message}` : decoded.kind);
    }
  }
  return shown;
}

/** Requests the state until it has a phase (or none). */
async function until(lab: RemoteLab, phase: string | null): Promise<void> {
  for (;;) {
    if ((valueOf(await lab.state(signal))?.phase ?? null) === phase) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const versions: readonly HubVersion[] = [4, 5, 6];

for (const version of versions) {
  describe(`a Hub of version ${version}`, { concurrency: true }, () => {
    it('starts a server, reports it and stops it', async (t) => {
      const { lab: server, seen, hub } = await serve(t, { version });
      const lab = server({ story: 'quick' });
      assert.equal(valueOf(await lab.state(signal)), null);
      assert.deepEqual(valueOf(await lab.create(request, signal)), { kind: 'accepted' });
      await until(lab, 'running');
      const running = valueOf(await lab.state(signal));
      assert.equal(running?.url, `${hub.url}user/demo/`);
      assert.deepEqual(running.raw['user_options'], { story: 'quick' });
      assert.deepEqual(await eventsOf(lab), ['complete Server ready at /nb/user/demo/']);
      assert.equal(valueOf(await lab.remove(signal)), 'gone');
      assert.equal(valueOf(await lab.state(signal)), null);
      const posts = seen.filter(({ method }) => method === 'POST');
      assert.deepEqual(
        posts.map(({ body }) => JSON.parse(body) as unknown),
        [version < 6 ? { story: 'quick' } : { user_options: { story: 'quick' } }],
      );
    });

    it('starts with empty options, and not with those of the last time', async (t) => {
      const { lab } = await serve(t, { version });
      valueOf(await lab({ story: 'quick', mark: 1 }).create(request, signal));
      await until(lab(), 'running');
      valueOf(await lab().remove(signal));
      valueOf(await lab({}).create(request, signal));
      await until(lab(), 'running');
      assert.deepEqual(valueOf(await lab().state(signal))?.raw['user_options'], {});
    });

    it('uses the last options again where that is wanted', async (t) => {
      const { lab } = await serve(t, { version });
      valueOf(await lab({ story: 'quick', mark: 1 }).create(request, signal));
      await until(lab(), 'running');
      valueOf(await lab().remove(signal));
      valueOf(await lab('reuse').create(request, signal));
      await until(lab(), 'running');
      assert.deepEqual(valueOf(await lab().state(signal))?.raw['user_options'], { story: 'quick', mark: 1 });
    });

    it('accepts while it still holds its response, so that the stream can be read', async (t) => {
      // Its clock stands still, so it delays the response for as long as the test wants.
      const clock = new FakeClock();
      const { lab: server } = await serve(t, { version, clock, speed: 1 });
      const lab = server({ story: 'slow' });
      assert.deepEqual(valueOf(await lab.create(request, signal)), { kind: 'accepted' });
      assert.equal(valueOf(await lab.state(signal))?.phase, 'starting');
      const ended = new AbortController();
      const events = eventsOf(lab).finally(() => {
        ended.abort();
      });
      while (!ended.signal.aborted) {
        clock.advance(100);
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal((await events)[0], 'info Server requested');
      assert.equal((await events).at(-1), 'complete Server ready at /nb/user/demo/');
    });

    it('fails in its response, and tells why in the stream only', async (t) => {
      const { lab: server } = await serve(t, { version });
      const lab = server({ story: 'fail' });
      const failure = failureOf(await lab.create(request, signal));
      assert.equal(failure.error.message, 'Spawn failed: boom: no such image');
      assert.equal(exitCode(outcomeOf(failure)), 1);
      assert.equal(failure.retry, 'never');
      assert.equal(valueOf(await lab.state(signal))?.phase, 'failed');
      assert.deepEqual(await eventsOf(lab), ['failed Spawn failed: boom: no such image']);
    });

    it('fails later, after it has accepted', async (t) => {
      const { lab: server } = await serve(t, { version });
      const lab = server({ story: 'fail-slow', arg: 20 });
      assert.deepEqual(valueOf(await lab.create(request, signal)), { kind: 'accepted' });
      const events = await eventsOf(lab);
      assert.match(events.at(-1) ?? '', /^failed Spawn failed: boom after a while/);
      assert.equal(valueOf(await lab.state(signal))?.phase, 'failed');
    });

    for (const status of [400, 403, 409, 429, 503]) {
      it(`fails with a status of the Spawner, ${status}`, async (t) => {
        const { lab: server } = await serve(t, { version });
        const failure = failureOf(await server({ story: 'fail-http', arg: status }).create(request, signal));
        assert.equal(exitCode(outcomeOf(failure)), 1, JSON.stringify(failure));
        assert.match(failure.error.message, /^Spawn failed: /);
        assert.equal(failure.retry, 'never');
      });
    }

    it('fails without a reason where the start timed out', async (t) => {
      const { lab: server } = await serve(t, { version, slowSpawnMs: 100 });
      const lab = server({ story: 'start-timeout', start_timeout: 3 });
      assert.deepEqual(valueOf(await lab.create(request, signal)), { kind: 'accepted' });
      const reason = version === 4 ? 'Timeout' : 'no reason given (start timeout?)';
      assert.equal((await eventsOf(lab)).at(-1), `failed Spawn failed: ${reason}`);
    });

    it('says what is in the way, by the state and not by its words', async (t) => {
      const { lab: server } = await serve(t, { version, slowSpawnMs: 0, slowStopMs: 0 });
      const lab = server({ story: 'stop-slow', arg: 0 });
      const conflict = async () => {
        const creation = valueOf(await lab.create(request, signal));
        return creation.kind === 'conflict' ? creation.phase : creation.kind;
      };
      valueOf(await lab.create(request, signal));
      await until(lab, 'running');
      assert.equal(await conflict(), 'running');
      assert.equal(valueOf(await lab.remove(signal)), 'under way');
      assert.equal(await conflict(), 'stopping');
      await until(lab, null);
    });

    it('reports a spawn that is pending already, and sends nothing', async (t) => {
      const { lab: server, seen } = await serve(t, { version, slowSpawnMs: 0 });
      const lab = server({ story: 'slow' });
      valueOf(await lab.create(request, signal));
      const creation = valueOf(await lab.create(request, signal));
      assert.ok(creation.kind === 'conflict');
      assert.deepEqual([creation.phase, creation.lab?.phase], ['starting', 'starting']);
      assert.equal(seen.filter(({ method }) => method === 'POST').length, 1);
    });

    it('replaces a server that died', async (t) => {
      const { lab: server, hub } = await serve(t, { version });
      const lab = server({ story: 'quick' });
      valueOf(await lab.create(request, signal));
      await until(lab, 'running');
      hub.killServer();
      assert.deepEqual(valueOf(await lab.create(request, signal)), { kind: 'accepted', replaced: true });
    });

    it('has no server to stop where there is none, and none after a failure', async (t) => {
      const { lab: server } = await serve(t, { version });
      const lab = server({ story: 'fail' });
      assert.equal(failureOf(await lab.remove(signal)).kind, 'not-found');
      failureOf(await lab.create(request, signal));
      assert.equal(failureOf(await lab.remove(signal)).kind, 'not-found');
    });

    it("starts again after a failure, which is not the new spawn's", async (t) => {
      const { lab: server } = await serve(t, { version });
      failureOf(await server({ story: 'fail' }).create(request, signal));
      const lab = server({ story: 'slow', arg: 8 });
      assert.deepEqual(valueOf(await lab.create(request, signal)), { kind: 'accepted' });
      const events = await eventsOf(lab);
      assert.ok(!events.some((event) => event.startsWith('failed')), events.join('\n'));
      assert.match(events.at(-1) ?? '', /^complete/);
    });

    it('takes a failed in the middle of the stream for an error', async (t) => {
      const { lab: server } = await serve(t, { version });
      const lab = server({ story: 'sneaky', arg: 20 });
      valueOf(await lab.create(request, signal));
      const events = await eventsOf(lab);
      assert.ok(events.includes('error sneaky failed'), events.join('\n'));
      assert.match(events.at(-1) ?? '', /^complete/);
    });

    it('ends a stream without an outcome where the Spawner has a bug, and the state still says starting', async (t) => {
      const { lab: server } = await serve(t, { version });
      const lab = server({ story: 'progress-raises', arg: 30 });
      valueOf(await lab.create(request, signal));
      const events = await eventsOf(lab);
      assert.deepEqual(events, ['info Server requested', 'info before the bug']);
      assert.equal(valueOf(await lab.state(signal))?.phase, 'starting');
    });

    it('has named servers, each by itself', async (t) => {
      const { lab: server } = await serve(t, { version });
      const work = server({ story: 'quick' }, { server: 'work', forget: true });
      valueOf(await work.create(request, signal));
      await until(work, 'running');
      assert.equal(valueOf(await server().state(signal)), null);
      assert.match(valueOf(await work.state(signal))?.url ?? '', /\/nb\/user\/demo\/work\/$/);
      assert.equal(valueOf(await work.remove(signal)), 'gone');
      assert.equal(failureOf(await work.remove(signal)).kind, 'not-found');
    });

    it('refuses a wrong name with its own words', async (t) => {
      const { lab: server } = await serve(t, { version, namedServers: false });
      const failure = failureOf(await server({}, { server: 'work' }).create(request, signal));
      assert.equal(exitCode(outcomeOf(failure)), 6);
      assert.match(failure.error.message, /Named servers are not enabled/);
    });

    it('is full, for now', async (t) => {
      const {
        lab: server,
        backend,
        hub,
      } = await serve(t, {
        version,
        users: ['bob'],
        limits: { active: 1, retryAfter: 52 },
      });
      valueOf(await server({ story: 'quick' }).create(request, signal));
      await until(server(), 'running');
      const bob = backend(hub.tokens.admin).lab({ name: 'bob', own: true });
      const failure = failureOf(await bob.create(request, signal));
      assert.equal(exitCode(outcomeOf(failure)), 6);
      assert.deepEqual([failure.retry, failure.full], [{ everyMs: 30_000 }, true]);
      assert.match(failure.error.message, /Active user limit exceeded/);
    });
  });
}

describe('a Hub', { concurrency: true }, () => {
  it('says whose the token is', async (t) => {
    const { backend, hub } = await serve(t);
    assert.equal(valueOf(await backend().whoAmI(signal)), 'demo');
    const service = failureOf(await backend(hub.tokens.admin).whoAmI(signal));
    assert.equal(exitCode(outcomeOf(service)), 2);
    assert.match(service.error.message, /belongs to the service .*, which has no servers/);
    assert.match(service.error.hint ?? '', /--user/);
  });

  it('lists the users whose servers are ready', async (t) => {
    const { backend, lab, hub } = await serve(t, { users: ['bob', 'eve'] });
    valueOf(await lab({ story: 'quick' }).create(request, signal));
    await until(lab(), 'running');
    const { users, labs } = valueOf(await backend(hub.tokens.admin).list(signal));
    assert.deepEqual(users, ['demo']);
    assert.deepEqual(
      labs?.map(({ user, server, ready }) => [user, server, ready]),
      [['demo', '', true]],
    );
    assert.match(failureOf(await backend().list(signal)).error.message, /lacks the scope list:users/);
  });

  it('hides servers from a token without the scope, which does not mean that there are none', async (t) => {
    const { backend, hub } = await serve(t, {
      tokens: {
        'no-servers-1234': { owner: { kind: 'user', name: 'demo' }, scopes: ['read:users!user=demo'] },
        'stops-only-1234': {
          owner: { kind: 'user', name: 'demo' },
          scopes: ['read:users!user=demo', 'delete:servers!user=demo'],
        },
      },
    });
    hub.beginSpawn({ story: 'quick' });
    const subject = { name: 'demo', own: true };
    const failure = failureOf(await backend('no-servers-1234').lab(subject).state(signal));
    assert.equal(exitCode(outcomeOf(failure)), 3);
    assert.match(failure.error.message, /the token lacks the scope read:servers/);
    // A client that may stop but not read relies on the Hub's response.
    assert.equal(valueOf(await backend('stops-only-1234').lab(subject).remove(signal)), 'gone');
  });

  it('whose public address is not known has no addresses of servers, and nothing to probe', async (t) => {
    const { lab: server, backend, hub } = await serve(t);
    const internal = { hasPublicAddress: false };
    const lab = server({ story: 'quick' }, internal);
    assert.equal(lab.probe, null);
    valueOf(await lab.create(request, signal));
    await until(lab, 'running');
    const running = valueOf(await lab.state(signal));
    assert.deepEqual([running?.url, running?.address, running?.raw['url']], [null, null, null]);
    const all = backend(undefined, internal);
    assert.equal(valueOf(await all.ownState(signal))?.address, null);
    const listed = valueOf((await all.labsOf?.(hub.user, signal)) ?? assert.fail());
    assert.deepEqual(
      listed.map(({ url }) => url),
      [null],
    );
  });

  it('says that a server stopped which it could not cancel, and is not believed', async (t) => {
    const { lab: server } = await serve(t, { slowSpawnMs: 0, speed: 1 });
    const lab = server({ story: 'cancel-slow' });
    valueOf(await lab.create(request, signal));
    const first = failureOf(await lab.remove(signal));
    assert.equal(first.kind, 'failed');
    assert.match(first.error.message, /could not stop the server of demo: HTTP 500/);
    // Once the cancel is over, the Hub reports that it stopped the server, and still lists it as ready.
    await until(lab, 'running');
    const second = failureOf(await lab.remove(signal));
    assert.equal(second.kind, 'failed');
    assert.match(second.error.message, /but still lists it as ready/);
  });

  it('cancels a start', async (t) => {
    const { lab: server } = await serve(t, { slowSpawnMs: 0 });
    const lab = server({ story: 'slow' });
    valueOf(await lab.create(request, signal));
    assert.equal(valueOf(await lab.remove(signal)), 'gone');
  });

  it('of version 4 does not cancel a start, which is in the way', async (t) => {
    const { lab: server } = await serve(t, { slowSpawnMs: 0, version: 4 });
    const lab = server({ story: 'slow' });
    valueOf(await lab.create(request, signal));
    const failure = failureOf(await lab.remove(signal));
    assert.equal(failure.kind, 'conflict');
    assert.match(failure.error.message, /is pending spawn/);
  });

  it('that is away before the start has received nothing', async (t) => {
    const { lab: server, hub } = await serve(t);
    const restarted = hub.restart({ downMs: 3_000 });
    const failure = failureOf(await server({ story: 'quick' }).create(request, signal));
    assert.equal(failure.error.status, 503);
    assert.equal(failure.retry, 'later');
    assert.equal(failure.effect, 'none');
    await restarted;
  });

  it('may tell the failure of the spawn before to whoever it refuses now, which is not believed', async (t) => {
    const { lab: server, hub } = await serve(t);
    failureOf(await server({ story: 'fail' }).create(request, signal));
    const restarted = hub.restart({ downMs: 2_000 });
    const failure = failureOf(await server({ story: 'quick' }).create(request, signal));
    assert.equal(failure.error.type, 'unavailable');
    await restarted;
  });

  it('offers no choices, and no settings but its options', async (t) => {
    const { backend } = await serve(t);
    assert.equal(backend().lab({ name: 'demo', own: true }).choices, null);
    assert.throws(() => {
      backend().checkSettings('choices');
    }, /does not list what may be chosen/);
    const lab = backend(undefined, { userOptions: { profile: 'gpu' } }).lab({ name: 'demo', own: true });
    assert.deepEqual(lab.shown(request), { user_options: { profile: 'gpu' } });
  });
});
