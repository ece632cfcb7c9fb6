/**
 * The direct way to a server: a dispatcher without a proxy.
 *
 * Owns the connection timeout and what a late TLS alert does to a socket. Certificates and proxies are left to `connect.ts`:
 * the library needs neither.
 */
import { Agent, buildConnector, type Dispatcher } from 'undici';

export type ConnectionOptions = buildConnector.BuildOptions;

/** How long a host may take to accept a connection, in milliseconds. */
export const connectTimeout = 5_000;

export function createAgent(options: ConnectionOptions = { timeout: connectTimeout }): Dispatcher {
  return new Agent({ connect: heedingErrors(buildConnector(options)) });
}

/**
 * A connector whose sockets close with their first error. Node emits that of a TLS alert which comes after the handshake
 * without closing the socket (in TLS 1.3 a server asks for a client certificate that late), and undici would report
 * the end that follows: "other side closed".
 */
export function heedingErrors(connector: buildConnector.connector): buildConnector.connector {
  return (to, callback) => {
    connector(to, (...result) => {
      const [, socket] = result;
      socket?.once('error', (error: Error) => socket.destroy(error));
      callback(...result);
    });
  };
}
