/**
 * Service discovery on the command line: how long it may take, what is tried again, and how it ends with the run. Against
 * servers on loopback, on a clock that the test moves.
 */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { Agent } from 'undici';
import { discoverServices } from '../../src/cli/discover.js';
import type { Services } from '../../src/config/servers.js';
import type { Result } from '../../src/model/result.js';
import type { ConnectSettings } from '../../src/runtime/context.js';
import { answering, type Asked } from '../support/answering.js';
import { FakeClock } from '../support/clock.js';
import { fakeContext } from '../support/context.js';

interface Asking {
  found: Promise<Result<Services>>;
  clock: FakeClock;
  abort: AbortController;
  /** Resolves when this many requests have arrived. */
  arrived: (count: number) => Promise<void>;
  origin: string;
  traces: string[];
  /** What the connection was opened with. */
  settings: ConnectSettings[];
  dispatcher: Agent;
}

async function ask(
  t: TestContext,
  answer: (response: ServerResponse, asked: Asked) => void,
  settings: ConnectSettings = { certificates: [], proxy: null },
): Promise<Asking> {
  let look = (): void => undefined;
  const server = await answering((response, asked) => {
    answer(response, asked);
    look();
  });
  const clock = new FakeClock();
  const abort = new AbortController();
  const dispatcher = new Agent();
  t.after(async () => {
    await dispatcher.destroy();
    await server.close();
  });
  const opened: ConnectSettings[] = [];
  const traces: string[] = [];
  const context = fakeContext({
    clock,
    connect: (given) => {
      opened.push(given);
      return Promise.resolve(dispatcher);
    },
    trace: (_level, message) => traces.push(message),
  });
  const found = discoverServices(new URL(server.origin), settings, context, abort.signal);
  found.catch(() => undefined);
  const arrived = (count: number): Promise<void> =>
    new Promise((resolve) => {
      look = () => {
        if (server.asked.length >= count) resolve();
      };
      look();
    });
  return { found, clock, abort, arrived, origin: server.origin, traces, settings: opened, dispatcher };
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Resolves when it has decided this many times to try again. */
async function retried({ traces }: Asking, count: number): Promise<void> {
  while (traces.filter((text) => text.endsWith('HTTP 503; retrying')).length < count) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('service discovery on the command line', () => {
  it('uses the given certificates and proxy, and leaves neither a connection nor a timer', async (t) => {
    const settings = { certificates: ['PEM'], proxy: null };
    const asking = await ask(
      t,
      (response) => {
        json(response, {});
      },
      settings,
    );
    assert.deepEqual(await asking.found, {
      ok: true,
      value: { controller: null, hub: null, gafaelfawr: null },
    });
    assert.deepEqual(asking.settings, [settings]);
    assert.equal(asking.clock.pending, 0);
    assert.equal(asking.dispatcher.destroyed, true);
  });

  it('ends after ten seconds without a response', async (t) => {
    const { found, clock, arrived, origin } = await ask(t, () => undefined);
    await arrived(1);
    clock.advance(9_999);
    clock.advance(1);
    const result = await found;
    assert.equal(
      result.ok ? null : result.failure.error.message,
      `could not find the services of ${origin}: no response within 10 s`,
    );
    assert.equal(clock.pending, 0);
  });

  it('tries a gateway again for five seconds', async (t) => {
    let count = 0;
    const asking = await ask(t, (response) => {
      count += 1;
      response.writeHead(503).end();
    });
    // Half of the longest waits, as the test's random numbers have it. The next one would end after the five seconds.
    for (const [nth, wait] of [250, 500, 1_000, 2_000].entries()) {
      await retried(asking, nth + 1);
      asking.clock.advance(wait);
    }
    const result = await asking.found;
    assert.match(result.ok ? '' : result.failure.error.message, /: HTTP 503$/);
    assert.equal(count, 5);
  });

  it('does not try again what will not change', async (t) => {
    let count = 0;
    const { found } = await ask(t, (response) => {
      count += 1;
      response.writeHead(404).end();
    });
    assert.equal((await found).ok, false);
    assert.equal(count, 1);
  });

  it('ends with the run', async (t) => {
    const { found, clock, abort, arrived } = await ask(t, () => undefined);
    await arrived(1);
    abort.abort('SIGINT');
    await assert.rejects(found, (reason) => reason === 'SIGINT');
    assert.equal(clock.pending, 0);
  });

  it('ends with the run while it waits for another attempt', async (t) => {
    const asking = await ask(t, (response) => {
      response.writeHead(503).end();
    });
    await retried(asking, 1);
    asking.abort.abort('SIGTERM');
    await assert.rejects(asking.found, (reason) => reason === 'SIGTERM');
    assert.equal(asking.clock.pending, 0);
  });
});
