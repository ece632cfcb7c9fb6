/**
 * A real HTTP proxy on loopback: tunnels (CONNECT) and absolute URLs. It connects every host to one local port,
 * so that a test may request a host that does not exist, and records what it saw.
 */
import { createServer, request as send, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificate } from './certificates.js';

export interface ProxyOptions {
  /** Where everything leads to. */
  port: number;
  /** `user:password`, if it requires them. */
  credentials?: string;
  /** Speaks TLS itself. */
  certificate?: Certificate;
  /** Responds this way instead of opening a tunnel; `hang-up` closes without a response, `silence` stays open. */
  refuse?: number | 'hang-up' | 'silence';
}

export interface Proxy extends AsyncDisposable {
  port: number;
  /** The first line of every request, as in `CONNECT host:443`. */
  seen: string[];
  /** Every `Authorization` that the proxy could read. */
  tokens: string[];
  /** From now on it requires these credentials, as `user:password`. */
  expect(credentials: string): void;
}

export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { port, credentials, certificate, refuse } = options;
  const seen: string[] = [];
  const tokens: string[] = [];
  const sockets = new Set<Duplex>();
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  let expected = credentials === undefined ? null : basic(credentials);
  const isWelcome = (request: IncomingMessage): boolean => {
    seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (request.headers.authorization !== undefined) tokens.push(request.headers.authorization);
    return expected === null || request.headers['proxy-authorization'] === expected;
  };
  const server: Server = certificate === undefined ? createServer() : createTlsServer(certificate);
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('connect', (request: IncomingMessage, client: Duplex) => {
    client.on('error', () => client.destroy());
    if (!isWelcome(request)) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n');
    } else if (refuse === 'hang-up') {
      client.destroy();
    } else if (typeof refuse === 'number') {
      client.end(`HTTP/1.1 ${refuse} No\r\nContent-Length: 0\r\n\r\n`);
    } else if (refuse === undefined) {
      const upstream = connect(port, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      sockets.add(upstream);
      upstream.on('error', () => client.destroy());
      upstream.on('close', () => sockets.delete(upstream));
    }
  });
  server.on('request', (request, response) => {
    if (!isWelcome(request)) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic' }).end();
      return;
    }
    const { pathname, search } = new URL(request.url ?? '');
    const { method, headers } = request;
    const onward = send({ host: '127.0.0.1', port, method, headers, path: pathname + search }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    tokens,
    expect(other) {
      expected = basic(other);
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
