/**
 * Bodies that arrive late or never, over real HTTP: status and headers decide, after a time that the test's clock
 * shows; and how those headers describe a body.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Agent } from 'undici';
import type { Clock } from '../../src/runtime/context.js';
import type { NubladoClient } from '../../src/backends/nublado/client.js';
import { createClient, type Credentials } from '../../src/backends/nublado/client.js';
import { exitCode } from '../../src/model/outcome.js';
import { noSecrets } from '../../src/model/redactor.js';
import { outcomeOf, type Failure, type Result } from '../../src/model/result.js';
import { answering } from '../support/answering.js';
import { FakeClock, realClock } from '../support/clock.js';

const dispatcher = new Agent();
after(() => dispatcher.destroy());

const { signal } = new AbortController();
const specification = {
  options: { image_class: 'recommended' as const, size: 'small', enable_debug: false, reset_user_env: false },
  env: {},
};

type Question = (backend: NubladoClient) => Promise<Result<unknown>>;
const questions = {
  create: (backend) => backend.create('rachel', specification, signal),
  events: (backend) => backend.events('rachel', signal),
  state: (backend) => backend.ownState(signal),
  remove: (backend) => backend.remove('rachel', signal),
  list: (backend) => backend.list(signal),
  choices: (backend) => backend.choices('rachel', signal),
  whoAmI: (backend) => backend.whoAmI(signal),
} satisfies Record<string, Question>;

const bearer: Credentials = { kind: 'bearer', token: 'gt-secret' };

const at = (origin: string, clock: Clock = realClock, credentials: Credentials = bearer): NubladoClient =>
  createClient({
    base: new URL(`${origin}/nublado`),
    credentials,
    dispatcher,
    clock,
    redact: noSecrets.redact,
  });

/** Sends a request to one server that responds this way. */
async function ask(
  question: keyof typeof questions,
  answer: (response: ServerResponse) => void,
  credentials: Credentials = bearer,
): Promise<Result<unknown>> {
  await using server = await answering(answer);
  return await questions[question](at(server.origin, realClock, credentials));
}

function failureOf(result: Result<unknown>): Failure {
  assert.equal(result.ok, false);
  return result.failure;
}

const codeOf = (result: Result<unknown>): number => (result.ok ? 0 : exitCode(outcomeOf(failureOf(result))));

const json = 'application/json';
const refusal = (type: string, msg = 'No'): string => JSON.stringify({ detail: [{ msg, type }] });
const cutOff = '{"detail": [{"msg": "Half';

interface Row {
  question: keyof typeof questions;
  status: number;
  type: string;
  /** The part of the body that arrives before it stops. */
  body?: string;
  /** How long the client waits for it, in milliseconds; null if it does not wait. */
  waits: number | null;
  code: number;
  says?: RegExp;
  headers?: Record<string, string>;
}

describe('a body without an end', () => {
  const rows: Row[] = [
    // Only its text is in the body.
    ...(['state', 'list', 'choices', 'whoAmI', 'events', 'remove'] as const).map((question): Row => ({
      question,
      status: 403,
      type: json,
      waits: 2_000,
      code: 3,
      says: /: HTTP 403 Forbidden$/,
    })),
    { question: 'state', status: 401, type: json, waits: 2_000, code: 3 },
    { question: 'create', status: 401, type: 'text/plain', waits: 2_000, code: 3 },
    { question: 'create', status: 400, type: json, waits: 2_000, code: 6 },
    { question: 'create', status: 422, type: 'application/problem+json', waits: 2_000, code: 6 },
    { question: 'create', status: 409, type: json, waits: 2_000, code: 5 },
    { question: 'create', status: 413, type: 'text/plain', waits: 2_000, code: 6 },
    { question: 'state', status: 404, type: 'text/plain', waits: 2_000, code: 7 },
    // What came of it counts.
    {
      question: 'create',
      status: 409,
      type: json,
      body: refusal('lab_exists', 'There is one'),
      waits: 2_000,
      code: 5,
      says: /There is one/,
    },
    // The exit code is in it.
    { question: 'create', status: 403, type: json, waits: 10_000, code: 3 },
    {
      question: 'create',
      status: 403,
      type: json,
      body: refusal('insufficient_quota'),
      waits: 10_000,
      code: 6,
    },
    { question: 'state', status: 404, type: json, waits: 10_000, code: 0 },
    { question: 'state', status: 404, type: json, body: '{"detail": "Not Found"}', waits: 10_000, code: 0 },
    { question: 'events', status: 404, type: json, waits: 10_000, code: 4 },
    { question: 'remove', status: 404, type: json, waits: 10_000, code: 4 },
    { question: 'remove', status: 500, type: json, waits: 10_000, code: 7, says: /: HTTP 500/ },
    { question: 'remove', status: 500, type: json, body: refusal('delete_failed'), waits: 10_000, code: 1 },
    // Nobody needs it: there are no words in a page,
    { question: 'create', status: 403, type: 'text/html', waits: null, code: 3 },
    { question: 'state', status: 404, type: 'text/html', waits: null, code: 7 },
    // the request is repeated,
    ...[408, 425, 429, 500, 502, 503, 504].map((status): Row => ({
      question: 'state',
      status,
      type: json,
      waits: null,
      code: 7,
    })),
    { question: 'create', status: 500, type: 'text/plain', waits: null, code: 7 },
    { question: 'remove', status: 500, type: 'text/plain', waits: null, code: 7 },
    { question: 'remove', status: 503, type: json, waits: null, code: 7 },
    // it leads elsewhere, or nowhere,
    {
      question: 'state',
      status: 302,
      type: json,
      waits: null,
      code: 3,
      headers: { location: 'https://login.test/' },
    },
    // or it is not what was requested.
    {
      question: 'events',
      status: 200,
      type: 'text/plain',
      waits: null,
      code: 7,
      says: /the response is text\/plain \(/,
    },
    {
      question: 'events',
      status: 200,
      type: 'text/event-streamx',
      waits: null,
      code: 7,
      says: /the response is text\/event-streamx \(/,
    },
    {
      question: 'events',
      status: 200,
      type: json,
      waits: null,
      code: 7,
      says: /the response is application\/json \(/,
    },
    {
      question: 'events',
      status: 200,
      type: 'text/event-stream',
      headers: { 'content-encoding': 'br' },
      waits: null,
      code: 7,
      says: /the response is compressed \(br\), which was not requested/,
    },
    {
      question: 'state',
      status: 200,
      type: 'text/html',
      waits: null,
      code: 7,
      says: /the response is a web page/,
    },
    {
      question: 'choices',
      status: 200,
      type: json,
      waits: null,
      code: 7,
      says: /the response is application\/json/,
    },
    // A success response that stalls is a lost response.
    {
      question: 'state',
      status: 200,
      type: json,
      waits: 10_000,
      code: 7,
      says: /: the response stopped in the middle$/,
    },
    {
      question: 'list',
      status: 200,
      type: json,
      body: '["rachel"]',
      waits: 10_000,
      code: 7,
      says: /the response stopped/,
    },
    {
      question: 'choices',
      status: 200,
      type: 'text/html',
      waits: 10_000,
      code: 7,
      says: /the response stopped/,
    },
  ];

  for (const { question, status, type, body = cutOff, waits, code, says, headers = {} } of rows) {
    const wait = waits === null ? 'not waited for' : `waited for ${waits / 1000} s`;
    it(
      `(${status} ${type} to ${question}, ${body.length} bytes) is ${wait}: ${code}`,
      { timeout: 20_000 },
      async () => {
        let left: Promise<unknown> | undefined;
        await using server = await answering((response) => {
          left = once(response, 'close');
          response.writeHead(status, { 'content-type': type, ...headers }).write(body);
        });
        const clock = new FakeClock();
        let settled = false as boolean;
        const asking = questions[question](at(server.origin, clock)).finally(() => {
          settled = true;
        });
        while (!settled && clock.nextDue === null) await new Promise(setImmediate);
        if (waits !== null) {
          assert.equal(settled, false, 'it was not waited for');
          assert.equal(clock.nextDue, waits);
          clock.advance(waits);
        }
        const result = await asking;
        assert.equal(codeOf(result), code);
        if (says !== undefined) assert.match(failureOf(result).error.message, says);
        if (!result.ok && code === 7 && waits === 10_000) {
          assert.deepEqual([result.failure.retry, result.failure.effect], ['later', 'possible']);
        }
        // And its connection is closed, at the latest shortly after the caller has discarded the response.
        clock.advance(1_000);
        await left;
        assert.equal(clock.pending, 0);
      },
    );
  }
});

describe('a media type', () => {
  const lab = '{"status": "running"}';
  const answers =
    (type: string, body: string, status = 200) =>
    (response: ServerResponse) => {
      response.writeHead(status, type === '' ? {} : { 'content-type': type }).end(body);
    };

  for (const type of [
    json,
    'application/json; charset=utf-8',
    'Application/JSON ;charset=x',
    'text/json',
    'application/x.lab+json',
  ]) {
    it(`${type} is JSON`, async () => {
      assert.deepEqual(await ask('state', answers(type, lab)), { ok: true, value: { status: 'running' } });
      const refused = await ask('create', answers(type, refusal('unknown_image'), 400));
      assert.equal(failureOf(refused).error.type, 'unknown_image');
    });
  }

  for (const type of [
    'application/jsonx',
    'application/json5',
    'application/x-json-stream',
    'json',
    'text/plain',
    '',
  ]) {
    it(`"${type}" is not`, async () => {
      assert.equal(codeOf(await ask('state', answers(type, lab))), 7);
      const refused = await ask('create', answers(type, refusal('insufficient_quota'), 403));
      assert.deepEqual([codeOf(refused), failureOf(refused).error.type], [3, 'forbidden']);
    });
  }

  for (const [type, is] of [
    ['text/event-stream', true],
    ['Text/Event-Stream; charset=utf-8', true],
    ['text/event-streamx', false],
    ['text/event-stream-v2; q=text/event-stream', false],
    ['application/octet-stream; type="text/event-stream"', false],
  ] as const) {
    it(`${type} is ${is ? 'an' : 'no'} event stream`, async () => {
      assert.equal((await ask('events', answers(type, ''))).ok, is);
    });
  }
});

describe('a content coding', () => {
  const encoded =
    (coding: string | string[], body: string | Buffer, status = 200) =>
    (response: ServerResponse) => {
      response.setHeader('content-encoding', coding);
      response.writeHead(status, { 'content-type': json }).end(body);
    };

  for (const coding of ['identity', 'none', 'None', '', 'identity, identity', 'utf-8']) {
    it(`"${coding}" is not a compression`, async () => {
      const result = await ask('state', encoded(coding, '{"status": "running"}'));
      assert.deepEqual(result, { ok: true, value: { status: 'running' } });
    });
  }

  for (const [coding, name] of [
    ['gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['identity, br', 'br'],
    [['deflate', 'gzip'], 'deflate, gzip'],
    ['zstd', 'zstd'],
  ] as const) {
    it(`"${String(coding)}" is named, in refusals too`, async () => {
      const compressed = new RegExp(
        `the response is compressed \\(${name}\\), which was not requested \\(HTTP`,
      );
      for (const status of [200, 400, 403, 503]) {
        const bytes = gzipSync(refusal('insufficient_quota'));
        const { error } = failureOf(await ask('create', encoded([coding].flat(), bytes, status)));
        assert.match(error.message, compressed, String(status));
      }
      // The ingress's words are in its headers.
      const { error } = failureOf(
        await ask('state', (response) => {
          response.setHeader('www-authenticate', 'Bearer error="invalid_token", error_description="Too old"');
          encoded([coding].flat(), '', 401)(response);
        }),
      );
      assert.match(error.message, /: Too old \(HTTP 401 Unauthorized\)$/);
      // The status and the content type already say that there is no lab.
      assert.deepEqual(await ask('state', encoded([coding].flat(), '', 404)), { ok: true, value: null });
    });
  }
});

describe('a status', () => {
  const empty = (status: number) => (response: ServerResponse) => {
    response.writeHead(status).end();
  };

  for (const status of [300, 304, 305, 306]) {
    it(`${status} is not a redirect`, async () => {
      const result = await ask('state', empty(status));
      assert.equal(codeOf(result), 7);
      assert.doesNotMatch(failureOf(result).error.message, /redirect/);
      assert.equal(failureOf(result).from, 'other');
    });
  }

  for (const status of [413, 414, 415, 431]) {
    it(`${status} is a refusal of the request`, async () => {
      assert.equal(codeOf(await ask('create', empty(status))), 6);
    });
  }

  it('413 says what to make shorter', async () => {
    assert.match(failureOf(await ask('create', empty(413))).error.hint ?? '', /--env/);
  });

  for (const status of [405, 418, 600, 999]) {
    it(`${status} is not from a controller, and is not retried`, async () => {
      const failure = failureOf(await ask('state', empty(status)));
      assert.equal(failure.from, 'other');
    });
  }
});

describe('a token that is not valid', () => {
  const invalid = (response: ServerResponse): void => {
    response.writeHead(401, { 'content-type': json }).end(refusal('invalid_token'));
  };

  it('is named by where it came from', async () => {
    const { hint } = failureOf(await ask('state', invalid, { ...bearer, origin: 'LAB_TOKEN' })).error;
    assert.equal(hint, 'The token from LAB_TOKEN is invalid or has expired. Create a new one.');
  });

  it('came from a program that knows it', async () => {
    const { hint } = failureOf(await ask('state', invalid)).error;
    assert.equal(hint, 'The token is invalid or has expired. Create a new one.');
  });
});
