/**
 * Connections to a server through a proxy: a tunnel for https, forwarded requests for http.
 *
 * Owns failures at the proxy, reported as ProxyError. Loaded only if a proxy is used; leaves the choice of the proxy to
 * `config/proxy.ts`.
 */
import { isIP } from 'node:net';
import { buildConnector, Pool, ProxyAgent, type Dispatcher } from 'undici';
import type { ProxySettings } from '../runtime/context.js';
import { heedingErrors, type ConnectionOptions } from './agent.js';
import { ProxyError } from './proxy-error.js';

export function throughProxy(proxy: ProxySettings, options: ConnectionOptions): Dispatcher {
  return proxy.tunnel ? tunnelling(proxy, options) : forwarding(proxy, options);
}

/** Requests a tunnel to the controller from the proxy, and uses TLS inside it. */
function tunnelling(proxy: ProxySettings, options: ConnectionOptions): Dispatcher {
  return new ProxyAgent({
    uri: proxy.url.href,
    ...(proxy.authorization === null ? {} : { token: proxy.authorization }),
    requestTls: options,
    factory: (origin, settings: Pool.Options) =>
      new Pool(origin, { ...settings, connect: heedingErrors(settings.connect as buildConnector.connector) }),
    clientFactory: (url) => tunnelPool(proxy, new Pool(url, { connect: proxyConnector(options) })),
  });
}

/**
 * Connects to a proxy. The TLS server name is always the proxy's, not the host of the request. An IP address is not a
 * valid server name (RFC 6066, section 3), and Node would warn on stderr.
 */
function proxyConnector(options: ConnectionOptions): buildConnector.connector {
  const connector = buildConnector(options);
  return (to, callback) => {
    connector({ ...to, servername: isIP(to.hostname) === 0 ? to.hostname : '' }, callback);
  };
}

/**
 * A pool that attributes every failure to the proxy. ProxyAgent would lose the status, and would retry forever if the
 * proxy closes the connection.
 */
function tunnelPool(proxy: ProxySettings, pool: Pool): Pool {
  const ask: (options: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData> =
    pool.connect.bind(pool);
  const open = async (options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> => {
    const response = await ask(options).catch((error: unknown) => {
      throw new ProxyError(proxy, null, error);
    });
    if (response.statusCode === 200) return response;
    response.socket.on('error', () => undefined).destroy();
    throw new ProxyError(proxy, response.statusCode);
  };
  return Object.assign(pool, { connect: open });
}

/** Sends the request to the proxy with the absolute URL in it (RFC 9112, section 3.2.2). */
function forwarding(proxy: ProxySettings, options: ConnectionOptions): Dispatcher {
  const connector = proxyConnector(options);
  const pool = new Pool(proxy.url.origin, {
    connect: (to, callback) => {
      connector(to, (...[error, socket]) => {
        if (error === null) callback(null, socket);
        else callback(new ProxyError(proxy, null, error), null);
      });
    },
  });
  return pool.compose((dispatch) => (request, handler) => {
    const origin = String(request.origin);
    const headers = {
      ...(request.headers as Record<string, string>),
      host: new URL(origin).host,
      ...(proxy.authorization === null ? {} : { 'proxy-authorization': proxy.authorization }),
    };
    return dispatch({ ...request, path: origin + request.path, headers }, handler);
  });
}
