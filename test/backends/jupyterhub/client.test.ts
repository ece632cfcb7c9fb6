/**
 * The Hub's client against real HTTP: what it sends, and how it interprets every captured and many other responses.
 */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, describe, it } from 'node:test';
import { Agent } from 'undici';
import { createHubClient, type HubClient, type ServerId } from '../../../src/backends/jupyterhub/client.js';
import { exitCode } from '../../../src/model/outcome.js';
import { outcomeOf, type Failure, type Result } from '../../../src/model/result.js';
import { answering, type Asked } from '../../support/answering.js';
import { realClock } from '../../support/clock.js';
import { capturesIn, readScenario, type Exchange, type Folder } from '../../simulator/jupyterhub/captures.js';

const dispatcher = new Agent();
after(() => dispatcher.destroy());

const { signal } = new AbortController();
const ann: ServerId = { user: 'ann', server: '' };
const never = (): Promise<boolean> => Promise.resolve(false);

function clientAt(base: string): HubClient {
  return createHubClient({
    base: new URL(base),
    credentials: { kind: 'bearer', token: 'hub-secret', origin: 'LAB_TOKEN' },
    dispatcher,
    clock: realClock,
    redact: (text) => text.replaceAll('hub-secret', '[secret]'),
  });
}

type Answer = (response: ServerResponse, asked: Asked) => void;

/** Every request gets this response. */
async function ask<T>(
  answer: Answer,
  question: (client: HubClient) => Promise<Result<T>>,
  path = '/nb/',
): Promise<{ result: Result<T>; asked: Asked[]; origin: string }> {
  await using server = await answering(answer);
  const result = await question(clientAt(`${server.origin}${path}`));
  return { result, asked: server.asked, origin: server.origin };
}

const json =
  (status: number, value: unknown, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response
      .writeHead(status, { 'content-type': 'application/json', 'x-jupyterhub-version': '6.1.1', ...headers })
      .end(JSON.stringify(value));

function exchange(folder: Folder, scenario: string, step: string): Exchange {
  const found = readScenario(folder, scenario).exchanges[step];
  assert.ok(found, `${scenario}.${step}`);
  return found;
}

/** Headers that belong to one connection, or contain characters that cannot be sent. */
const unsent = ['content-length', 'connection', 'transfer-encoding', 'set-cookie'];

const replay =
  ({ status, headers, body }: Exchange): Answer =>
  (response) => {
    const kept = Object.entries(headers).filter(([name]) => !unsent.includes(name));
    response.writeHead(status, Object.fromEntries(kept)).end(body);
  };

function failureOf<T>(result: Result<T>): Failure {
  assert.equal(result.ok, false);
  return result.failure;
}

/** A failure as a user sees it. */
function lines({ error: { message, hint } }: Failure): string {
  return hint === null ? message : `${message}\n${hint}`;
}

describe('what is sent', () => {
  const sent = async <T>(question: (client: HubClient) => Promise<Result<T>>, answer: Answer) => {
    const { asked } = await ask(answer, question);
    return asked.map(({ method, url, body }) => `${method} ${url} ${body}`.trim());
  };
  const ok: Answer = (response) => response.writeHead(201).end();

  it('is the token, to the Hub and in every request', async () => {
    const { asked } = await ask(json(200, { kind: 'user', name: 'ann' }), (client) => client.owner(signal));
    assert.equal(asked[0]?.headers.authorization, 'Bearer hub-secret');
  });

  for (const [version, body] of [
    ['6.1.1', '{"user_options":{"profile":"gpu"}}'],
    ['10.0.0', '{"user_options":{"profile":"gpu"}}'],
    ['5.5.4', '{"profile":"gpu"}'],
    ['4.1.6', '{"profile":"gpu"}'],
  ] as const) {
    it(`are the options in the form of ${version}`, async () => {
      const answer: Answer = (response, { method }) => {
        if (method === 'GET') json(200, { version })(response, {} as Asked);
        else response.writeHead(202).end();
      };
      assert.deepEqual(await sent((client) => client.start(ann, { profile: 'gpu' }, signal), answer), [
        'GET /nb/hub/api/',
        `POST /nb/hub/api/users/ann/server ${body}`,
      ]);
    });
  }

  it('is no request for the version where the Hub has already named it', async () => {
    const question = async (client: HubClient): Promise<Result<null>> => {
      await client.user('ann', signal);
      return client.start(ann, {}, signal);
    };
    const answer = json(201, {}, { 'x-jupyterhub-version': '5.5.4' });
    assert.deepEqual(await sent(question, answer), [
      'GET /nb/hub/api/users/ann',
      'POST /nb/hub/api/users/ann/server {}',
    ]);
  });

  it('is no body where the last options are used again', async () => {
    assert.deepEqual(await sent((client) => client.start(ann, 'reuse', signal), ok), [
      'POST /nb/hub/api/users/ann/server',
    ]);
  });

  it('names a named server, and both names as one segment', async () => {
    const id = { user: 'a@b.org', server: 'x y?' };
    assert.deepEqual(await sent((client) => client.start(id, 'reuse', signal), ok), [
      'POST /nb/hub/api/users/a%40b.org/servers/x%20y%3F',
    ]);
    assert.deepEqual(await sent((client) => client.progress(id, never, signal), ok), [
      'GET /nb/hub/api/users/a%40b.org/servers/x%20y%3F/progress',
    ]);
    assert.deepEqual(await sent((client) => client.stop(id, true, signal), ok), [
      'DELETE /nb/hub/api/users/a%40b.org/servers/x%20y%3F {"remove":true}',
    ]);
    assert.deepEqual(await sent((client) => client.stop(ann, false, signal), ok), [
      'DELETE /nb/hub/api/users/ann/server',
    ]);
  });

  it('is nothing for a name that would change the path', async () => {
    await using server = await answering(ok);
    const client = clientAt(server.origin);
    for (const name of ['..', '.', 'a/b', '']) {
      const id = name === '' ? { user: '', server: '' } : { user: 'ann', server: name };
      await assert.rejects(client.start(id, 'reuse', signal), RangeError);
    }
    assert.deepEqual(server.asked, []);
  });

  it('is below the base, with or without a slash at its end', async () => {
    for (const path of ['/nb', '/nb/', '', '/']) {
      const { asked } = await ask(json(200, {}), (client) => client.owner(signal), path);
      assert.equal(asked[0]?.url, `${path.replace(/\/$/, '')}/hub/api/user`);
    }
  });

  it('is no token to another origin, wherever the Hub redirects to', async () => {
    await using foreign = await answering(json(200, { kind: 'user', name: 'ann' }));
    const { result } = await ask(
      (response) => response.writeHead(302, { location: `${foreign.origin}/nb/hub/api/user` }).end(),
      (client) => client.owner(signal),
    );
    assert.equal(exitCode(outcomeOf(failureOf(result))), 3);
    assert.deepEqual(foreign.asked, []);
  });
});

describe('the list of users', () => {
  const users = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ name: `user${from + i}`, servers: {} }));

  /** A Hub with this many users that sends at most `most` on a page. */
  const hub =
    (total: number, most: number): Answer =>
    (response, asked) => {
      const offset = Number(new URL(asked.url, 'http://h').searchParams.get('offset'));
      const next = { url: 'https://elsewhere.test/' };
      json(200, { items: users(offset, Math.min(most, total - offset)), _pagination: { total, next } })(
        response,
        asked,
      );
    };

  it('has every user once, page by page, by the offset', async () => {
    const { result, asked } = await ask(hub(120, 50), (client) => client.readyUsers(signal));
    assert.ok(result.ok);
    assert.deepEqual(
      result.value.map(({ name }) => name),
      users(0, 120).map(({ name }) => name),
    );
    assert.deepEqual(
      asked.map(({ url }) => url),
      [0, 50, 100].map((offset) => `/nb/hub/api/users?state=ready&limit=200&offset=${offset}`),
    );
  });

  it('ends where a Hub sends the same page again, or none', async () => {
    const same = json(200, { items: users(0, 2), _pagination: { total: 1000 } });
    const { result, asked } = await ask(same, (client) => client.readyUsers(signal));
    assert.ok(result.ok);
    assert.equal(result.value.length, 2);
    assert.equal(asked.length, 2);
    const plain = await ask(json(200, users(0, 3)), (client) => client.readyUsers(signal));
    assert.ok(plain.result.ok);
    assert.equal(plain.result.value.length, 3);
  });

  it('is a failure where one page is', async () => {
    let pages = 0;
    const { result } = await ask(
      (response, asked) => {
        pages += 1;
        if (pages === 2) json(500, { status: 500, message: 'Internal Server Error' })(response, asked);
        else hub(120, 50)(response, asked);
      },
      (client) => client.readyUsers(signal),
    );
    assert.equal(failureOf(result).error.status, 500);
  });

  it('is refused without the scope', async () => {
    const { result, origin } = await ask(replay(exchange('6.1.1', '12-list', 'users-as-user')), (client) =>
      client.readyUsers(signal),
    );
    assert.equal(
      lines(failureOf(result)),
      'could not list the users with servers: the token lacks the scope list:users (HTTP 403 Forbidden)\n' +
        `Create a new one with that scope at ${origin}/nb/hub/token.`,
    );
  });
});

describe('a captured response', () => {
  const start = (client: HubClient) => client.start(ann, 'reuse', signal);
  const stop = (client: HubClient) => client.stop(ann, false, signal);
  const progress = (client: HubClient) => client.progress(ann, never, signal);
  const user = (client: HubClient) => client.user('ann', signal);
  const owner = (client: HubClient) => client.owner(signal);

  const accepted: [string, string, (client: HubClient) => Promise<Result<unknown>>][] = [
    ['01-quick', 'create', start],
    ['02-slow', 'create', start],
    ['01-quick', 'delete', stop],
    ['09-stop', 'delete', stop],
    ['01-quick', 'user-ready', user],
    ['11-auth', 'readonly-user', user],
    ['01-quick', 'me', owner],
    ['11-auth', 'service-me', owner],
  ];
  for (const [scenario, step, question] of accepted) {
    it(`${scenario}.${step} is a success`, async () => {
      const { result } = await ask(replay(exchange('6.1.1', scenario, step)), question);
      assert.equal(result.ok, true, JSON.stringify(result));
    });
  }

  const refused: [
    Folder,
    string,
    string,
    (client: HubClient) => Promise<Result<unknown>>,
    { type: string; exit: number; text: RegExp; retry?: Failure['retry'] },
  ][] = [
    [
      '6.1.1',
      '01-quick',
      'create-again',
      start,
      { type: 'refused', exit: 6, text: /: rachel is already running \(HTTP 400/ },
    ],
    [
      '6.1.1',
      '03-fail',
      'create',
      start,
      { type: 'hub_error', exit: 7, text: /start the server of ann: HTTP 500/, retry: 'later' },
    ],
    [
      '5.5.4',
      '03-fail',
      'create',
      start,
      { type: 'hub_error', exit: 7, text: /: HTTP 500 Internal/, retry: 'later' },
    ],
    [
      '6.1.1',
      '03-fail',
      'create-told',
      start,
      { type: 'hub_error', exit: 7, text: /: Your quota is used up\. \(HTTP 500/, retry: 'later' },
    ],
    [
      '6.1.1',
      '03-fail',
      'create-http-409',
      start,
      { type: 'refused', exit: 6, text: /: a text for the log \(HTTP 409/ },
    ],
    [
      '6.1.1',
      '03-fail',
      'create-http-403',
      start,
      { type: 'forbidden', exit: 3, text: /: a text for the log \(HTTP 403/ },
    ],
    [
      '6.1.1',
      '11-auth',
      'bad-token-user',
      owner,
      {
        type: 'invalid_token',
        exit: 3,
        text: /the token was refused \(HTTP 403 Forbidden\)\nThe token from LAB_TOKEN is invalid or has expired/,
      },
    ],
    [
      '5.5.4',
      '11-auth',
      'bad-token-user',
      owner,
      { type: 'invalid_token', exit: 3, text: /the token was refused/ },
    ],
    [
      '6.1.1',
      '11-auth',
      'bad-token-create',
      start,
      { type: 'invalid_token', exit: 3, text: /the token was refused/ },
    ],
    [
      '6.1.1',
      '11-auth',
      'readonly-create',
      start,
      { type: 'missing_scope', exit: 3, text: /the token lacks the scope start:servers \(/ },
    ],
    [
      '5.5.4',
      '11-auth',
      'readonly-create',
      start,
      { type: 'missing_scope', exit: 3, text: /the token lacks the scope servers \(/ },
    ],
    [
      '6.1.1',
      '11-auth',
      'delete-readonly',
      stop,
      { type: 'missing_scope', exit: 3, text: /lacks the scope delete:servers \(/ },
    ],
    [
      '6.1.1',
      '11-auth',
      'readonly-progress',
      progress,
      { type: 'missing_scope', exit: 3, text: /lacks the scope read:servers \(/ },
    ],
    [
      '6.1.1',
      '11-auth',
      'other-create',
      start,
      {
        type: 'not_found',
        exit: 4,
        text: /: No access to resources or resources not found \(HTTP 404 Not Found\)\n.*--user/,
      },
    ],
    [
      '6.1.1',
      '11-auth',
      'unknown-create-admin',
      start,
      { type: 'not_found', exit: 4, text: /: no such user or server \(HTTP 404/ },
    ],
    [
      '5.5.4',
      '11-auth',
      'unknown-create-admin',
      start,
      { type: 'not_found', exit: 4, text: /: no such user or server \(HTTP 404/ },
    ],
    [
      '6.1.1',
      '11-auth',
      'outside-prefix',
      owner,
      { type: 'not_a_hub', exit: 7, text: /Is there really a JupyterHub at http/, retry: 'later' },
    ],
    [
      '6.1.1',
      '10-named',
      'delete-unknown',
      stop,
      { type: 'not_found', exit: 4, text: /: nina has no server named 'never' \(/ },
    ],
    [
      '6.1.1',
      '10-named',
      'create-space',
      start,
      { type: 'refused', exit: 6, text: /: Invalid server_name: 'a b' \(HTTP 400/ },
    ],
    [
      '6.1.1',
      '22-named-limit',
      'second',
      start,
      { type: 'refused', exit: 6, text: /maximum of 1 named servers/ },
    ],
    [
      '6.1.1',
      '23-no-named',
      'create',
      start,
      { type: 'refused', exit: 6, text: /: Named servers are not enabled\. \(/ },
    ],
    [
      '6.1.1',
      '01-quick',
      'progress-before',
      progress,
      { type: 'not_starting', exit: 4, text: /is not starting/ },
    ],
    [
      '6.1.1',
      '01-quick',
      'progress-after',
      progress,
      { type: 'not_found', exit: 4, text: /read the progress of the server of ann/ },
    ],
    [
      '6.1.1',
      '20-active-limit',
      'second',
      start,
      {
        type: 'too_many',
        exit: 6,
        text: /: Active user limit exceeded.*\(HTTP 429.*\n.*try again later/,
        retry: 'later',
      },
    ],
    [
      '6.1.1',
      '21-concurrent-limit',
      'second',
      start,
      { type: 'too_many', exit: 6, text: /: Too many users.*\n.*try again in \d+ s/, retry: { afterMs: 0 } },
    ],
    [
      '6.1.1',
      '31a-hub-restart',
      'create-down',
      start,
      { type: 'unavailable', exit: 7, text: /: HTTP 503 Service Unavailable/, retry: 'later' },
    ],
    [
      '6.1.1',
      '08-delete-during-spawn',
      'delete-cancel-slow',
      stop,
      { type: 'hub_error', exit: 7, text: /stop the server of ann: HTTP 500/, retry: 'later' },
    ],
    [
      '6.1.1',
      '09-stop',
      'status-just-dead',
      owner,
      { type: 'unavailable', exit: 7, text: /HTTP 503/, retry: 'later' },
    ],
  ];
  for (const [folder, scenario, step, question, expected] of refused) {
    it(`${scenario}.${step} of ${folder} is ${expected.type}, exit code ${expected.exit}`, async () => {
      const { result } = await ask(replay(exchange(folder, scenario, step)), question);
      const failure = failureOf(result);
      assert.equal(failure.error.type, expected.type, lines(failure));
      assert.equal(exitCode(outcomeOf(failure)), expected.exit);
      assert.match(lines(failure), expected.text);
      const { retry } = failure;
      assert.deepEqual(typeof retry === 'object' ? { afterMs: 0 } : retry, expected.retry ?? 'never');
      assert.ok(lines(failure).split('\n').length <= 2);
    });
  }

  it('of any refusal is a failure that says what was requested, whatever was', async () => {
    let current: Answer = json(200, {});
    await using server = await answering((response, asked) => {
      current(response, asked);
    });
    let seen = 0;
    for (const folder of ['6.1.1', '5.5.4', '4.1.6'] as const) {
      for (const name of capturesIn(folder)) {
        const [scenario = '', ...rest] = name.split('.');
        const found = readScenario(folder, scenario).exchanges[rest.join('.')];
        if (found === undefined || found.status < 300) continue;
        seen += 1;
        current = replay(found);
        const questions: ((client: HubClient) => Promise<Result<unknown>>)[] = [
          start,
          stop,
          progress,
          user,
          owner,
        ];
        for (const question of questions) {
          const failure = failureOf(await question(clientAt(`${server.origin}/nb/`)));
          assert.match(failure.error.message, /^could not /, name);
          assert.ok(!failure.error.message.includes('<'), `${name}: ${failure.error.message}`);
        }
      }
    }
    assert.ok(seen > 100);
  });
});

describe('what is not a Hub', () => {
  const owner = (client: HubClient) => client.owner(signal);

  it('is a controller, which has an option of its own', async () => {
    const { result } = await ask(json(404, { detail: 'Not Found' }, { 'x-jupyterhub-version': '' }), owner);
    assert.match(lines(failureOf(result)), /looks like a Nublado controller\. Use --controller/);
  });

  for (const [path, hint] of [
    ['/nb/user/ann/', /address of a user's server\. Use --hub http:\/\/127\.0\.0\.1:\d+\/nb\/$/],
    ['/user/ann/lab/tree', /address of a user's server\. Use --hub http:\/\/127\.0\.0\.1:\d+\/$/],
    ['/nb/hub/', /address of a page of the Hub\. Use --hub http:\/\/127\.0\.0\.1:\d+\/nb\/$/],
    ['/hub', /Use --hub http:\/\/127\.0\.0\.1:\d+\/$/],
    ['/hubble/', /Is there really a JupyterHub at http/],
  ] as const) {
    it(`is ${path}`, async () => {
      const { result } = await ask(json(404, { message: 'Not Found', reason: null }), owner, path);
      const failure = failureOf(result);
      assert.equal(failure.error.type, 'not_a_hub');
      assert.match(lines(failure), hint);
    });
  }

  it('is a wrong prefix of a Hub with hosts for users, which redirects to the right one', async () => {
    const { result, origin } = await ask(
      (response, { url }) => {
        if (url === '/hub/api/user') response.writeHead(302, { location: '/nb/hub/hub/api/user' }).end();
        else json(404, { status: 404, message: null })(response, {} as Asked);
      },
      owner,
      '/',
    );
    const failure = failureOf(result);
    assert.equal(exitCode(outcomeOf(failure)), 2);
    assert.match(lines(failure), new RegExp(`Use --hub ${origin}/nb/$`));
  });

  it('is a wrong prefix that leads to another host', async () => {
    const { result } = await ask(
      (response) => response.writeHead(302, { location: 'https://hub.test/nb/hub/hub/api/user' }).end(),
      owner,
    );
    assert.match(lines(failureOf(result)), /Use --hub https:\/\/hub\.test\/nb\/$/);
  });

  it('is a login page, at another origin or after a redirect', async () => {
    const away = await ask(
      (response) => response.writeHead(302, { location: 'https://login.test/' }).end(),
      owner,
    );
    assert.equal(exitCode(outcomeOf(failureOf(away.result))), 3);
    const followed = await ask((response, { url }) => {
      if (url === '/login') response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Login</h1>');
      else response.writeHead(302, { location: '/login' }).end();
    }, owner);
    assert.equal(exitCode(outcomeOf(failureOf(followed.result))), 3);
  });

  for (const [name, value] of [
    ['a list', []],
    ['a number', 7],
    ['a name that is none', { kind: 'user', name: 7 }],
    ['servers that are a list', { kind: 'user', name: 'ann', servers: [] }],
  ] as const) {
    it(`is ${name}`, async () => {
      const { result } = await ask(json(200, value), owner);
      assert.match(lines(failureOf(result)), /the response is unexpected JSON/);
    });
  }

  it('keeps the token to itself, in messages too', async () => {
    const { result } = await ask(json(400, { status: 400, message: 'no hub-secret here' }), owner);
    assert.match(lines(failureOf(result)), /: no \[secret\] here \(HTTP 400/);
  });
});
