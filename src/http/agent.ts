/**
 * The direct way to a server: a dispatcher without a proxy.
 *
 * Owns the connection timeout and how a socket handles a late TLS alert. Leaves certificates and proxies to
 * `connect.ts`: the library needs neither.
 */
import { Agent, buildConnector, type Dispatcher } from 'undici';

export type ConnectionOptions = buildConnector.BuildOptions;

/** How long a host may take to accept a connection, in milliseconds. */
export const connectTimeout = 5_000;

export function createAgent(options: ConnectionOptions = { timeout: connectTimeout }): Dispatcher {
  return new Agent({ connect: heedingErrors(buildConnector(options)) });
}

/**
 * A connector whose sockets close on their first error. When a TLS alert arrives after the handshake, Node emits an
 * error without closing the socket (in TLS 1.3 a server may require a client certificate that late). undici would then
 * report only the disconnect that follows: "other side closed".
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
