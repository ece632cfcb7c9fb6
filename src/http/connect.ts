/**
 * The dispatcher that requests go through: which certificates it trusts, and through which proxy it goes.
 *
 * Loaded with the first request and not before. What the settings are is decided in config; what a network
 * error means to a user, in controller.
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
