/**
 * The fault-injecting proxy itself, between plain sockets.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { startFaultProxy, type FaultProxy } from './fault-proxy.js';

/** One end of a connection, and what it has received. */
class End {
  readonly socket: Socket;
  readonly chunks: string[] = [];
  ended = false;
  error: string | undefined;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.chunks.push(chunk);
      this.#wake();
    });
    socket.on('end', () => {
      this.ended = true;
      this.#wake();
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      this.error = code;
      this.#wake();
    });
  }

  get text(): string {
    return this.chunks.join('');
  }

  async until(holds: (end: End) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

interface Bench {
  proxy: FaultProxy;
  /** Opens a connection; both its ends. */
  open: () => Promise<{ client: End; server: End }>;
}

async function bench(t: TestContext): Promise<Bench> {
  const accepted: End[] = [];
  let arrived: () => void = () => undefined;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.push(new End(socket));
    arrived();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startFaultProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(async () => {
    await proxy.close();
    server.close();
  });
  return {
    proxy,
    async open() {
      const port = Number(new URL(proxy.origin).port);
      const client = new End(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
      t.after(() => client.socket.destroy());
      let server = accepted.shift();
      for (; server === undefined; server = accepted.shift()) {
        await new Promise<void>((resolve) => (arrived = resolve));
      }
      return { client, server };
    },
  };
}

describe('the fault proxy', () => {
  it('passes everything on, both ways and to the end, and counts it', async (t) => {
    const { proxy, open } = await bench(t);
    const { client, server } = await open();
    client.socket.end('question');
    await server.until(({ ended }) => ended);
    server.socket.end('the answer');
    await client.until(({ ended }) => ended);
    assert.equal(server.text, 'question');
    assert.equal(client.text, 'the answer');
    assert.deepEqual([proxy.connections, proxy.bytes], [1, { up: 8, down: 10 }]);
    assert.equal(proxy.through('http://127.0.0.1:1/path'), `${proxy.origin}/path`);
  });

  it('splits at every byte, on the chosen connections', async (t) => {
    const { proxy, open } = await bench(t);
    proxy.manner = (connection) => ({ split: connection === 2 });
    const text = 'x'.repeat(200);
    for (const split of [false, true]) {
      const { client, server } = await open();
      server.socket.end(text);
      await client.until(({ ended }) => ended);
      assert.equal(client.text, text);
      assert.equal(client.chunks.length > 100, split, `${client.chunks.length} chunks`);
    }
  });

  for (const [name, manner] of [
    ['delays', { delayMs: 1000 }],
    ['throttles', { bytesPerSecond: 4 }],
  ] as const) {
    it(`${name}: data sent later on another connection arrives before it`, async (t) => {
      const { proxy, open } = await bench(t);
      proxy.manner = (connection) => (connection === 1 ? manner : {});
      const [slow, quick] = [await open(), await open()];
      slow.server.socket.write('late');
      for (let trip = 1; trip <= 20; trip++) {
        quick.server.socket.write('x');
        await quick.client.until(({ text }) => text.length === trip);
      }
      assert.notEqual(slow.client.text, 'late');
      await slow.client.until(({ text }) => text === 'late');
    });
  }

  it('drops a connection behind so many bytes: both ends see its proper end', async (t) => {
    const { proxy, open } = await bench(t);
    const struck = proxy.strike({ fault: 'drop', after: 4 });
    const { client, server } = await open();
    server.socket.write('123456');
    await struck;
    await client.until(({ ended }) => ended);
    await server.until(({ ended }) => ended);
    assert.deepEqual([client.text, client.error, server.error], ['1234', undefined, undefined]);
  });

  it('strikes behind a text, wherever that is cut, and once', async (t) => {
    const { proxy, open } = await bench(t);
    const struck = proxy.strike({ fault: 'drop', after: 'here' });
    for (const text of ['before', 'before-he']) {
      const { client, server } = await open();
      server.socket.write('before-he');
      await client.until((end) => end.text === 'before-he');
      server.socket.write(text === 'before' ? 're|after' : 're|after');
      if (text === 'before') {
        await struck;
        await client.until(({ ended }) => ended);
        assert.equal(client.text, 'before-here');
      } else {
        await client.until((end) => end.text === 'before-here|after');
      }
    }
  });

  it('strikes the connection of a number, whatever passes on others', async (t) => {
    const { proxy, open } = await bench(t);
    void proxy.strike({ fault: 'drop', after: 1, connection: 2 });
    const [first, second] = [await open(), await open()];
    first.server.socket.write('whole');
    second.server.socket.write('whole');
    await second.client.until(({ ended }) => ended);
    await first.client.until(({ text }) => text === 'whole');
    assert.equal(second.client.text, 'w');
  });

  it('resets a connection on demand: both ends see a RST', async (t) => {
    const { proxy, open } = await bench(t);
    const { client, server } = await open();
    proxy.now('reset');
    await client.until(({ error }) => error !== undefined);
    await server.until(({ error }) => error !== undefined);
    assert.deepEqual([client.error, server.error], ['ECONNRESET', 'ECONNRESET']);
  });

  it('half-closes towards the client, whose data still passes', async (t) => {
    const { proxy, open } = await bench(t);
    const { client, server } = await open();
    proxy.now('half-close-client');
    await client.until(({ ended }) => ended);
    client.socket.write('still here');
    await server.until(({ text }) => text === 'still here');
    assert.equal(server.ended, false);
  });

  it('half-closes towards the server, whose data still passes', async (t) => {
    const { proxy, open } = await bench(t);
    const { client, server } = await open();
    proxy.now('half-close-server');
    await server.until(({ ended }) => ended);
    server.socket.write('still here');
    await client.until(({ text }) => text === 'still here');
    assert.equal(client.ended, false);
  });

  it('turns into a black hole: open, and nothing passes, not even an end', async (t) => {
    const { proxy, open } = await bench(t);
    const dark = await open();
    proxy.now('black-hole');
    dark.client.socket.write('lost');
    dark.server.socket.end('lost');
    // What was sent later on another connection has arrived, and still nothing here.
    const bright = await open();
    bright.client.socket.end('x'.repeat(100_000));
    await bright.server.until(({ ended }) => ended);
    assert.deepEqual([dark.client.text, dark.client.ended, dark.client.error], ['', false, undefined]);
    assert.equal(dark.server.text, '');
    assert.equal(proxy.open, 2);
  });

  it('refuses connections until it accepts again, and leaves open ones alone', async (t) => {
    const { proxy, open } = await bench(t);
    const { client, server } = await open();
    await proxy.refuse();
    const refused = connect(Number(new URL(proxy.origin).port), '127.0.0.1');
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
    server.socket.write('still here');
    await client.until(({ text }) => text === 'still here');
    await proxy.accept();
    const later = await open();
    later.server.socket.write('back');
    await later.client.until(({ text }) => text === 'back');
  });

  it('responds with its own error if the server refuses connections', async (t) => {
    const proxy = await startFaultProxy('http://127.0.0.1:1');
    t.after(() => proxy.close());
    const client = new End(connect(Number(new URL(proxy.origin).port), '127.0.0.1'));
    await client.until(({ error }) => error !== undefined);
    assert.equal(client.error, 'ECONNRESET');
  });
});
