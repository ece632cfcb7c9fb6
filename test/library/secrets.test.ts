/**
 * What other programs get from a LabClient contains neither its token nor the values of `env` that it was given.
 */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { followEvents, LabClient, type Update } from '../../src/index.js';
import { answering, type Asked } from '../support/answering.js';
import { findLeak } from '../support/secrecy.js';

const token = 'gt-hunter2hunter2';
const values = ['"hunter3"\\hunter3', 'hunter4-hunter4'];
const env = { A: values[0] ?? '', B: values[1] ?? '', C: 'running' };
const echo = [token, ...values].map((secret) => `<${secret}> <${encodeURIComponent(secret)}>`).join(' ');
const shown = Array.from({ length: 6 }, () => '<[secret]>').join(' ');

async function at(
  answer: (response: ServerResponse, asked: Asked) => void,
  use: (client: LabClient) => Promise<void>,
): Promise<void> {
  await using server = await answering(answer);
  const client = new LabClient({ controller: server.origin, user: 'running', token });
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

const json = { 'content-type': 'application/json' };

describe('a LabClient', () => {
  it('has failures without its secrets', () =>
    at(
      (response) =>
        response.writeHead(422, json).end(JSON.stringify({ detail: [{ msg: echo, type: 'running' }] })),
      async (client) => {
        const created = await client.create({ env });
        assert.equal(created.ok, false);
        assert.deepEqual(created.failure.error, {
          type: 'running',
          message: `could not create a lab for running: ${shown} (HTTP 422 Unprocessable Entity)`,
          status: 422,
          hint: null,
        });
      },
    ));

  it('has states and events without them, and the outcome too', () =>
    at(
      (response, { url }) => {
        if (url.endsWith('/create')) response.writeHead(201, json).end('null');
        else if (url.endsWith('/events')) {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          const data = JSON.stringify({ message: echo });
          response.end(`: ${echo}\n\nevent: odd\ndata: ${data}\n\nevent: failed\ndata: ${data}\n\n`);
        } else response.writeHead(200, json).end(JSON.stringify({ status: 'running', env: { A: echo } }));
      },
      async (client) => {
        assert.equal((await client.create({ env })).ok, true);
        assert.deepEqual(await client.state(), { ok: true, value: { status: 'running', env: { A: shown } } });
        const updates: Update[] = [];
        for await (const update of followEvents(client)) updates.push(update);
        assert.equal(findLeak([JSON.stringify(updates)], [token, ...values]), null);
        assert.deepEqual(
          updates.map(({ kind }) => kind),
          ['connection', 'heartbeat', 'skipped', 'event', 'outcome'],
        );
        const last = updates.at(-1);
        assert.equal(last?.kind === 'outcome' && last.outcome.message, shown);
        assert.equal(client.redact(echo), shown);
      },
    ));
});
