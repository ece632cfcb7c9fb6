/**
 * The dispatcher for requests: which certificates it trusts, and which proxy it uses.
 *
 * Loaded only with the first request. Leaves the settings to config, and what a network error means to a user to
 * controller.
 */
import type { LookupFunction } from 'node:net';
import type * as Tls from 'node:tls';
import type { Dispatcher } from 'undici';
import type { ConnectSettings } from '../runtime/context.js';
import { connectTimeout, createAgent } from './agent.js';

/** `lookup` finds the addresses of names; without it, Node does. */
export async function connect(
  { certificates, proxy }: ConnectSettings,
  lookup?: LookupFunction,
): Promise<Dispatcher> {
  const options = {
    timeout: connectTimeout,
    ...(lookup === undefined ? {} : { lookup }),
    ...(await trusting(certificates)),
  };
  if (proxy === null) return createAgent(options);
  const { throughProxy } = await import('./proxy.js');
  return throughProxy(proxy, options);
}

async function trusting(
  certificates: readonly string[],
): Promise<Pick<Tls.ConnectionOptions, 'secureContext'>> {
  if (certificates.length === 0) return {};
  // Imported lazily: plain http, as on loopback, does not need it, and it takes 10 ms to load.
  const tls = await import('node:tls');
  // An explicit list replaces Node's defaults, so the defaults are included. Created once: there are many certificates,
  // and parsing them is slow.
  const secureContext = tls.createSecureContext({
    ca: [...defaultCertificates(tls), ...certificates],
    // A user who configures an intermediate authority trusts it, even if its issuer is unknown.
    allowPartialTrustChain: true,
  });
  return { secureContext };
}

/**
 * Node 20 provides only its bundled certificates; later versions include those of the system and NODE_EXTRA_CA_CERTS.
 */
function defaultCertificates(tls: typeof Tls): readonly string[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  return getCACertificates?.('default') ?? tls.rootCertificates;
}
