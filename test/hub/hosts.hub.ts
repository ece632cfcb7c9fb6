/**
 * `lab` with a real Hub that has a host of its own for each user, all of them with TLS. The names exist only behind the
 * test's proxy, which the program is told to use.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startProxy, type Proxy } from '../support/proxy.js';
import { runLab } from '../support/program.js';
import { temporaryFolder } from '../support/temporary.js';
import { startHub, type RealHub } from './hub.js';
import { userOf, type HubUser } from './user.js';
import { hubVersions } from './versions.js';

for (const version of hubVersions) {
  describe(`lab with a real JupyterHub ${version} with hosts for users`, { concurrency: 3 }, () => {
    let hub: RealHub;
    let proxy: Proxy;
    let env: Record<string, string>;
    before(async () => {
      hub = await startHub({ version, subdomainHost: 'hub.test' });
      proxy = await startProxy({ port: Number(hub.url.port) });
      const caFile = join(temporaryFolder(), 'authority.pem');
      writeFileSync(caFile, hub.authority ?? '');
      env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, LAB_CA_FILE: caFile };
    });
    after(async () => {
      await proxy[Symbol.asyncDispose]();
      await hub.close();
    });

    const user = (name: string): Promise<HubUser> => userOf(hub, name, { env });

    it("spawns, finds the server at the user's host, and stops it", async () => {
      const ann = await user('ann');
      const spawned = await ann.run('spawn', [], { start: [{ wait: 2 }] });
      assert.equal(spawned.code, 0, spawned.stderr);
      assert.equal(spawned.stdout, `https://ann.hub.test:${hub.url.port}/nb/user/ann/\n`);
      assert.ok(proxy.seen.includes(`CONNECT ann.hub.test:${hub.url.port}`), proxy.seen.join('\n'));
      const status = await ann.result('status');
      assert.deepEqual([status.exit_code, status.lab?.['ready']], [0, true]);
      assert.equal((await ann.run('stop')).code, 0);
      assert.equal((await ann.run('status')).code, 4);
    });

    it('finds a server whose host is no copy of the name', async () => {
      const odd = await user('a_b@c.org');
      const spawned = await odd.run('spawn', [], {});
      assert.equal(spawned.code, 0, spawned.stderr);
      assert.match(spawned.stdout, /^https:\/\/u-[a-z\d-]+\.hub\.test:\d+\/nb\/user\/a_b@c\.org\/\n$/);
    });

    it('accepts a server that redirects to the host of the Hub', async () => {
      const rstudio = await user('rstudio');
      const spawned = await rstudio.run('spawn', [], { server: { kind: 'oauth' } });
      assert.equal(spawned.code, 0, spawned.stderr);
    });

    it('names the right address where the prefix is wrong', async () => {
      const token = await hub.token('lost');
      const wrong = await runLab(['status', '--hub', hub.url.origin], { ...env, LAB_TOKEN: token });
      assert.equal(wrong.code, 2, wrong.stderr);
      assert.ok(wrong.stderr.includes(`--hub ${hub.url.href}`), wrong.stderr);
    });

    it('does not trust a certificate of an unknown authority', async () => {
      const careful = await userOf(hub, 'careful', { env: { HTTPS_PROXY: env['HTTPS_PROXY'] ?? '' } });
      const result = await careful.result('status');
      assert.deepEqual([result.outcome, result.exit_code], ['unknown', 7], JSON.stringify(result));
    });
  });
}
