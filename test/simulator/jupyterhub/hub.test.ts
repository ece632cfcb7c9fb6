/**
 * The life of the simulated Hub: a server that starts, is watched, responds behind the proxy, and stops.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve, Watch } from './client.js';

const api = '/hub/api/users/demo';

for (const version of [4, 5, 6] as const) {
  test(`${version}: a server starts, is watched, answers and stops`, async (t) => {
    const { hub, clock, client } = await serve(t, { version, scenario: 'hub-slow' });
    const root = await client.ask('/hub/api/', { token: null });
    assert.deepEqual(JSON.parse(root.body), { version: hub.version });
    assert.equal((await client.ask('/user/demo/api')).status, 302);

    const create = client.start(`${api}/server`, { method: 'POST' });
    await create.arrived;
    const watch = await Watch.open(client, `${api}/server/progress`);
    clock.advance(10_000); // slow_spawn_timeout
    assert.equal((await create.reply).status, 202);
    assert.match((await client.ask(api)).body, /"pending": "spawn", "ready": false/);
    await watch.follow(30_000);
    assert.equal(watch.end, 'clean');
    assert.match(watch.chunks.at(-1)?.text ?? '', /^data: \{"progress": 100, "ready": true, /);

    assert.match((await client.ask(api)).body, /"pending": null, "ready": true/);
    assert.equal((await client.ask('/user/demo/api')).body, '{"version": "2.0.0-standin"}');
    assert.equal((await client.ask(`${api}/server`, { method: 'DELETE' })).status, 204);
    assert.match((await client.ask(api)).body, /"servers": \{\}/);
  });
}

test('close ends every connection at once and leaves no timer', async (t) => {
  const { hub, clock, client } = await serve(t, { scenario: 'hub-slow' });
  const create = client.start(`${api}/server`, { method: 'POST' });
  await create.arrived;
  await Watch.open(client, `${api}/server/progress`);
  await hub.close();
  assert.equal(clock.pending, 0);
  await assert.rejects(create.reply);
});
