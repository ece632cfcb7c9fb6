/**
 * `lab` with a real Hub that is killed, stopped and started again: what the Hub itself makes of a spawn then, and how the
 * program ends.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { request } from 'undici';
import { startHub, type RealHub } from './hub.js';
import { event, resultOf, userOf, type HubUser } from './user.js';
import { hubVersions } from './versions.js';

interface Models {
  servers: Record<string, { ready: boolean; pending: string | null }>;
}

for (const version of hubVersions) {
  describe(`a real JupyterHub ${version} that goes away`, () => {
    let hub: RealHub;
    before(async () => {
      // Responses are held for as long as a start takes.
      hub = await startHub({ version, slowSpawnTimeout: 600 });
    });
    after(() => hub.close());

    async function serversOf(user: string): Promise<Models['servers']> {
      return (JSON.parse((await hub.admin('GET', `users/${user}`)).text) as Models).servers;
    }

    /** Polls until a server of the user is in a state. */
    async function until(user: string, isSo: (server: Models['servers'][string]) => boolean): Promise<void> {
      for (;;) {
        const server = (await serversOf(user))[''];
        if (server !== undefined && isSo(server)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }

    it('continues a spawn whose request was cut while its response was held', async () => {
      const token = await hub.token('cut');
      const leaving = new AbortController();
      const script = { start: [{ gate: 'cut' }] };
      const held = request(new URL('hub/api/users/cut/server', hub.url), {
        method: 'POST',
        dispatcher: hub.dispatcher,
        headers: { authorization: `token ${token}` },
        body: JSON.stringify(version.startsWith('6') ? { user_options: script } : script),
        signal: leaving.signal,
      });
      await until('cut', ({ pending }) => pending === 'spawn');
      leaving.abort();
      await assert.rejects(held);
      hub.open('cut');
      await until('cut', ({ ready }) => ready);
    });

    /** A spawn in progress, with the program attached. */
    async function spawning(name: string): Promise<{ user: HubUser; spawn: ReturnType<HubUser['start']> }> {
      const user = await userOf(hub, name);
      const spawn = user.start('spawn', ['-o', 'ndjson', '--timeout', '3m'], {
        start: [{ gate: name }],
        // If the program starts it again, which it must not, the test does not have to wait long.
        start_timeout: 20,
        progress: [{ say: { progress: 20, message: 'Pulling the image' } }, { gate: name }],
      });
      await spawn.seen(event('Pulling the image'));
      return { user, spawn };
    }

    // The newest Hub is stopped as an update does it, too.
    const signals = version === '6.1.1' ? (['SIGKILL', 'SIGTERM'] as const) : (['SIGKILL'] as const);
    for (const signal of signals) {
      it(`forgets a spawn at ${signal}, and keeps a server that runs`, async () => {
        const lost = await spawning(`lost-${signal.toLowerCase()}`);
        const keeps = await userOf(hub, `keeps-${signal.toLowerCase()}`);
        assert.equal((await keeps.run('spawn', [], {})).code, 0);
        await hub.stop(signal);
        const away = await keeps.result('status', ['--timeout', '3s']);
        assert.deepEqual([away.outcome, away.exit_code], ['unknown', 7], JSON.stringify(away));
        const waits = keeps.start('wait', ['-o', 'ndjson']);
        await hub.start();
        assert.deepEqual(await serversOf(lost.user.name), {});

        const found = await waits.finished;
        assert.equal(found.code, 0, found.stdout + found.stderr);
        const ended = await lost.spawn.finished;
        const { outcome, message } = resultOf(ended);
        assert.deepEqual([ended.code, outcome], [1, 'failed'], ended.stdout + ended.stderr);
        assert.match(message, /lost/);
        // It did not start the server again.
        assert.deepEqual(await serversOf(lost.user.name), {});
      });
    }
  });
}
