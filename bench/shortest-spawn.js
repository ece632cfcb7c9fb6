// The shortest script that sends the same requests as `lab spawn`: create, events, user-status.
import { readFileSync } from 'node:fs';
import { request } from 'undici';

const base = `${process.env.LAB_CONTROLLER}/spawner/v1`;
const headers = { authorization: `Bearer ${readFileSync(process.env.LAB_TOKEN_FILE, 'utf8').trim()}` };
const body = JSON.stringify({
  options: { image_class: 'recommended', size: 'small' },
  env: { JUPYTERHUB_SERVICE_PREFIX: '/nb/user/demo/' },
});
const created = await request(`${base}/labs/demo/create`, {
  method: 'POST',
  headers: { ...headers, 'content-type': 'application/json' },
  body,
});
await created.body.dump();
const events = await request(`${base}/labs/demo/events`, { headers });
if (!(await events.body.text()).includes('event: complete')) process.exitCode = 1;
const state = await request(`${base}/user-status`, { headers });
process.stdout.write(`${(await state.body.json()).internal_url}\n`);
