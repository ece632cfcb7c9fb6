/**
 * `lab` with a real Hub: one server from its start to its end, and how it fails.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startHub, type RealHub } from './hub.js';
import { event, resultOf, userOf } from './user.js';
import { hubVersions } from './versions.js';

for (const version of hubVersions) {
  describe(`lab with a real JupyterHub ${version}`, { concurrency: 4 }, () => {
    let hub: RealHub;
    before(async () => {
      hub = await startHub({ version });
    });
    after(() => hub.close());

    /** Resolves when the server of a user no longer responds. */
    async function untilDead(user: string): Promise<void> {
      for (;;) {
        const path = `${hub.url.pathname}user/${user}/api`;
        try {
          const { statusCode, body } = await hub.dispatcher.request({
            origin: hub.url.origin,
            path,
            method: 'GET',
            // The proxy never ends a response whose server died in the middle of it.
            signal: AbortSignal.timeout(5_000),
          });
          await body.dump();
          if (statusCode !== 200) return;
        } catch {
          // It died during the request.
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }

    it('spawns a server, reports it and stops it', async () => {
      const user = await userOf(hub, 'quick');
      const none = await user.run('status');
      assert.equal(none.code, 4, none.stderr);
      const spawned = await user.run('spawn', [], { mark: 1 });
      assert.equal(spawned.code, 0, spawned.stderr);
      assert.equal(spawned.stdout, `${hub.url.href}user/quick/\n`);
      const again = await user.result('spawn');
      assert.deepEqual([again.outcome, again.exit_code], ['running', 0]);
      const conflict = await user.result('spawn', ['--on-conflict', 'fail']);
      assert.deepEqual([conflict.outcome, conflict.exit_code], ['conflict', 5]);
      const status = await user.result('status');
      assert.deepEqual([status.outcome, status.exit_code], ['running', 0]);
      assert.equal(status.lab?.['ready'], true);
      const admin = await userOf(hub, 'quick', { token: hub.adminToken });
      const listed = await admin.run('list');
      assert.equal(listed.code, 0, listed.stderr);
      assert.ok(listed.stdout.split('\n').includes('quick'), listed.stdout);
      const stopped = await user.result('stop');
      assert.deepEqual([stopped.outcome, stopped.exit_code], ['absent', 0]);
      assert.equal((await user.run('stop')).code, 4);
    });

    it('shows the progress of a slow start, for spawn and for wait', async () => {
      const user = await userOf(hub, 'slow');
      const spawn = user.start('spawn', ['-o', 'ndjson'], {
        start: [{ gate: 'slow' }],
        progress: [
          { say: { progress: 20, message: 'Pulling the image' } },
          { say: { progress: 40, failed: true, message: 'Back-off' } },
          // A `failed` is shown once something follows it.
          { say: { progress: 50, message: 'Trying again' } },
          { gate: 'slow' },
        ],
      });
      await spawn.seen(event('Back-off'));
      const wait = user.start('wait', ['-o', 'ndjson']);
      await wait.seen(event('Back-off'));
      hub.open('slow');
      for (const { finished } of [spawn, wait]) {
        const ended = await finished;
        const { outcome } = resultOf(ended);
        assert.deepEqual([ended.code, outcome], [0, 'complete'], ended.stderr + ended.stdout);
      }
    });

    it('reports the reason of a failure, at once and later', async () => {
      const user = await userOf(hub, 'fails');
      const atOnce = await user.result('spawn', [], { start: [{ fail: 'no such image' }] });
      assert.deepEqual([atOnce.outcome, atOnce.exit_code], ['failed', 1]);
      assert.match(atOnce.message, /no such image/);
      assert.equal((await user.result('status')).outcome, 'failed');
      const later = await user.run('spawn', [], {
        start: [{ wait: 3 }, { fail: 'no more nodes \u001b[31m\u202e' }],
        progress: [{ say: { progress: 25, message: 'Pulling the image' } }, { wait: 600 }],
      });
      assert.equal(later.code, 1, later.stderr);
      assert.match(later.stderr, /Pulling the image[^]*no more nodes \\x1b\[31m\\u202e/);
      assert.equal((await user.run('events')).code, 1);
    });

    it('reports a failure without a reason, and a start that times out', async () => {
      const [mute, late] = await Promise.all([userOf(hub, 'mute'), userOf(hub, 'late')]);
      const results = await Promise.all([
        mute.result('spawn', [], { start: [{ fail: '' }] }),
        late.result('spawn', [], { start: [{ wait: 600 }], start_timeout: 3 }),
      ]);
      for (const { outcome, message } of results) {
        assert.equal(outcome, 'failed');
        assert.match(message, /no reason given/);
      }
    });

    it('stops a server that takes long to stop', async () => {
      const user = await userOf(hub, 'stops');
      assert.equal((await user.run('spawn', [], { stop: [{ gate: 'stops' }] })).code, 0);
      const stop = user.start('stop', ['-o', 'ndjson']);
      await stop.seen(/terminating/);
      assert.equal((await user.result('status')).exit_code, 8);
      hub.open('stops');
      assert.equal((await stop.finished).code, 0);
    });

    it('ends with 1 where the start is cancelled', async () => {
      const user = await userOf(hub, 'cancels');
      const spawn = user.start('spawn', ['-o', 'ndjson'], {
        start: [{ wait: 600 }],
        progress: [{ say: { progress: 20, message: 'Pulling the image' } }, { wait: 600 }],
      });
      await spawn.seen(event('Pulling the image'));
      const stopped = await user.result('stop');
      assert.deepEqual([stopped.outcome, stopped.exit_code], ['absent', 0]);
      const ended = await spawn.finished;
      assert.equal(ended.code, 1, ended.stdout + ended.stderr);
      assert.doesNotMatch(ended.stdout, /"type":"complete"/);
    });

    it('does not believe that a server is ready which the Hub could not cancel', async () => {
      const user = await userOf(hub, 'stuck');
      const spawn = user.start('spawn', ['-o', 'ndjson', '--ready-timeout', '3s'], {
        start: [{ wait: 600 }],
        cancel: [{ wait: 4 }],
        progress: [{ say: { progress: 20, message: 'Pulling the image' } }, { wait: 600 }],
      });
      await spawn.seen(event('Pulling the image'));
      assert.equal((await user.result('stop')).exit_code, 1);
      const ended = await spawn.finished;
      assert.equal(ended.code, 1, ended.stdout + ended.stderr);
      assert.doesNotMatch(ended.stdout, /"type":"complete"/);
      // A new start repairs it.
      const again = await user.result('spawn', [], {});
      assert.deepEqual([again.outcome, again.exit_code], ['complete', 0]);
      assert.equal((await user.result('stop')).exit_code, 0);
    });

    it('spawns and removes a named server', async () => {
      const user = await userOf(hub, 'names');
      const work = ['--server-name', 'work'];
      const spawned = await user.run('spawn', work, {});
      assert.equal(spawned.code, 0, spawned.stderr);
      assert.equal(spawned.stdout, `${hub.url.href}user/names/work/\n`);
      const other = await user.run('status');
      assert.equal(other.code, 4);
      assert.match(other.stderr, /work/);
      const removed = await user.run('stop', [...work, '--remove']);
      assert.equal(removed.code, 0, removed.stderr);
      const { text } = await hub.admin('GET', 'users/names?include_stopped_servers=1');
      assert.ok(!Object.hasOwn((JSON.parse(text) as { servers: object }).servers, 'work'), text);
    });

    it('notices that a server is dead, and replaces it', async () => {
      const user = await userOf(hub, 'dies');
      const first = await user.result('spawn', [], { server: { die: 'dies' } });
      assert.equal(first.exit_code, 0, JSON.stringify(first));
      hub.open('dies');
      await untilDead('dies');
      const dead = await user.result('status');
      assert.notEqual(dead.exit_code, 0, JSON.stringify(dead));
      assert.equal(dead['ready'], false);
      const again = await user.result('spawn', [], {});
      assert.equal(again.exit_code, 0, JSON.stringify(again));
      assert.equal((await user.result('status')).exit_code, 0);
    });

    it('explains a token that is refused, and a scope that is missing', async () => {
      const wrong = await userOf(hub, 'auth', { token: 'no-such-token' });
      const refused = await wrong.result('spawn');
      assert.deepEqual([refused.outcome, refused.exit_code], ['unauthorized', 3]);
      assert.match(refused.error?.message ?? '', /the token was refused/);
      assert.match(refused.error?.hint ?? '', /from LAB_TOKEN .*hub\/token/);
      const reader = await userOf(hub, 'auth', {
        scopes: ['read:servers!user=auth', 'read:users!user=auth'],
      });
      const missing = await reader.result('spawn');
      assert.deepEqual([missing.outcome, missing.exit_code], ['unauthorized', 3]);
      assert.match(missing.error?.message ?? '', version === '6.1.1' ? /start:servers/ : /the scope servers/);
    });

    it('accepts a server without an API, which redirects to the Hub or to a page of its own', async () => {
      for (const kind of ['oauth', 'sign-in']) {
        const user = await userOf(hub, kind);
        const result = await user.result('spawn', [], { server: { kind } });
        assert.equal(result.exit_code, 0, JSON.stringify(result));
        assert.equal(result.lab?.['ready'], true);
      }
    });

    it('detaches at Ctrl-C and at its deadline, and the spawn continues', async () => {
      const user = await userOf(hub, 'leaves');
      const script = {
        start: [{ gate: 'leaves' }],
        progress: [{ say: { progress: 20, message: 'Pulling the image' } }, { gate: 'leaves' }],
      };
      const spawn = user.start('spawn', ['-o', 'ndjson'], script);
      await spawn.seen(event('Pulling the image'));
      spawn.child.kill('SIGINT');
      assert.equal((await spawn.finished).code, 130);
      const late = await user.result('wait', ['--timeout', '6s']);
      assert.deepEqual([late.outcome, late.exit_code], ['timeout', 124]);
      assert.equal((await user.result('status')).exit_code, 8);
      hub.open('leaves');
      const waited = await user.result('wait');
      assert.equal(waited.exit_code, 0, JSON.stringify(waited));
    });

    // The real server is installed with one of the Hubs.
    if (version === '6.1.1') {
      it('waits until the real single-user server responds', async () => {
        const user = await userOf(hub, 'jupyter');
        const result = await user.result('spawn', [], {
          server: 'jupyterhub-singleuser',
          http_timeout: 120,
        });
        assert.equal(result.exit_code, 0, JSON.stringify(result));
        assert.equal(result['ready_check'], 'jupyter');
        assert.equal((await user.run('stop')).code, 0);
      });
    }

    it('lets the state decide where a bug in the Spawner ends the stream', async () => {
      const user = await userOf(hub, 'buggy');
      const spawn = user.start('spawn', ['-o', 'ndjson'], {
        start: [{ gate: 'buggy' }],
        progress: [{ say: { progress: 30, message: 'before the bug' } }, { say_object: true }],
      });
      await spawn.seen(event('before the bug'));
      hub.open('buggy');
      const ended = await spawn.finished;
      assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    });
  });
}
