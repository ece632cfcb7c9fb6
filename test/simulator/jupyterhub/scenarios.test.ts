/**
 * The scenarios of the simulated Hub, as seen by a client on the wire.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hubScenarioNames } from '../../../src/simulator/jupyterhub/scenarios.js';
import type { HubVersion } from '../../../src/simulator/jupyterhub/hub.js';
import { serve, Watch, type Client } from './client.js';

interface Met {
  /** The status of the POST; `lost` if there is no response. */
  create: number;
  /** The last event of a stream opened alongside the POST (`ready`, `failed`, `other`), or the stream's status. */
  stream: string | number;
  /** How that stream ended. */
  end: string;
  /** What the model says a minute later. */
  model: string;
  /** What the server's own URL then responds to `api`. */
  probe: string;
}

interface Model {
  servers?: Record<string, { pending: string | null; ready: boolean; url: string } | undefined>;
}

/** A client that starts a server and watches it, for a minute and more. */
async function play(client: Client): Promise<Met> {
  const { hub, clock } = client;
  const api = `/hub/api/users/${hub.user}`;
  const create = client.start(`${api}/server`, { method: 'POST' });
  await create.arrived;
  await client.settled();
  const watch = await Watch.open(client, `${api}/server/progress`);
  await watch.follow(40_000);
  const end = watch.status === 200 ? watch.end : '-';
  while (clock.monotonic() < 60_000) {
    clock.advance(1000);
    await client.settled();
  }
  watch.leave();
  const { status } = await create.reply;
  const { servers } = JSON.parse((await client.ask(api)).body) as Model;
  const server = servers?.[''];
  const model =
    servers === undefined ? 'unseen' : (server?.pending ?? (server?.ready === true ? 'ready' : 'none'));
  return { create: status, stream: lastOf(watch), end, model, probe: await probe(client, server?.url) };
}

function lastOf(watch: Watch): string | number {
  if (watch.status !== 200) return watch.status;
  const data = /data: (.*)\n\n(?:\n\n)*$/.exec(watch.text)?.[1] ?? '""';
  const event = JSON.parse(data) as { ready?: boolean; failed?: boolean; progress?: number };
  if (event.ready === true) return 'ready';
  return event.failed === true && event.progress === 100 ? 'failed' : 'other';
}

async function probe(client: Client, url = `/user/${client.hub.user}/`): Promise<string> {
  const { host, pathname } = new URL(url, client.hub.url);
  const asked = client.start(`${pathname}api`, { headers: { host } });
  await asked.arrived;
  await client.settled();
  const reply = await Promise.race([asked.reply, client.settled().then(() => null)]);
  if (reply === null) return 'no answer';
  const { location } = reply.headers;
  const path = location === undefined ? '' : new URL(location, client.hub.url);
  if (path === '') return `${reply.status} ${reply.headers['content-type'] ?? ''}`.trim();
  return `${reply.status} ${path.origin === 'https://login.example.org' ? 'login' : path.pathname.replace(/\/user\/.*/, '/user')}`;
}

const proof = '200 application/json';
const notYet = '302 /hub/user';
const ready: Met = { create: 201, stream: 'ready', end: 'clean', model: 'ready', probe: proof };
const failed: Met = { create: 500, stream: 'failed', end: 'clean', model: 'none', probe: notYet };

const expected: Readonly<Record<string, Met>> = {
  hub: ready,
  'hub-quick': ready,
  'hub-slow': { ...ready, create: 202 },
  'hub-silent': { ...ready, create: 202 },
  'hub-fail': failed,
  'hub-fail-slow': { ...failed, create: 202 },
  'hub-quota': failed,
  'hub-refused': { ...failed, create: 403 },
  'hub-no-reason': failed,
  'hub-failed-before': { ...ready, create: 201 },
  'hub-failed-midway': ready,
  'hub-no-end': { ...ready, stream: 'other' },
  'hub-no-end-fail': { ...failed, stream: 'other' },
  'hub-odd': { ...ready, stream: 'other' },
  'hub-hostile': ready,
  'hub-exits': failed,
  'hub-cancelled': { ...ready, model: 'none', probe: notYet },
  'hub-cancelled-stuck': { ...ready, probe: notYet },
  'hub-shutdown': { ...ready, create: 503, model: 'none', probe: notYet },
  'hub-killed': { create: 503, stream: 'other', end: 'still open', model: 'none', probe: notYet },
  'hub-adopted': { create: 503, stream: 'other', end: 'still open', model: 'ready', probe: proof },
  'hub-dead': { ...ready, model: 'none', probe: notYet },
  'hub-late': ready,
  'hub-deaf': { ...ready, probe: 'no answer' },
  'hub-jupyter': ready,
  'hub-rstudio': { ...ready, probe: '302 /hub/api/oauth2/authorize' },
  'hub-page': { ...ready, probe: '200 text/html' },
  'hub-login': { ...ready, probe: '302 login' },
  'hub-forbidden': { ...ready, probe: '403 text/html' },
  'hub-running': { ...ready, create: 400 },
  'hub-was-dead': ready,
  'hub-pending': { ...ready, create: 202 },
  'hub-stopping': { create: 400, stream: 400, end: '-', model: 'none', probe: notYet },
  'hub-stop-slow': ready,
  'hub-stop-fails': ready,
  'hub-busy': { create: 429, stream: 400, end: '-', model: 'none', probe: notYet },
  'hub-full': { create: 429, stream: 400, end: '-', model: 'none', probe: notYet },
  'hub-away': { create: 503, stream: 503, end: '-', model: 'none', probe: notYet },
  'hub-scope': { create: 403, stream: 404, end: '-', model: 'none', probe: notYet },
  'hub-blind': { create: 201, stream: 403, end: '-', model: 'unseen', probe: proof },
  'hub-hosts': ready,
  'hub-capitals': { ...ready, probe: notYet },
  'hub-burst': ready,
};

/** What another release does. */
const differs: Readonly<Record<string, Partial<Record<HubVersion, Partial<Met>>>>> = {
  'hub-failed-before': { 5: { create: 202 }, 4: { create: 202 } },
  'hub-cancelled': { 4: ready },
  'hub-cancelled-stuck': { 4: ready },
  'hub-blind': {
    5: { create: 403, stream: 403, probe: notYet },
    4: { create: 403, stream: 403, probe: notYet },
  },
};

for (const version of [6, 5, 4] as const) {
  for (const [name, met] of Object.entries(expected)) {
    test(`${name} of ${version}`, async (t) => {
      const { client } = await serve(t, { version, scenario: name });
      assert.deepEqual(await play(client), { ...met, ...differs[name]?.[version] });
    });
  }
}

test('every scenario is played', () => {
  assert.deepEqual(Object.keys(expected), hubScenarioNames);
});
