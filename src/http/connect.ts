/**
 * The dispatcher that requests go through: which certificates it trusts, and through which proxy it goes.
 *
 * Loaded with the first request and not before. What the settings are is decided in config; what a network
 * error means to a user, in controller.
 */
import { isIP, type LookupFunction } from 'node:net';
import type * as Tls from 'node:tls';
import { Agent, buildConnector, Pool, ProxyAgent, type Dispatcher } from 'undici';
import type { ConnectSettings, ProxySettings } from '../runtime/context.js';
import { ProxyError } from './proxy-error.js';

/** A host that does not answer within this many milliseconds is not there. */
const timeout = 5_000;

/** `lookup` finds the addresses of names; without it, Node does. */
export async function connect(
  { certificates, proxy }: ConnectSettings,
  lookup?: LookupFunction,
): Promise<Dispatcher> {
  const options = {
    timeout,
    ...(lookup === undefined ? {} : { lookup }),
    ...(await trusting(certificates)),
  };
  if (proxy === null) return new Agent({ connect: heedingErrors(buildConnector(options)) });
  return proxy.tunnel ? tunnelling(proxy, options) : forwarding(proxy, options);
}

async function trusting(
  certificates: readonly string[],
): Promise<Pick<Tls.ConnectionOptions, 'secureContext'>> {
  if (certificates.length === 0) return {};
  // Not at the top: plain http, as on loopback, does without it, and it takes 10 ms to load.
  const tls = await import('node:tls');
  // A list replaces what Node trusts by itself, so that is repeated. Made once: there are many, and they are slow to read.
  const secureContext = tls.createSecureContext({
    ca: [...defaultCertificates(tls), ...certificates],
    // Whoever names an intermediate authority trusts it, whether or not its own issuer is known.
    allowPartialTrustChain: true,
  });
  return { secureContext };
}

/** Node 20 knows only its bundled ones; later versions have what the system and NODE_EXTRA_CA_CERTS add as well. */
function defaultCertificates(tls: typeof Tls): readonly string[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  return getCACertificates?.('default') ?? tls.rootCertificates;
}

/**
 * A connector whose sockets close with their first error. Node emits that of a TLS alert which comes after the handshake
 * without closing the socket (in TLS 1.3 a server asks for a client certificate that late), and undici would report
 * the end that follows: "other side closed".
 */
function heedingErrors(connector: buildConnector.connector): buildConnector.connector {
  return (to, callback) => {
    connector(to, (...result) => {
      const [, socket] = result;
      socket?.once('error', (error: Error) => socket.destroy(error));
      callback(...result);
    });
  };
}

/** Asks the proxy for a tunnel to the controller, and speaks TLS in it. */
function tunnelling(proxy: ProxySettings, options: buildConnector.BuildOptions): Dispatcher {
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
 * Connects to a proxy, whose name is asked for in TLS whatever host a request is for. An address is no name (RFC 6066,
 * section 3), and Node would warn on stderr.
 */
function proxyConnector(options: buildConnector.BuildOptions): buildConnector.connector {
  const connector = buildConnector(options);
  return (to, callback) => {
    connector({ ...to, servername: isIP(to.hostname) === 0 ? to.hostname : '' }, callback);
  };
}

/**
 * A pool whose every failure is said to be the proxy's. ProxyAgent would lose the status, and ask for ever where the
 * proxy hangs up.
 */
function tunnelPool(proxy: ProxySettings, pool: Pool): Pool {
  const ask: (options: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData> =
    pool.connect.bind(pool);
  const open = async (options: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> => {
    const answer = await ask(options).catch((error: unknown) => {
      throw new ProxyError(proxy, null, error);
    });
    if (answer.statusCode === 200) return answer;
    answer.socket.on('error', () => undefined).destroy();
    throw new ProxyError(proxy, answer.statusCode);
  };
  return Object.assign(pool, { connect: open });
}

/** Sends the proxy the request itself, with the whole URL in it (RFC 9112, section 3.2.2). */
function forwarding(proxy: ProxySettings, options: buildConnector.BuildOptions): Dispatcher {
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
