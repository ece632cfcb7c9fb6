/**
 * An HTTP server on loopback that sends one response to every request, for what the simulated controller never sends.
 */
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificates.js';
import './closing.js';

export interface Asked {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** The other end of the connection that it came on. */
  remotePort: number;
}

export interface Answering extends AsyncDisposable {
  origin: string;
  port: number;
  asked: Asked[];
  close(): Promise<void>;
}

/** With a certificate, it speaks TLS. */
export async function answering(
  answer: (response: ServerResponse, asked: Asked) => void,
  certificate: Certificate | null = null,
): Promise<Answering> {
  const asked: Asked[] = [];
  const listener: RequestListener = (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { method = '', url = '', headers, socket } = request;
      const seen = { method, url, headers, body, remotePort: socket.remotePort ?? NaN };
      asked.push(seen);
      answer(response, seen);
    });
  };
  const server = certificate === null ? createServer(listener) : createTlsServer(certificate, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${certificate === null ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    asked,
    close,
    [Symbol.asyncDispose]: close,
  };
}
