/**
 * The client against real HTTP: what it sends, and how it interprets every captured and many other responses.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { ServerResponse } from 'node:http';
import { after, describe, it } from 'node:test';
import { Agent } from 'undici';
import { createClient, type Credentials } from '../../../src/backends/nublado/client.js';
import type { NubladoClient } from '../../../src/backends/nublado/client.js';
import { exitCode } from '../../../src/model/outcome.js';
import { noSecrets } from '../../../src/model/redactor.js';
import { askedWait, outcomeOf, type Failure, type Result } from '../../../src/model/result.js';
import { answering, type Asked } from '../../support/answering.js';
import { realClock } from '../../support/clock.js';
import { exchangeCaptures, exchangeCapture } from '../../support/captures.js';

const dispatcher = new Agent();
after(() => dispatcher.destroy());

const { signal } = new AbortController();
const bearer: Credentials = { kind: 'bearer', token: 'gt-secret' };
const specification = {
  options: { image_class: 'recommended' as const, size: 'small', enable_debug: false, reset_user_env: false },
  env: { JUPYTERHUB_SERVICE_PREFIX: '/nb/user/rachel/', SECRET: 'hidden' },
};

async function ask<T>(
  answer: (response: ServerResponse, asked: Asked) => void,
  question: (backend: NubladoClient) => Promise<Result<T>>,
  credentials = bearer,
): Promise<{ result: Result<T>; asked: Asked[]; origin: string }> {
  await using server = await answering(answer);
  const backend = createClient({
    base: new URL(`${server.origin}/nublado`),
    credentials,
    dispatcher,
    clock: realClock,
    redact: noSecrets.redact,
  });
  return { result: await question(backend), asked: server.asked, origin: server.origin };
}

const create = (backend: NubladoClient) => backend.create('rachel', specification, signal);
const events = (backend: NubladoClient) => backend.events('rachel', signal);
const state = (backend: NubladoClient) => backend.ownState(signal);
const whoAmI = (backend: NubladoClient) => backend.whoAmI(signal);

const replay = (name: string) => (response: ServerResponse) => {
  const { status, headers, body } = exchangeCapture(name);
  response.writeHead(status, headers).end(body);
};

function failureOf<T>(result: Result<T>): Failure {
  assert.equal(result.ok, false);
  return result.failure;
}

describe('what is sent', () => {
  it('creates with the captured body shape and a bearer token', async () => {
    const { result, asked } = await ask(replay('01-spawn-immediate.create'), create);
    assert.deepEqual(result, { ok: true, value: null });
    const [request] = asked;
    assert.deepEqual([request?.method, request?.url], ['POST', '/nublado/spawner/v1/labs/rachel/create']);
    assert.equal(request?.headers.authorization, 'Bearer gt-secret');
    assert.equal(request.headers['content-type'], 'application/json');
    assert.deepEqual(JSON.parse(request.body), specification);
  });

  it('sends identity headers and no token check behind the ingress', async () => {
    const { asked } = await ask(replay('01-spawn-immediate.create'), create, {
      kind: 'direct',
      user: 'rachel',
      token: 'gt-secret',
    });
    const headers = asked[0]?.headers;
    assert.equal(headers?.['x-auth-request-user'], 'rachel');
    assert.equal(headers['x-auth-request-token'], 'gt-secret');
    assert.equal(headers.authorization, undefined);
  });

  it('requests the routes of the contract', async () => {
    const urls: (string | undefined)[] = [];
    for (const question of [events, state, whoAmI]) {
      const { asked } = await ask(
        (response) => response.writeHead(500).end(),
        question as (b: NubladoClient) => Promise<Result<unknown>>,
      );
      urls.push(asked[0]?.url);
    }
    assert.deepEqual(urls, [
      '/nublado/spawner/v1/labs/rachel/events',
      '/nublado/spawner/v1/user-status',
      '/auth/api/v1/user-info',
    ]);
  });
});

describe('what is accepted', () => {
  it('the 303 of older controllers, to itself', async () => {
    const { result } = await ask((response) => {
      response.writeHead(303, { location: '/nublado/spawner/v1/labs/rachel' }).end();
    }, create);
    assert.equal(result.ok, true);
  });

  it('a captured state', async () => {
    const { result } = await ask(replay('01-spawn-immediate.user-status'), state);
    assert.ok(result.ok);
    assert.equal(result.value?.status, 'running');
    assert.equal(result.value.internal_url, 'http://lab.userlabs-rachel:8888/nb/user/rachel/');
  });

  it('a state with unknown fields and values', async () => {
    const { result } = await ask((response) => {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"status": "hibernating", "new": {"a": 1}}');
    }, state);
    assert.deepEqual(result, { ok: true, value: { status: 'hibernating', new: { a: 1 } } });
  });

  it('no state without a lab', async () => {
    const { result } = await ask(replay('08-delete-running.user-status-after'), state);
    assert.deepEqual(result, { ok: true, value: null });
  });
});

describe('every captured refusal of a create', () => {
  const refusals = exchangeCaptures.filter(
    ({ request, status }) => request.method === 'POST' && request.path.endsWith('/create') && status >= 400,
  );
  const codes: Record<number, number> = { 400: 6, 401: 3, 403: 3, 409: 5, 422: 6, 500: 7 };

  it('are many', () => {
    assert.ok(refusals.length > 25);
  });

  for (const capture of refusals) {
    it(`${capture.name} has its exit code and the server's own words`, async () => {
      const { result } = await ask(replay(capture.name), create);
      const failure = failureOf(result);
      const expected = capture.body.includes('insufficient_quota') ? 6 : codes[capture.status];
      assert.equal(exitCode(outcomeOf(failure)), expected);
      assert.equal(failure.error.status, capture.status);
      assert.match(failure.error.message, /^could not create a lab for rachel: /);
      if (capture.headers['content-type'] === 'application/json') {
        const { detail } = JSON.parse(capture.body) as { detail: { msg: string; type: string }[] };
        for (const { msg } of detail) assert.ok(failure.error.message.includes(msg), failure.error.message);
        assert.equal(failure.error.type, detail[0]?.type);
      }
      // The 422 echoes the request, environment and all.
      assert.doesNotMatch(JSON.stringify(failure), /SERVICE_PREFIX": ?"\/nb|hidden|"input"/);
    });
  }
});

describe('other refusals', () => {
  const cases: [
    string,
    (response: ServerResponse) => void,
    (backend: NubladoClient) => Promise<Result<unknown>>,
    number,
    RegExp,
  ][] = [
    [
      'a bad token at the ingress',
      replay('12-auth-errors.bad-token-401'),
      events,
      3,
      /Token is invalid \(HTTP 401 Unauthorized\)/,
    ],
    ['no token at the ingress', replay('12-auth-errors.no-token-401'), events, 3, /HTTP 401/],
    ["another user's events", replay('12-auth-errors.events-other-user-403'), events, 3, /Permission denied/],
    ['a user never seen', replay('12-auth-errors.events-unknown-user-404'), events, 4, /Unknown user rachel/],
    [
      'a scope that is missing',
      replay('12-auth-errors.userscope-delete-403'),
      state,
      3,
      /Token missing required scope/,
    ],
    ['a wrong path', replay('12-auth-errors.not-found-route'), create, 7, /Not Found/],
    ['a rate limit', (r) => r.writeHead(429, { 'retry-after': '7' }).end(), create, 7, /HTTP 429/],
    [
      'an ingress without a controller',
      (r) => r.writeHead(503, { 'content-type': 'text/html' }).end('<html>'),
      create,
      7,
      /HTTP 503/,
    ],
    [
      'a redirect to a login page',
      (r) => r.writeHead(302, { location: 'https://data.example.org/login?rd=x' }).end(),
      state,
      3,
      /redirected to https:\/\/data\.example\.org\/login/,
    ],
    [
      'a 303 to elsewhere',
      (r) => r.writeHead(303, { location: 'https://evil.example.org/nublado/spawner/v1/labs/rachel' }).end(),
      create,
      3,
      /redirected to https:\/\/evil/,
    ],
    [
      'a web page for a stream',
      (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      events,
      7,
      /a web page/,
    ],
    [
      'a web page for a state',
      (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      state,
      7,
      /a web page/,
    ],
    [
      'a web page for a create',
      (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      create,
      7,
      /a web page/,
    ],
    [
      'unexpected JSON',
      (r) => r.writeHead(200, { 'content-type': 'application/json' }).end('[1]'),
      state,
      7,
      /unexpected JSON/,
    ],
    [
      'JSON that is none',
      (r) => r.writeHead(200, { 'content-type': 'application/json' }).end('{nope'),
      state,
      7,
      /unexpected JSON/,
    ],
    [
      'a user name that is none',
      (r) => r.writeHead(200, { 'content-type': 'application/json' }).end('{"username": "../x"}'),
      whoAmI,
      7,
      /unexpected JSON/,
    ],
    [
      'an empty list of reasons',
      (r) => r.writeHead(400, { 'content-type': 'application/json' }).end('{"detail": []}'),
      create,
      6,
      /rachel: HTTP 400 Bad Request$/,
    ],
    [
      'a body that says nothing',
      (r) => r.writeHead(400, { 'content-type': 'application/json' }).end('{}'),
      create,
      6,
      /HTTP 400/,
    ],
    ['a refusal of 50 MB', (r) => r.writeHead(400).end(Buffer.alloc(50_000_000, 'x')), create, 6, /HTTP 400/],
  ];
  for (const [name, answer, question, code, message] of cases) {
    it(`${name} ends with ${code}`, async () => {
      const { result } = await ask(answer, question);
      const failure = failureOf(result);
      assert.equal(exitCode(outcomeOf(failure)), code);
      assert.match(failure.error.message, message);
      assert.ok(failure.error.message.length < 500);
    });
  }

  it('name the missing scope and the time to wait', async () => {
    const scope = await ask(replay('12-auth-errors.userscope-delete-403'), state);
    assert.equal(failureOf(scope.result).error.hint, 'The token lacks the scope admin:jupyterlab.');
    const limited = await ask((response) => response.writeHead(429, { 'retry-after': '7' }).end(), create);
    assert.equal(askedWait(failureOf(limited.result)), 7000);
    const dated = await ask((response) => {
      response
        .writeHead(503, {
          date: 'Tue, 24 Nov 2026 00:00:00 GMT',
          'retry-after': 'Tue, 24 Nov 2026 00:00:30 GMT',
        })
        .end();
    }, create);
    assert.equal(askedWait(failureOf(dated.result)), 30_000);
    const past = await ask((response) => {
      response
        .writeHead(429, {
          date: 'Tue, 24 Nov 2026 00:00:30 GMT',
          'retry-after': 'Tue, 24 Nov 2026 00:00:00 GMT',
        })
        .end();
    }, create);
    assert.equal(askedWait(failureOf(past.result)), 0);
    assert.match(failureOf(past.result).error.hint ?? '', /try again in 0 s/);
  });

  it('distinguish what may be retried', async () => {
    for (const [status, retry, from] of [
      [400, 'never', 'server'],
      [401, 'never', 'server'],
      [404, 'later', 'other'],
      [409, 'never', 'server'],
      [408, 'later', 'server'],
      [425, 'later', 'server'],
      [429, 'later', 'server'],
      [500, 'later', 'server'],
      [502, 'later', 'server'],
      [504, 'later', 'server'],
    ] as const) {
      const { result } = await ask((response) => response.writeHead(status).end(), create);
      const failure = failureOf(result);
      assert.deepEqual([failure.retry, failure.from], [retry, from], String(status));
    }
  });
});

describe('a network that does not respond', () => {
  async function freePort(): Promise<number> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  const at = (origin: string) =>
    createClient({
      base: new URL(`${origin}/nublado`),
      credentials: bearer,
      dispatcher,
      clock: realClock,
      redact: noSecrets.redact,
    });

  it('is reported in plain words', async () => {
    const refused = failureOf(await state(at(`http://127.0.0.1:${await freePort()}`)));
    assert.match(refused.error.message, /the connection was refused$/);
    assert.equal(exitCode(outcomeOf(refused)), 7);
    assert.deepEqual([refused.retry, refused.from], ['later', 'nobody']);
    const unknown = failureOf(await state(at('http://nosuch.invalid')));
    assert.match(unknown.error.message, /host name not found|the name server does not respond/);
  });

  it('can cut the response', async (t) => {
    const server = createServer((socket) => {
      socket.end(
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"status":',
      );
    });
    t.after(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const failure = failureOf(await state(at(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)));
    assert.match(failure.error.message, /the connection was cut$/);
    assert.deepEqual([failure.retry, failure.from], ['later', 'nobody']);
  });

  it('never puts the token into a message', async () => {
    for (const answer of [
      replay('12-auth-errors.bad-token-401'),
      replay('13-create-validation.missing-env'),
    ]) {
      const { result } = await ask(answer, create);
      assert.doesNotMatch(JSON.stringify(result), /gt-secret/);
    }
  });
});
