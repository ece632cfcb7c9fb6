/**
 * The library face as another program uses it, against the simulated controller.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Agent } from 'undici';
import type { SimulatorOptions } from '../../src/simulator/server.js';
import { followEvents, LabClient, type Update } from '../../src/index.js';
import { answering } from '../support/answering.js';
import { openController } from '../support/site.js';

async function at<T>(options: Partial<SimulatorOptions>, use: (client: LabClient) => Promise<T>): Promise<T> {
  await using controller = await openController({ speed: 50, ...options });
  const client = new LabClient({ controller: controller.url, user: 'demo', token: controller.token });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

async function all(updates: AsyncIterable<Update>): Promise<Update[]> {
  const found: Update[] = [];
  for await (const update of updates) found.push(update);
  return found;
}

const messages = (updates: readonly Update[]): string[] =>
  updates.flatMap((update) => (update.kind === 'event' ? [update.event.message] : []));

describe('LabClient', () => {
  it('creates a lab, follows it to its outcome, looks at it, and deletes it', () =>
    at({ scenario: 'immediate' }, async (client) => {
      assert.deepEqual(await client.state(), { ok: true, value: null });
      assert.deepEqual(await client.create({ size: 'medium', env: { A: 'b' } }), { ok: true, value: null });
      const updates = await all(followEvents(client));
      assert.equal(messages(updates).length, 3);
      assert.deepEqual(updates.at(-1), {
        kind: 'outcome',
        outcome: { kind: 'complete', message: 'Lab Kubernetes pod started for demo' },
      });
      const state = await client.state();
      assert.equal(state.ok && state.value?.options?.size, 'medium');
      assert.deepEqual(await client.remove(), { ok: true, value: null });
      const deletion = await all(followEvents(client, { goal: 'events' }));
      assert.deepEqual(deletion.at(-1), {
        kind: 'outcome',
        outcome: { kind: 'ok', message: 'the stream ended' },
      });
    }));

  it('takes a token as it stands in a file, with its line end', async (t) => {
    await using controller = await openController();
    const client = new LabClient({
      controller: controller.url,
      user: 'demo',
      token: `${controller.token}\n`,
    });
    t.after(() => client.close());
    assert.deepEqual(await client.state(), { ok: true, value: null });
  });

  it('has failures as values', () =>
    at({ scenario: 'quota' }, async (client) => {
      const created = await client.create();
      assert.equal(created.ok, false);
      assert.equal(created.failure.error.type, 'insufficient_quota');
    }));

  it('reconnects after a lost stream, and yields each event once', () =>
    at({ scenario: 'cut', speed: 10 }, async (client) => {
      await client.create();
      const updates = await all(followEvents(client, { random: () => 0 }));
      assert.equal(messages(updates).length, new Set(messages(updates)).size);
      assert.equal(updates.filter(({ kind }) => kind === 'connection').length > 3, true);
      const last = updates.at(-1);
      assert.equal(last?.kind === 'outcome' && last.outcome.kind, 'complete');
    }));

  it('stops without an outcome when it is aborted', () =>
    at({ scenario: 'slow-pull', speed: 1 }, async (client) => {
      await client.create();
      const abort = new AbortController();
      const kinds: string[] = [];
      for await (const update of followEvents(client, { signal: abort.signal })) {
        kinds.push(update.kind);
        if (update.kind === 'event') abort.abort();
      }
      assert.deepEqual(kinds, ['connection', 'event']);
    }));

  it('closes the connection if the loop is left before anything was read', { timeout: 20_000 }, async (t) => {
    let closed = (): void => undefined;
    const isClosed = new Promise<void>((resolve) => (closed = resolve));
    await using server = await answering((response) => {
      response.on('close', closed).writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    });
    const client = new LabClient({ controller: server.origin, user: 'demo', token: 'gt-x' });
    t.after(() => client.close());
    for await (const { kind } of followEvents(client)) {
      assert.equal(kind, 'connection');
      break;
    }
    await isClosed;
  });

  it('ends followers when it is closed, and sends no more requests', () =>
    at({ scenario: 'slow-pull', speed: 1 }, async (client) => {
      await client.create();
      const updates: Update[] = [];
      for await (const update of followEvents(client, { random: () => 0 })) {
        updates.push(update);
        if (updates.length === 2) await client.close();
      }
      const last = updates.at(-1);
      assert.equal(last?.kind === 'outcome' && last.outcome.kind, 'unknown');
      const state = await client.state();
      assert.match(state.ok ? '' : state.failure.error.message, /the client was closed/);
    }));

  it('opens nothing any more when it is closed while it connects', () =>
    at({}, async (client) => {
      const asked = client.state();
      await client.close();
      assert.equal((await asked).ok, false);
      assert.equal((await client.state()).ok, false);
    }));

  it('does not make Node warn, even with many requests at once', () =>
    at({ scenario: 'immediate' }, async (client) => {
      const warnings: Error[] = [];
      const onWarning = (warning: Error): void => void warnings.push(warning);
      process.on('warning', onWarning);
      await Promise.all(Array.from({ length: 30 }, () => client.state()));
      process.off('warning', onWarning);
      assert.deepEqual(warnings, []);
    }));

  it('goes through a dispatcher of the caller’s own, and leaves it open', async (t) => {
    await using controller = await openController({ speed: 50 });
    const dispatcher = new Agent();
    t.after(() => dispatcher.destroy());
    const { url, tokens } = controller;
    const client = new LabClient({ controller: url, user: 'demo', token: tokens.user, dispatcher });
    assert.equal((await client.state()).ok, true);
    await client.close();
    assert.equal((await client.choices()).ok, true);
  });

  it('refuses options that cannot be right, and never repeats a token', () => {
    const wrong = [
      { controller: 'not a url', user: 'demo', token: 'gt-secret' },
      { controller: 'https://data.example.org', user: 'de/mo', token: 'gt-secret' },
      { controller: 'https://data.example.org', user: 'demo', token: 'gt-secret\nx: y' },
      { controller: 'https://data.example.org', user: 'demo' },
      { controller: 'http://data.example.org', user: 'demo', token: 'gt-secret' },
    ];
    for (const options of wrong) {
      assert.throws(
        () => new LabClient(options),
        (error: Error) => error.name === 'UsageError' && !error.message.includes('secret'),
      );
    }
  });
});
