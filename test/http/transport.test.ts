/**
 * Redirects, connections that are cut just as they are used again, and bodies without bounds, over real HTTP.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Agent } from 'undici';
import type { Clock } from '../../src/runtime/context.js';
import { createClient } from '../../src/backends/nublado/client.js';
import type { NubladoClient } from '../../src/backends/nublado/client.js';
import { exitCode } from '../../src/model/outcome.js';
import { noSecrets } from '../../src/model/redactor.js';
import { outcomeOf, type Failure, type Result } from '../../src/model/result.js';
import { answering, type Asked } from '../support/answering.js';
import { FakeClock, realClock } from '../support/clock.js';

const dispatcher = new Agent();
after(() => dispatcher.destroy());

const { signal } = new AbortController();
const specification = {
  options: { image_class: 'recommended' as const, size: 'small', enable_debug: false, reset_user_env: false },
  env: {},
};

const at = (origin: string, through = dispatcher, clock: Clock = realClock): NubladoClient =>
  createClient({
    base: new URL(`${origin}/nublado`),
    credentials: { kind: 'bearer', token: 'gt-secret' },
    dispatcher: through,
    clock,
    redact: noSecrets.redact,
  });
const create = (backend: NubladoClient) => backend.create('rachel', specification, signal);
const events = (backend: NubladoClient) => backend.events('rachel', signal);
const state = (backend: NubladoClient) => backend.ownState(signal);
const remove = (backend: NubladoClient) => backend.remove('rachel', signal);

function failureOf(result: Result<unknown>): Failure {
  assert.equal(result.ok, false);
  return result.failure;
}

const codeOf = (result: Result<unknown>): number => exitCode(outcomeOf(failureOf(result)));

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

const page =
  (status: number) =>
  (response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'text/html' }).end('<html>Sign in</html>');
  };

function redirect(response: ServerResponse, status: number, location: string): void {
  response.writeHead(status, { location }).end();
}

describe('a redirect', () => {
  const moved = (url: string): string => url.replace('/nublado/', '/moved/');
  /** Everything has moved, with the status given. */
  const elsewhere = (status: number, answer: (response: ServerResponse, asked: Asked) => void) =>
    answering((response, asked) => {
      if (asked.url.startsWith('/moved/')) answer(response, asked);
      else redirect(response, status, moved(asked.url));
    });

  for (const status of [301, 302, 303, 307, 308]) {
    it(`${status} of a GET is followed within the origin, with the token`, async () => {
      await using server = await elsewhere(status, (response) => {
        json(response, { status: 'running' });
      });
      const result = await state(at(server.origin));
      assert.deepEqual(result, { ok: true, value: { status: 'running' } });
      assert.equal(server.asked.at(-1)?.headers.authorization, 'Bearer gt-secret');
    });
  }

  for (const status of [307, 308]) {
    it(`${status} keeps the method and the body`, async () => {
      await using server = await elsewhere(status, (response, { method }) => {
        if (method === 'POST') json(response, null, 201);
        else response.writeHead(204).end();
      });
      const backend = at(server.origin);
      assert.equal((await create(backend)).ok, true);
      const { method, body } = server.asked.at(-1) ?? {};
      assert.deepEqual([method, JSON.parse(body ?? '')], ['POST', specification]);
      assert.equal((await remove(backend)).ok, true);
      assert.equal(server.asked.at(-1)?.method, 'DELETE');
    });
  }

  for (const status of [301, 302, 303]) {
    it(`${status} of a POST or DELETE would make a GET of it, and is not followed`, async () => {
      await using server = await elsewhere(status, (response) => {
        json(response, null, 201);
      });
      assert.equal(codeOf(await create(at(server.origin))), 3);
      assert.equal(codeOf(await remove(at(server.origin))), 3);
      assert.equal(server.asked.length, 2);
    });
  }

  it('to another origin never gets the token, nor anything else', async () => {
    await using other = await answering((response) => {
      json(response, { status: 'running' });
    });
    for (const status of [301, 302, 303, 307, 308]) {
      await using server = await answering((response, { url }) => {
        redirect(response, status, `${other.origin}${url}`);
      });
      for (const question of [state, events, create, remove]) {
        const result = await question(at(server.origin));
        assert.equal(codeOf(result), 3);
        assert.match(failureOf(result).error.message, new RegExp(`redirected to ${other.origin}/`));
      }
    }
    assert.deepEqual(other.asked, []);
  });

  it('to another origin by way of the own one gets no further', async () => {
    await using other = await answering(page(200));
    await using server = await elsewhere(307, (response) => {
      redirect(response, 307, other.origin);
    });
    const result = await state(at(server.origin));
    assert.equal(codeOf(result), 3);
    assert.match(failureOf(result).error.message, /redirected to .*, after 1 other redirect/);
    assert.deepEqual(other.asked, []);
  });

  it('from http to https says how the URL should begin', async () => {
    await using server = await answering((response, { url }) => {
      redirect(response, 301, `https://127.0.0.1${url}`);
    });
    const result = await state(at(server.origin));
    assert.equal(codeOf(result), 3);
    assert.match(failureOf(result).error.hint ?? '', /begin with https:\/\//);
  });

  for (const [name, answer] of [
    ['a login page', page(200)],
    ['a page that is not there', page(404)],
    [
      'itself',
      (response: ServerResponse) => {
        redirect(response, 302, '/moved/');
      },
    ],
  ] as const) {
    it(`that ends at ${name} is not signed in`, async () => {
      await using server = await elsewhere(302, answer);
      for (const question of [state, events, create, remove]) {
        const result = await question(at(server.origin));
        assert.equal(codeOf(result), 3);
        assert.match(failureOf(result).error.message, /redirected to .*\/moved\//);
        assert.match(failureOf(result).error.hint ?? '', /Probably not signed in/);
      }
      assert.ok(server.asked.length <= 14, String(server.asked.length));
    });
  }

  it('leaves the controller its own refusals', async () => {
    await using server = await elsewhere(307, (response) => {
      json(response, { detail: [{ msg: 'Unknown user', type: 'unknown_user' }] }, 404);
    });
    assert.deepEqual(await state(at(server.origin)), { ok: true, value: null });
    assert.equal(codeOf(await events(at(server.origin))), 4);
  });
});

describe('a base URL with two slashes', () => {
  it('is requested as it is: the text after them is not a host for the token', async () => {
    await using other = await answering((response) => {
      json(response, { status: 'running' });
    });
    await using server = await answering((response) => {
      json(response, { status: 'pending' });
    });
    const result = await state(at(`${server.origin}//127.0.0.1:${other.port}`));
    assert.deepEqual(other.asked, []);
    assert.deepEqual(result, { ok: true, value: { status: 'pending' } });
    assert.equal(server.asked[0]?.url, `//127.0.0.1:${other.port}/nublado/spawner/v1/user-status`);
  });
});

describe('a kept-alive connection', () => {
  // With more than one it is undici's choice whether an old one is used again.
  const single = new Agent({ connections: 1 });
  after(() => single.destroy());

  /** Responds to the first request of each connection, and disconnects when a second one arrives on it. */
  async function leaving(answer: string, answers = Infinity) {
    const seen: string[] = [];
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      let used = false;
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        const line = data.toString().split('\r\n')[0] ?? '';
        if (!line.endsWith(' HTTP/1.1')) return;
        seen.push(line.split(' ')[0] ?? '');
        if (used || seen.length > answers) socket.destroy();
        else socket.write(answer);
        used = true;
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      seen,
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }
  const body = '{"status": "running"}';
  const isRunning = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const missing = '{"detail": [{"msg": "Unknown user", "type": "unknown_user"}]}';
  const isMissing = `HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: ${missing.length}\r\n\r\n${missing}`;

  it('that is closed while being reused does not fail a GET', async () => {
    await using server = await leaving(isRunning);
    const backend = at(server.origin, single);
    for (let i = 0; i < 3; i++) assert.equal((await state(backend)).ok, true);
    assert.ok(server.seen.length > 3, 'no connection was used again');
  });

  it('nor of a DELETE, whose repetition finds the lab gone', async () => {
    await using server = await leaving(isMissing);
    const backend = at(server.origin, single);
    assert.deepEqual(await state(backend), { ok: true, value: null });
    assert.deepEqual(await remove(backend), { ok: true, value: null });
    assert.deepEqual(server.seen, ['GET', 'DELETE', 'DELETE']);
  });

  it('that is a new one leaves a 404 to the first DELETE what it is', async () => {
    await using server = await leaving(isMissing);
    assert.equal(codeOf(await remove(at(server.origin, single))), 4);
  });

  it('is an error of a POST, which is sent once', async () => {
    await using server = await leaving(isRunning);
    const backend = at(server.origin, single);
    await state(backend);
    const failure = failureOf(await create(backend));
    assert.deepEqual([failure.effect, failure.retry], ['possible', 'later']);
    assert.deepEqual(server.seen, ['GET', 'POST']);
  });

  it('is retried only once, and never before a first response', async () => {
    await using dead = await leaving(isRunning, 0);
    assert.match(failureOf(await state(at(dead.origin, single))).error.message, /the connection was cut$/);
    assert.deepEqual(dead.seen, ['GET']);
    await using dying = await leaving(isRunning, 1);
    const backend = at(dying.origin, single);
    await state(backend);
    const failure = failureOf(await remove(backend));
    assert.deepEqual([failure.effect, failure.retry], ['possible', 'later']);
    assert.deepEqual(dying.seen, ['GET', 'DELETE', 'DELETE']);
  });
});

describe('an unneeded body', () => {
  for (const [status, headers, code] of [
    [201, { 'content-length': '4' }, null],
    [307, { location: '/elsewhere' }, 6],
  ] as const) {
    it(`is waited for in vain a moment and no longer (${status})`, async () => {
      let left: Promise<unknown> | undefined;
      await using server = await answering((response, { url }) => {
        if (url === '/elsewhere') {
          json(response, { detail: 'No' }, 400);
          return;
        }
        left = once(response, 'close');
        response.writeHead(status, headers).flushHeaders();
      });
      const clock = new FakeClock();
      const result = await create(at(server.origin, dispatcher, clock));
      if (code === null) assert.equal(result.ok, true);
      else assert.equal(codeOf(result), code);
      clock.advance(1_000);
      await left;
      assert.equal(clock.pending, 0);
    });
  }

  it('leaves its connection to the next request if it is short', async (t) => {
    const single = new Agent({ connections: 1 });
    t.after(() => single.destroy());
    const ports = new Set<number | undefined>();
    await using server = await answering((response, { method }) => {
      ports.add(response.socket?.remotePort);
      if (method === 'POST') json(response, null, 201);
      else json(response, { status: 'running' });
    });
    const clock = new FakeClock();
    const backend = at(server.origin, single, clock);
    assert.equal((await create(backend)).ok, true);
    assert.equal((await state(backend)).ok, true);
    assert.equal(ports.size, 1);
    assert.equal(clock.pending, 0);
  });
});

describe('a body', () => {
  /** Sends chunks until the connection is cut, and reports the number of bytes sent. */
  async function endless(
    status: number,
    type: string,
    question: (backend: NubladoClient) => Promise<Result<unknown>>,
  ) {
    let sent = 0;
    let left: Promise<unknown> | undefined;
    const piece = Buffer.alloc(64 * 1024, '[');
    await using server = await answering((response) => {
      left = once(response, 'close');
      response.writeHead(status, { 'content-type': type });
      const more = (): void => {
        while (!response.destroyed && response.write(piece)) sent += piece.length;
        sent += piece.length;
      };
      response.on('drain', more);
      more();
    });
    const result = await question(at(server.origin));
    await left;
    return { result, sent };
  }

  for (const [status, type, question, code] of [
    [200, 'application/json', state, 7],
    [200, 'text/html', events, 7],
    [400, 'application/json', create, 6],
    [401, 'text/plain', events, 3],
    [500, 'text/html', remove, 7],
    [201, 'application/json', create, null],
  ] as const) {
    it(`without an end (${status} ${type}) is cut off after a little`, async () => {
      const { result, sent } = await endless(status, type, question);
      if (code === null) assert.equal(result.ok, true);
      else assert.equal(codeOf(result), code);
      // What the buffers of both ends take comes on top of the one that is read.
      assert.ok(sent < 20_000_000, `${sent} bytes`);
    });
  }

  it('that comes slowly takes no longer than its signal', async () => {
    const abort = new AbortController();
    await using server = await answering((response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"status": ');
      abort.abort();
    });
    failureOf(await at(server.origin).ownState(abort.signal));
  });

  const nested = (depth: number): string =>
    `{"status": "running", "deep": ${'['.repeat(depth)}${']'.repeat(depth)}}`;
  for (const depth of [101, 10_000, 500_000, 1_000_000]) {
    it(`nested ${depth} deep is neither a state nor a bug`, async () => {
      await using server = await answering((response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(nested(depth));
      });
      assert.equal(codeOf(await state(at(server.origin))), 7);
    });
    it(`nested ${depth} deep is a refusal like any other`, async () => {
      await using server = await answering((response) => {
        response.writeHead(400, { 'content-type': 'application/json' }).end(nested(depth));
      });
      assert.equal(codeOf(await create(at(server.origin))), 6);
    });
  }

  it('may be nested a little, and hold brackets in its strings', async () => {
    const value = { status: 'running', text: '[{"'.repeat(1000), deep: [[[{ a: [1] }]]] };
    await using server = await answering((response) => {
      json(response, value);
    });
    assert.deepEqual(await state(at(server.origin)), { ok: true, value });
  });

  it('may be a string without an end, full of quotes: no state, and no work for minutes', async () => {
    await using server = await answering((response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(`"${'\\"'.repeat(500_000)}`);
    });
    assert.equal(codeOf(await state(at(server.origin))), 7);
  });

  it('is not wanted compressed, and not read where it is', async () => {
    await using server = await answering((response, { url }) => {
      const type = url.endsWith('/events') ? 'text/event-stream' : 'application/json';
      const bytes = gzipSync(JSON.stringify({ status: 'running' }));
      response.writeHead(200, { 'content-type': type, 'content-encoding': 'gzip' }).end(bytes);
    });
    for (const question of [state, events]) {
      const result = await question(at(server.origin));
      assert.equal(codeOf(result), 7);
      assert.match(
        failureOf(result).error.message,
        /the response is compressed \(gzip\), which was not requested/,
      );
    }
    assert.equal(server.asked[0]?.headers['accept-encoding'], 'identity');
  });
});
