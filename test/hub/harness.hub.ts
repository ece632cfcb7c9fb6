/**
 * The harness itself: what every other test with a real Hub builds on.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { request } from 'undici';
import { startHub, type RealHub } from './hub.js';
import { hubVersions } from './versions.js';

for (const version of hubVersions) {
  describe(`a real JupyterHub ${version}`, () => {
    let hub: RealHub;
    before(async () => {
      hub = await startHub({ version });
    });
    after(() => hub.close());

    async function get(path: string, token: string): Promise<{ status: number; json: unknown }> {
      const response = await request(new URL(path, hub.url), {
        dispatcher: hub.dispatcher,
        headers: { authorization: `token ${token}` },
      });
      return { status: response.statusCode, json: JSON.parse(await response.body.text()) };
    }

    it('says its version', async () => {
      assert.deepEqual(await get('hub/api/', 'any'), { status: 200, json: { version } });
    });

    it('makes tokens with chosen scopes', async () => {
      const all = await get('hub/api/user', await hub.token('ann'));
      assert.ok((all.json as { scopes: string[] }).scopes.includes('access:servers!user=ann'));
      const few = await get('hub/api/user', await hub.token('ann', ['read:users:name!user=ann']));
      const { scopes } = few.json as { scopes: string[] };
      assert.ok(scopes.includes('read:users:name!user=ann'));
      assert.ok(!scopes.some((scope) => scope.startsWith('access:servers')));
    });

    it('is killed and started again, while a server goes on', async () => {
      const token = await hub.token('ann');
      assert.equal((await hub.admin('POST', 'users/ann/server')).status, 201);
      await hub.stop('SIGKILL');
      assert.deepEqual(await get('user/ann/api', token), {
        status: 200,
        json: { version: '2.0.0-stand-in' },
      });
      await hub.start();
      const { json } = await get('hub/api/users/ann', token);
      assert.equal((json as { servers: Record<string, { ready: boolean }> }).servers['']?.ready, true);
    });
  });
}
