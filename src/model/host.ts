/**
 * What the host of a URL is: an address in a block of them, or this machine.
 *
 * Owns the two answers to whether it is this machine, because the two who ask would be hurt by different mistakes.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/**
 * Whether a host is this machine beyond doubt: a token may go there unencrypted, and whoever listens there can be reached
 * from nowhere else. A name below `localhost` should be loopback as well (RFC 6761, section 6.3), but not every resolver
 * knows that; such a one asks the network, and the network may say anything.
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
 * Whether a host, without a final dot, is meant to be this machine: no proxy is asked for it. To a proxy the same name
 * would be the proxy's own machine, so here the names below `localhost` count.
 */
export function isMeantAsLoopback(hostname: string): boolean {
  return isLoopback(hostname) || hostname.endsWith('.localhost');
}

export function isIn(list: BlockList, host: string): boolean {
  return isIP(host) !== 0 && list.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}

/** An IPv6 address as it is written outside of URLs. */
export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
