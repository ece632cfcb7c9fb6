/**
 * Requests that fail locally, in transit, or with an invalid response: which effect each may have had, and the message
 * that the user sees.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { createClient } from '../../src/backends/nublado/client.js';
import type { NubladoClient } from '../../src/backends/nublado/client.js';
import { noSecrets } from '../../src/model/redactor.js';
import type { Failure, Result } from '../../src/model/result.js';
import { answering } from '../support/answering.js';
import { realClock } from '../support/clock.js';
import { saying } from '../support/saying.js';

const agents: Agent[] = [];
after(() => Promise.all(agents.map((agent) => agent.destroy())));

function agent(options: Agent.Options = {}): Agent {
  const made = new Agent(options);
  agents.push(made);
  return made;
}

const { signal } = new AbortController();
const specification = {
  options: { image_class: 'recommended' as const, size: 'small', enable_debug: false, reset_user_env: false },
  env: {},
};

const at = (origin: string, dispatcher: Dispatcher = agent()): NubladoClient =>
  createClient({
    base: new URL(`${origin}/nublado`),
    credentials: { kind: 'bearer', token: 'gt-secret' },
    dispatcher,
    clock: realClock,
    redact: noSecrets.redact,
  });
const create = (backend: NubladoClient, until = signal) => backend.create('rachel', specification, until);
const state = (backend: NubladoClient) => backend.ownState(signal);

function failureOf(result: Result<unknown>): Failure {
  assert.equal(result.ok, false);
  return result.failure;
}

/** As Node makes them. */
const systemError = (code: string, syscall: string, address?: string): Error =>
  Object.assign(new Error(`${syscall} ${code} 127.0.0.1:443`), { code, syscall, errno: -1, address });

/** A way on which every connection fails so. */
function failing(error: Error): Agent {
  const connect: buildConnector.connector = (_to, callback) => {
    callback(error, null);
  };
  return agent({ connect });
}

/** Refuses connections. */
async function nobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

describe('a fault of this machine', () => {
  const mayNot = /this machine does not allow the connection/;
  const faults: [string, RegExp][] = [
    ['EACCES', mayNot],
    ['EPERM', mayNot],
    ['EADDRNOTAVAIL', /this machine has no local address or port/],
    ['EAI_FAIL', /the name lookup failed on this machine/],
    ['EAI_MEMORY', /this machine is out of memory/],
    ['EMFILE', /this process cannot open more files/],
    ['ENFILE', /this machine has too many open files/],
    ['ENOBUFS', /this machine is out of memory/],
    ['ENOMEM', /this machine is out of memory/],
    ['ENETDOWN', /the network of this machine is down/],
    ['ESOMETHINGNEW', /this machine reports: connect ESOMETHINGNEW/],
  ];
  for (const [code, text] of faults) {
    it(`${code} is named as such, and leaves nothing to wonder about`, async () => {
      const backend = at('http://controller.test', failing(systemError(code, 'connect')));
      const { error, ...failure } = failureOf(await create(backend));
      assert.match(error.message, text);
      assert.match(error.message, new RegExp(code));
      assert.doesNotMatch(error.hint ?? '', /may have begun|reachable/);
      assert.equal(error.type, 'machine');
      assert.deepEqual([failure.kind, failure.effect, failure.from], ['unknown', 'none', 'nobody']);
      // It may pass, as a network's does.
      assert.equal(failure.retry, 'later');
    });
  }

  it('is recognised with a real one, too', async () => {
    const away = agent({ localAddress: '203.0.113.1' });
    const { error, effect } = failureOf(await create(at(await nobody(), away)));
    assert.match(
      error.message,
      /this machine has no local address or port for the connection \(EADDRNOTAVAIL\)$/,
    );
    assert.deepEqual([error.type, effect], ['machine', 'none']);
  });

  it('that comes when the request was sent leaves the effect of a change unknown, and a GET without a response', async () => {
    let socket: Socket | null = null;
    const connector = buildConnector({});
    const connect: buildConnector.connector = (to, callback) => {
      connector(to, (...result) => {
        socket = result[1];
        callback(...result);
      });
    };
    await using server = await answering(() => {
      socket?.destroy(systemError('ENOBUFS', 'write'));
    });
    const created = failureOf(await create(at(server.origin, agent({ connect }))));
    assert.match(created.error.message, /out of memory/);
    assert.equal(created.effect, 'possible');
    assert.match(created.error.hint ?? '', /may still have started to create the lab/);
    assert.equal(failureOf(await state(at(server.origin, agent({ connect })))).effect, 'none');
  });
});

describe('how far a request got', () => {
  it('is not sent if the connection is refused, or ends in the handshake', async () => {
    assert.equal(failureOf(await create(at(await nobody()))).effect, 'none');
    await using server = await leaving();
    const failure = failureOf(await create(at(server.origin.replace('http:', 'https:'))));
    assert.match(failure.error.message, /the connection was cut$/);
    assert.equal(failure.effect, 'none');
  });

  it('is not at all where it was given up before there was a connection', async () => {
    const abort = new AbortController();
    const dispatcher = agent({
      connect: () => {
        abort.abort();
      },
    });
    assert.equal(
      failureOf(await create(at('http://controller.test', dispatcher), abort.signal)).effect,
      'none',
    );
  });

  it('is all the way where the connection is cut after it, or it is given up then', async () => {
    await using server = await leaving();
    const cut = failureOf(await create(at(server.origin)));
    assert.match(cut.error.message, /the connection was cut$/);
    assert.equal(cut.effect, 'possible');
    assert.match(cut.error.hint ?? '', /may still have started to create the lab/);
    const abort = new AbortController();
    await using silent = await answering(() => {
      abort.abort();
    });
    assert.equal(failureOf(await create(at(silent.origin), abort.signal)).effect, 'possible');
  });

  it('is not known of a dispatcher that cannot be watched', async () => {
    const inner = agent();
    const dispatcher = { request: inner.request.bind(inner) } as unknown as Dispatcher;
    assert.equal(failureOf(await create(at(await nobody(), dispatcher))).effect, 'possible');
  });

  /** Leaves as soon as anything arrives. */
  async function leaving() {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).on('data', () => socket.destroy());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      async [Symbol.asyncDispose]() {
        server.close();
        await once(server, 'close');
      },
    };
  }
});

describe('a mistake in a program', () => {
  it('is not a network error: an unexpected error is thrown', async () => {
    for (const error of [
      new TypeError('undefined is not a function'),
      new ReferenceError('nothing is not defined'),
      new assert.AssertionError({ message: 'false == true' }),
      Object.assign(new Error('invalid request path'), { code: 'UND_ERR_INVALID_ARG' }),
    ]) {
      await assert.rejects(create(at('http://controller.test', failing(error))), error);
    }
  });

  it('is a value that JSON cannot hold, of which nothing is sent', async () => {
    await using server = await saying('');
    const env = { NUMBER: 1n as unknown as string };
    await assert.rejects(at(server.origin).create('rachel', { ...specification, env }, signal), TypeError);
    assert.deepEqual(server.asked, []);
  });
});

describe('several addresses', () => {
  const [v4, v6] = ['192.0.2.1', '2001:db8::1'];
  const cases: [string, [string, string][], RegExp][] = [
    [
      'that nobody listens says more than no way',
      [
        ['ENETUNREACH', v6],
        ['ECONNREFUSED', v4],
      ],
      /connection was refused$/,
    ],
    [
      'and more than silence',
      [
        ['ETIMEDOUT', v4],
        ['ECONNREFUSED', v4],
      ],
      /connection was refused$/,
    ],
    [
      'silence says more than no way',
      [
        ['EHOSTUNREACH', v4],
        ['ETIMEDOUT', v4],
      ],
      /connection timed out$/,
    ],
    [
      'no IPv6 says least',
      [
        ['EADDRNOTAVAIL', v6],
        ['EHOSTUNREACH', v4],
      ],
      /host is unreachable$/,
    ],
    [
      'a local firewall says more than no way',
      [
        ['ENETUNREACH', v6],
        ['EPERM', v4],
      ],
      /\(EPERM\)$/,
    ],
    [
      'of two that say the same the first counts',
      [
        ['ECONNRESET', v4],
        ['ECONNREFUSED', v4],
      ],
      /connection was cut$/,
    ],
  ];
  for (const [name, errors, text] of cases) {
    it(name, async () => {
      const error = new AggregateError(
        errors.map(([code, address]) => systemError(code, 'connect', address)),
      );
      // Node gives it the code of the first.
      Object.assign(error, { code: errors[0]?.[0] });
      const { message } = failureOf(await state(at('http://controller.test', failing(error)))).error;
      assert.match(message, text);
    });
  }

  it('are all tried, and the one that responds with an error is reported', async () => {
    const lookup = (_host: string, _options: object, callback: (...args: unknown[]) => void): void => {
      callback(null, [
        { address: '::ffff:255.255.255.255', family: 6 },
        { address: '127.0.0.1', family: 4 },
      ]);
    };
    const { port } = new URL(await nobody());
    const { message } = failureOf(
      await state(at(`http://controller.test:${port}`, agent({ connect: { lookup } as object }))),
    ).error;
    assert.match(message, /the connection was refused$/);
  });
});

describe('a response that is not valid HTTP', () => {
  const longHeader = `X-Long: ${'x'.repeat(20_000)}`;
  const responses: [string, string, RegExp][] = [
    [
      '101, which nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\n\r\n',
      /the response is not valid HTTP$/,
    ],
    [
      '101 with an upgrade',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n',
      /not valid HTTP \(an unexpected switch to another protocol\)$/,
    ],
    [
      '100, which nobody asked for',
      'HTTP/1.1 100 Continue\r\n\r\n',
      /not valid HTTP \(an unexpected 100 Continue\)$/,
    ],
    ['status 000', 'HTTP/1.1 000 Nothing\r\n\r\n', /the response is not valid HTTP$/],
    ['status 99', 'HTTP/1.1 99 Little\r\n\r\n', /not valid HTTP \(Invalid status code\)$/],
    [
      'a header that is none',
      'HTTP/1.1 200 OK\r\nBad Header: x\r\n\r\n',
      /not valid HTTP \(Invalid header token\)$/,
    ],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', /the server does not speak HTTP on this port$/],
    [
      'headers without an end',
      `HTTP/1.1 200 OK\r\n${longHeader}\r\n\r\n`,
      /headers of the response are longer than 16384 bytes$/,
    ],
  ];
  for (const [name, bytes, text] of responses) {
    it(`${name}: no sign of a controller, but a change may have been made`, async () => {
      await using server = await saying(bytes);
      const asked = failureOf(await state(at(server.origin)));
      assert.match(asked.error.message, text);
      assert.deepEqual([asked.from, asked.effect, asked.retry], ['nobody', 'none', 'later']);
      assert.equal(failureOf(await create(at(server.origin))).effect, 'possible');
      // The connection that was cut is not a reused one.
      const backend = at(server.origin);
      await state(backend);
      assert.equal(failureOf(await backend.remove('rachel', signal)).effect, 'possible');
      assert.deepEqual(
        server.asked.map((line) => line.split(' ')[0]),
        ['GET', 'POST', 'GET', 'DELETE'],
      );
    });
  }

  it('names the option for longer headers', async () => {
    await using server = await saying(`HTTP/1.1 200 OK\r\n${longHeader}\r\n\r\n`);
    const { hint } = failureOf(await state(at(server.origin))).error;
    assert.match(hint ?? '', /set NODE_OPTIONS=--max-http-header-size=65536$/);
  });

  it('may be preceded by hints, which are passed over', async () => {
    const body = '{"status": "running"}';
    await using server = await saying(
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n' +
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.deepEqual(await state(at(server.origin)), { ok: true, value: { status: 'running' } });
  });
});
