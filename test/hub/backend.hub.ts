/**
 * The backend against a real Hub: what it makes of the responses that the simulated Hub imitates.
 */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { createJupyterHub } from '../../src/backends/jupyterhub/backend.js';
import type { RemoteLab } from '../../src/backends/backend.js';
import type { LabRequest } from '../../src/model/lab-request.js';
import { exitCode } from '../../src/model/outcome.js';
import { noSecrets } from '../../src/model/redactor.js';
import { outcomeOf, type Failure, type Result } from '../../src/model/result.js';
import { createFrameReader } from '../../src/stream/frames.js';
import { realClock } from '../support/clock.js';
import { startHub, type RealHub } from './hub.js';
import { hubVersions } from './versions.js';

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

/** Requests the state until it has a phase (or there is no server). */
async function until(lab: RemoteLab, phase: string | null): Promise<void> {
  while ((valueOf(await lab.state(signal))?.phase ?? null) !== phase)
    await new Promise((resolve) => setTimeout(resolve, 100));
}

/** Stops a server, which takes long at a busy Hub. */
async function stop(lab: RemoteLab): Promise<void> {
  if (valueOf(await lab.remove(signal)) === 'under way') await until(lab, null);
}

for (const version of hubVersions) {
  describe(`the backend with a real JupyterHub ${version}`, { concurrency: 4 }, () => {
    let hub: RealHub;
    before(async () => {
      hub = await startHub({ version });
    });
    after(() => hub.close());

    /** The lab of a user, with a token of the user, or with another one. */
    async function labOf(
      user: string,
      { server = '', forget = false, token }: { server?: string; forget?: boolean; token?: string } = {},
    ): Promise<(script?: Record<string, unknown>) => RemoteLab> {
      const options = {
        base: hub.url,
        credentials: { kind: 'bearer' as const, token: token ?? (await hub.token(user)) },
        dispatcher: hub.dispatcher,
        clock: realClock,
        redact: noSecrets.redact,
      };
      return (userOptions = {}) =>
        createJupyterHub(options, { server, userOptions, forget }).lab({ name: user, own: true });
    }

    it('is of the version that the tests mean, and makes tokens with chosen scopes', async () => {
      assert.deepEqual(JSON.parse((await hub.admin('GET', '')).text), { version });
      const scopesOf = async (token: string): Promise<string[]> => {
        const response = await hub.dispatcher.request({
          origin: hub.url.origin,
          path: `${hub.url.pathname}hub/api/user`,
          method: 'GET',
          headers: { authorization: `token ${token}` },
        });
        return ((await response.body.json()) as { scopes: string[] }).scopes;
      };
      assert.ok((await scopesOf(await hub.token('scopes'))).includes('access:servers!user=scopes'));
      const few = await scopesOf(await hub.token('scopes', ['read:users:name!user=scopes']));
      assert.ok(few.includes('read:users:name!user=scopes'));
      assert.ok(!few.some((scope) => scope.startsWith('access:servers')));
    });

    it('starts a server, reports it and stops it', async () => {
      const lab = (await labOf('quick'))({ mark: 'ü' });
      assert.equal(valueOf(await lab.state(signal)), null);
      assert.deepEqual(valueOf(await lab.create(request, signal)), { kind: 'accepted' });
      await until(lab, 'running');
      const running = valueOf(await lab.state(signal));
      assert.equal(running?.url, `${hub.url.href}user/quick/`);
      assert.deepEqual(running.raw['user_options'], { mark: 'ü' });
      assert.deepEqual(await eventsOf(lab), ['complete Server ready at /nb/user/quick/']);
      const creation = valueOf(await lab.create(request, signal));
      assert.ok(creation.kind === 'conflict' && creation.phase === 'running', JSON.stringify(creation));
      await stop(lab);
      assert.equal(valueOf(await lab.state(signal)), null);
      assert.equal(failureOf(await lab.remove(signal)).kind, 'not-found');
    });

    it('reads the progress of a slow start', async () => {
      const lab = (await labOf('slow'))({
        start: [{ gate: 'slow' }],
        progress: [
          { say: { progress: 20, message: 'Pulling the image' } },
          { say: { progress: 40, failed: true, message: 'Back-off' } },
          { gate: 'slow' },
        ],
      });
      assert.deepEqual(valueOf(await lab.create(request, signal)), { kind: 'accepted' });
      assert.equal(valueOf(await lab.state(signal))?.phase, 'starting');
      const events = eventsOf(lab);
      assert.equal(valueOf(await lab.create(request, signal)).kind, 'conflict');
      hub.open('slow');
      assert.deepEqual(await events, [
        'info Server requested',
        'info Pulling the image',
        'error Back-off',
        'complete Server ready at /nb/user/slow/',
      ]);
    });

    for (const [what, text, shown] of [
      ['the reason of a failure', 'no such image', 'Spawn failed: no such image'],
      ['a failure without a reason', '', 'Spawn failed: no reason given (start timeout?)'],
    ] as const) {
      it(`reports ${what}`, async () => {
        const lab = (await labOf(text === '' ? 'mute' : 'fails'))({ start: [{ fail: text }] });
        const created = await lab.create(request, signal);
        // A slow Hub may list the start before it fails.
        if (!created.ok) {
          assert.equal(created.failure.error.message, shown);
          assert.equal(exitCode(outcomeOf(created.failure)), 1);
        }
        await until(lab, 'failed');
        assert.deepEqual(await eventsOf(lab), [`failed ${shown}`]);
      });
    }

    it('reports a start that times out', async () => {
      const lab = (await labOf('late'))({ start: [{ wait: 600 }], start_timeout: 3 });
      assert.deepEqual(valueOf(await lab.create(request, signal)), { kind: 'accepted' });
      assert.equal((await eventsOf(lab)).at(-1), 'failed Spawn failed: no reason given (start timeout?)');
    });

    it('stops a server that takes long to stop', async () => {
      const lab = (await labOf('stops'))({ stop: [{ gate: 'stops' }] });
      valueOf(await lab.create(request, signal));
      await until(lab, 'running');
      assert.equal(valueOf(await lab.remove(signal)), 'under way');
      const creation = valueOf(await lab.create(request, signal));
      assert.ok(creation.kind === 'conflict' && creation.phase === 'stopping', JSON.stringify(creation));
      hub.open('stops');
      await until(lab, null);
    });

    it('cancels a start', async () => {
      const lab = (await labOf('cancels'))({ start: [{ wait: 600 }] });
      valueOf(await lab.create(request, signal));
      await stop(lab);
    });

    it('does not believe that a start is cancelled while the Hub lists the server as ready', async () => {
      const lab = (await labOf('stuck'))({ start: [{ wait: 600 }], cancel: [{ wait: 4 }] });
      valueOf(await lab.create(request, signal));
      const first = failureOf(await lab.remove(signal));
      assert.equal(exitCode(outcomeOf(first)), 1);
      await until(lab, 'running');
      assert.match(failureOf(await lab.remove(signal)).error.message, /but still lists it as ready/);
    });

    it('has named servers, each by itself', async () => {
      const user = await labOf('names');
      const work = (await labOf('names', { server: 'work', forget: true }))();
      valueOf(await work.create(request, signal));
      await until(work, 'running');
      assert.equal(valueOf(await user().state(signal)), null);
      assert.equal(valueOf(await work.state(signal))?.url, `${hub.url.href}user/names/work/`);
      await stop(work);
      assert.equal(failureOf(await work.remove(signal)).kind, 'not-found');
    });

    it('replaces a server that died', async () => {
      const lab = await labOf('dies');
      valueOf(await lab({ server: { die: 'dies' } }).create(request, signal));
      await until(lab(), 'running');
      hub.open('dies');
      // It still responds for a moment.
      while (valueOf(await lab({ mark: 2 }).create(request, signal)).kind === 'conflict');
      await until(lab(), 'running');
      assert.deepEqual(valueOf(await lab().state(signal))?.raw['user_options'], { mark: 2 });
    });

    it('explains a token that is refused, and a scope that is missing', async () => {
      await hub.token('auth');
      const refused = failureOf(await (await labOf('auth', { token: 'no-such-token' }))().state(signal));
      assert.equal(refused.error.type, 'invalid_token');
      assert.equal(exitCode(outcomeOf(refused)), 3);
      const reader = await hub.token('auth', ['read:servers!user=auth', 'read:users!user=auth']);
      const lab = (await labOf('auth', { token: reader }))();
      assert.equal(valueOf(await lab.state(signal)), null);
      const failure = failureOf(await lab.create(request, signal));
      assert.equal(failure.error.type, 'missing_scope');
      assert.match(failure.error.message, version === '6.1.1' ? /start:servers/ : /the scope servers/);
    });
  });
}
