/**
 * HubClient as another program uses it, against the simulated JupyterHub. The Hub, and the clock that `followEvents` gets, run
 * twenty times as fast.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Agent } from 'undici';
import { followEvents, HubClient, type HubClientOptions, type Result, type Update } from '../../src/index.js';
import type { Clock } from '../../src/runtime/context.js';
import {
  startHub,
  type HubOptions,
  type SeenRequest,
  type SimulatedHub,
} from '../../src/simulator/jupyterhub/hub.js';
import { answering } from '../support/answering.js';
import { realClock } from '../support/clock.js';
import '../support/closing.js';
import { findLeak } from '../support/secrecy.js';

const speed = 20;
const fast: Clock = {
  monotonic: () => realClock.monotonic() * speed,
  now: () => realClock.now(),
  after: (ms, callback) => realClock.after(ms / speed, callback),
};

/** The ending of a spawn that is gone. */
const lost = /^failed: the Hub has lost the spawn: /;

interface Served {
  hub: SimulatedHub;
  seen: SeenRequest[];
  client: (options?: Partial<HubClientOptions>) => HubClient;
}

async function serve(t: TestContext, options: Partial<HubOptions> = {}): Promise<Served> {
  const seen: SeenRequest[] = [];
  const onRequest = (request: SeenRequest): void => void seen.push(request);
  const hub = await startHub({
    clock: realClock,
    speed,
    prefix: '/nb/',
    // The client checks on its own clock, in real time, whether a POST that is held was accepted.
    slowSpawnMs: 1_000,
    ...options,
    onRequest,
  });
  t.after(() => hub.close());
  const client: Served['client'] = (own = {}) => {
    const made = new HubClient({ hub: hub.url, token: hub.tokens.user, ...own });
    t.after(() => made.close());
    return made;
  };
  return { hub, seen, client };
}

function valueOf<T>(result: Result<T>): T {
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

async function followed(client: HubClient): Promise<Update[]> {
  const updates: Update[] = [];
  for await (const update of followEvents(client, { clock: fast })) updates.push(update);
  return updates;
}

/** How it ended, as `KIND: MESSAGE`. */
function ending(updates: readonly Update[]): string {
  const last = updates.at(-1);
  assert.ok(last?.kind === 'outcome', JSON.stringify(last));
  return `${last.outcome.kind}: ${last.outcome.message}`;
}

function eventsOf(updates: readonly Update[]): string[] {
  return updates.flatMap((update) => (update.kind === 'event' ? [update.event.type] : []));
}

for (const version of [4, 5, 6] as const) {
  describe(`a HubClient at JupyterHub ${version}`, () => {
    it('starts a server, follows it to its outcome, looks at it, and stops it', async (t) => {
      const { hub, client: make } = await serve(t, { version });
      const client = make();
      assert.equal(valueOf(await client.state()), null);
      assert.equal(valueOf(await client.create({ profile: 'gpu' })), null);
      const updates = await followed(client);
      assert.equal(ending(updates), 'complete: Server ready at /nb/user/demo/');
      assert.deepEqual(eventsOf(updates).filter((type) => type === 'complete').length, 1);
      const confirmed = updates.slice(-3).map(({ kind }) => kind);
      assert.deepEqual(confirmed, ['state', 'event', 'outcome']);
      const state = valueOf(await client.state());
      assert.deepEqual(
        { ...state, started: null, last_activity: null },
        {
          phase: 'running',
          status: 'running',
          reason: null,
          url: `${hub.url}user/demo/`,
          server: '',
          pending: null,
          ready: true,
          started: null,
          last_activity: null,
          user_options: { profile: 'gpu' },
        },
      );
      assert.deepEqual(valueOf(await client.servers()), [state]);
      assert.equal(valueOf(await client.remove()), 'gone');
      assert.equal(valueOf(await client.state()), null);
      assert.deepEqual(valueOf(await client.servers()), []);
    });

    it('reports why a spawn failed', async (t) => {
      const { client: make } = await serve(t, { version, scenario: 'hub-fail-slow' });
      const client = make();
      valueOf(await client.create());
      const updates = await followed(client);
      assert.match(
        ending(updates),
        /^failed: Spawn failed: pod jupyter-demo did not start: ImagePullBackOff/,
      );
      const state = valueOf(await client.state());
      assert.equal(state?.phase, 'failed');
      assert.match(state.reason ?? '', /ImagePullBackOff/);
    });

    it('reports it too if the stream never does', async (t) => {
      const { client: make } = await serve(t, { version, scenario: 'hub-no-end-fail' });
      const client = make();
      valueOf(await client.create());
      assert.match(ending(await followed(client)), /^failed: Spawn failed: .*ImagePullBackOff/);
    });

    it('does not take the last options unless asked to', async (t) => {
      const { client: make } = await serve(t, { version, scenario: 'hub-quick' });
      const client = make();
      const options = async (): Promise<unknown> => {
        await followed(client);
        const state = valueOf(await client.state());
        valueOf(await client.remove());
        return state?.user_options;
      };
      valueOf(await client.create({ profile: 'gpu' }));
      assert.deepEqual(await options(), { profile: 'gpu' });
      valueOf(await client.create('reuse'));
      assert.deepEqual(await options(), { profile: 'gpu' });
      valueOf(await client.create());
      assert.deepEqual(await options(), {});
    });

    it('starts, lists and forgets a named server', async (t) => {
      const { seen, client: make } = await serve(t, { version, scenario: 'hub-quick' });
      const client = make({ server: 'gpu-1' });
      valueOf(await client.create());
      assert.match(ending(await followed(client)), /^complete: /);
      assert.deepEqual(
        valueOf(await client.servers()).map(({ server, phase }) => [server, phase]),
        [['gpu-1', 'running']],
      );
      assert.equal(valueOf(await client.remove({ forget: true })), 'gone');
      const sent = seen.find(({ method }) => method === 'DELETE');
      assert.deepEqual([sent?.url, sent?.body], ['/nb/hub/api/users/demo/servers/gpu-1', '{"remove":true}']);
    });

    it('waits for a Hub that restarts and finds the server again', async (t) => {
      const { client: make } = await serve(t, { version, scenario: 'hub-adopted' });
      const client = make();
      valueOf(await client.create());
      assert.match(ending(await followed(client)), /^(complete|running): /);
    });

    it('does not believe the `ready` of a Hub that shuts down', async (t) => {
      const { client: make } = await serve(t, { version, scenario: 'hub-shutdown' });
      const client = make();
      valueOf(await client.create());
      const updates = await followed(client);
      assert.match(ending(updates), lost);
      assert.ok(!eventsOf(updates).includes('complete'));
    });
  });
}

for (const version of [5, 6] as const) {
  it(`does not believe the \`ready\` of a spawn that somebody cancels (${version})`, async (t) => {
    const { client: make } = await serve(t, { version, scenario: 'hub-cancelled' });
    const client = make();
    valueOf(await client.create());
    const updates = await followed(client);
    assert.match(ending(updates), lost);
    assert.ok(!eventsOf(updates).includes('complete'));
  });
}

describe('a HubClient', () => {
  it('has conflicts as failures of that kind', async (t) => {
    for (const [scenario, type] of [
      ['hub-running', 'already_running'],
      ['hub-stopping', 'operation_in_progress'],
    ] as const) {
      const { client } = await serve(t, { scenario });
      const created = await client().create();
      assert.equal(created.ok, false);
      assert.equal(created.failure.kind, 'conflict');
      assert.equal(created.failure.error.type, type);
    }
  });

  it('joins a spawn that is in progress', async (t) => {
    const { client: make } = await serve(t, { scenario: 'hub-pending' });
    const client = make();
    valueOf(await client.create());
    assert.match(ending(await followed(client)), /^complete: /);
  });

  it('looks up the user of the token once, and no user that is given', async (t) => {
    const { seen, client: make } = await serve(t);
    const lookups = (): number => seen.filter(({ url }) => url === '/nb/hub/api/user').length;
    const own = make();
    assert.equal(own.user, null);
    valueOf(await own.state());
    valueOf(await own.servers());
    assert.equal(lookups(), 1);
    const named = make({ user: 'demo' });
    assert.equal(named.user, 'demo');
    valueOf(await named.state());
    assert.equal(lookups(), 1);
  });

  it('needs a user for the token of a service', async (t) => {
    const { hub, client: make } = await serve(t, { scenario: 'hub-running' });
    const token = hub.tokens.admin;
    const state = await make({ token }).state();
    assert.equal(state.ok, false);
    assert.equal(state.failure.error.hint, 'Name the user in the option `user`.');
    assert.equal(valueOf(await make({ token, user: 'demo' }).state())?.phase, 'running');
  });

  it('has a wrong token as a failure', async (t) => {
    const { client: make } = await serve(t);
    const events = await make({ token: 'wrong' }).events();
    assert.equal(events.ok, false);
    assert.equal(events.failure.error.type, 'invalid_token');
  });

  it('sends nothing before the first request, and ends its requests when it is closed', async (t) => {
    const { seen, client: make } = await serve(t, { scenario: 'hub-silent' });
    const client = make();
    assert.equal(seen.length, 0);
    valueOf(await client.create());
    const updates: Update[] = [];
    for await (const update of followEvents(client, { clock: fast, random: () => 0 })) {
      updates.push(update);
      if (updates.length === 1) await client.close();
    }
    assert.match(ending(updates), /^unknown: /);
    assert.equal((await client.state()).ok, false);
    const unused = make();
    await unused.close();
    assert.equal((await unused.state()).ok, false);
  });

  it('goes through a dispatcher of the caller’s own, and leaves it open', async (t) => {
    const { client: make } = await serve(t);
    const dispatcher = new Agent();
    t.after(() => dispatcher.destroy());
    const client = make({ dispatcher });
    valueOf(await client.state());
    await client.close();
    valueOf(await client.state());
  });

  it('takes a token as it stands in a file, with its line end', async (t) => {
    const { hub, client: make } = await serve(t);
    valueOf(await make({ token: `${hub.tokens.user}\n` }).state());
  });
});

describe('wrong options', () => {
  const right = { hub: 'https://hub.example.org/', token: 'hunter2' };
  const wrong: [string, Partial<HubClientOptions>][] = [
    ['no URL', { hub: 'hub' }],
    ['another protocol', { hub: 'ftp://hub.example.org/' }],
    ['a password in the URL', { hub: 'https://ann:hunter2@hub.example.org/' }],
    ['a query', { hub: 'https://hub.example.org/?token=hunter2' }],
    ['plain http', { hub: 'http://hub.example.org/' }],
    ['plain http to a name below localhost', { hub: 'http://hub.localhost/' }],
    ['a token of two lines', { token: 'hunter2\nx: y' }],
    ['an empty token', { token: '' }],
    ...['.', '..', '%2e%2E', 'a/b', 'a%2fb', 'a\u0000b', 'a\nb', '\ud800'].flatMap(
      (name): [string, Partial<HubClientOptions>][] => [
        [`user ${JSON.stringify(name)}`, { user: name }],
        [`server ${JSON.stringify(name)}`, { server: name }],
      ],
    ),
    ['an empty user', { user: '' }],
  ];
  for (const [name, options] of wrong) {
    it(`are refused: ${name}`, () => {
      assert.throws(
        () => new HubClient({ ...right, ...options }),
        (error: Error) => error.name === 'UsageError' && !error.message.includes('hunter2'),
      );
    });
  }

  it('are refused by methods before anything is sent', async (t) => {
    const { seen, client: make } = await serve(t);
    const client = make();
    const isWrong = { name: 'UsageError' };
    await assert.rejects(client.remove({ forget: true }), isWrong);
    for (const options of [null, [], 'other', 7])
      await assert.rejects(client.create(options as unknown as 'reuse'), isWrong);
    assert.equal(seen.length, 0);
  });

  it('are none where a name only looks odd', () => {
    const client = new HubClient({ ...right, user: 'ann@example.org', server: 'a b.c' });
    assert.deepEqual([client.user, client.server], ['ann@example.org', 'a b.c']);
  });
});

it('keeps its secrets out of failures, states and events', async (t) => {
  const [token, password] = ['hub-hunter2', 'hunter3-hunter3'];
  const echo = `<${token}> <${encodeURIComponent(password)}>`;
  const version = { 'x-jupyterhub-version': '6.1.1' };
  const json = { ...version, 'content-type': 'application/json' };
  await using server = await answering((response, { method, url }) => {
    if (method === 'POST') response.writeHead(403, json).end(JSON.stringify({ status: 403, message: echo }));
    else if (url.endsWith('/progress')) {
      response.writeHead(200, { ...version, 'content-type': 'text/event-stream' });
      response.end(`data: ${JSON.stringify({ progress: 100, ready: true, message: echo })}\n\n`);
    } else {
      const model = { name: '', ready: true, url: '/user/ann/', user_options: { password }, started: echo };
      response
        .writeHead(200, json)
        .end(JSON.stringify({ version: '6.1.1', name: 'ann', servers: { '': model } }));
    }
  });
  const client = new HubClient({ hub: server.origin, token, user: 'ann', secrets: [password] });
  t.after(() => client.close());
  const got: unknown[] = [await client.create({ password }), await client.state(), await client.servers()];
  const updates = await followed(client);
  assert.equal(ending(updates), 'complete: <[secret]> <[secret]>');
  assert.equal(findLeak([JSON.stringify([got, updates])], [token, password]), null);
  assert.equal(client.redact(echo), '<[secret]> <[secret]>');
  assert.ok(server.asked.some(({ body }) => body.includes(password)));
});
