/**
 * Classifies the host of a URL: an address in a block of addresses, or this machine.
 *
 * Owns both definitions of "this machine": a strict one for tokens, and a wide one for proxies, because their callers
 * must avoid different mistakes.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/**
 * Whether a host is certainly this machine: a token may be sent there unencrypted, and a server that listens there is
 * unreachable from elsewhere. A name below `localhost` should be loopback as well (RFC 6761, section 6.3), but some
 * resolvers query the network for it, and the network may return any address.
 */
export function isLoopback(hostname: string): boolean {
  const host = withoutBrackets(hostname);
  return host === 'localhost' || isIn(loopback, host);
}

/** Whether a token may be sent there: encrypted, or not leaving this machine. */
export function isSafe(url: URL): boolean {
  return url.protocol === 'https:' || isLoopback(url.hostname);
}

/**
 * Whether a host, without a final dot, is meant to be this machine, so that no proxy is used for it. For a proxy the
 * same name would mean the proxy's own machine, so names below `localhost` are included here.
 */
export function isMeantAsLoopback(hostname: string): boolean {
  return isLoopback(hostname) || hostname.endsWith('.localhost');
}

export function isIn(list: BlockList, host: string): boolean {
  return isIP(host) !== 0 && list.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}

/** An IPv6 address without the brackets that URLs need. */
export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
