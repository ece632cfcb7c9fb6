/**
 * The proxy for a controller, from the usual environment variables.
 *
 * As in curl, a variable in lower case overrides the same in upper case, and each scheme has its own. Loopback never goes
 * through a proxy.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { Context, ProxySettings } from '../runtime/context.js';
import { isIn, isMeantAsLoopback, withoutBrackets } from '../model/host.js';
import { setting, type Setting } from './setting.js';
import type { Variable } from './environment.js';
import { UsageError } from '../model/usage-error.js';

/** The proxy; or null, with the reason as its origin. */
export function resolveProxy(controller: URL, env: Context['env']): Setting<ProxySettings | null> {
  const tunnel = controller.protocol === 'https:';
  const named = readEither(env, tunnel ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (named === null) return setting(null, 'default');
  const host = bareHost(controller);
  if (isMeantAsLoopback(host)) return setting(null, `${host} is loopback`);
  const exceptions = readEither(env, 'NO_PROXY');
  if (exceptions !== null && isListed(exceptions.value, host, portOf(controller))) {
    return setting(null, `${exceptions.origin} lists ${host}`);
  }
  return setting({ ...parseProxy(named), tunnel }, named.origin);
}

/** The secrets of a proxy: its password as it is sent, as it is in the URL, and decoded. */
export function proxySecrets(proxy: ProxySettings | null): string[] {
  const authorization = proxy?.authorization ?? null;
  if (authorization === null) return [];
  const encoded = authorization.replace(/^Basic /, '');
  const [, password = ''] = /:([^]*)$/.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  return [encoded, password, encodeURIComponent(password)];
}

function readEither(env: Context['env'], name: Variable): Setting<string> | null {
  for (const each of [name.toLowerCase(), name]) {
    const value = env[each];
    if (value !== undefined && value !== '') return setting(value, each);
  }
  return null;
}

/** No message repeats the text: it may contain a password. */
function parseProxy({ value, origin }: Setting<string>): Omit<ProxySettings, 'tunnel'> {
  const right = 'It should look like http://proxy.example.org:3128.';
  const text = value.includes('://') ? value : `http://${value}`;
  if (!URL.canParse(text)) throw new UsageError(`${origin}: not the URL of a proxy`, right);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new UsageError(`${origin}: a proxy with ${url.protocol}// is not supported`, right);
  }
  return { url: new URL(url.origin), authorization: authorizationOf(url, origin), source: origin };
}

function authorizationOf({ username, password }: URL, source: string): string | null {
  if (username === '' && password === '') return null;
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(credentials).toString('base64')}`;
  } catch {
    throw new UsageError(
      `${source}: the user name or password is malformed`,
      'Write a percent sign in them as %25.',
    );
  }
}

/** The host without the brackets of an IPv6 address and without a final dot. */
function bareHost({ hostname }: URL): string {
  return withoutBrackets(hostname).replace(/\.$/, '');
}

function portOf({ port, protocol }: URL): string {
  if (port !== '') return port;
  return protocol === 'https:' ? '443' : '80';
}

/** Whether NO_PROXY lists a host: its name, its domain, its address, or a block of addresses. */
function isListed(list: string, host: string, port: string): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => covers(entry, host, port));
}

function covers(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const [, bracketed, name = entry, onlyPort] = isIPv6(entry)
    ? []
    : (/^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? []);
  if (onlyPort !== undefined && onlyPort !== port) return false;
  const [, address, bits] = /^([^/]+)\/(\d+)$/.exec(name) ?? [];
  if (address !== undefined) return isInBlock(host, address, Number(bits));
  const domain = (bracketed ?? name).replace(/^\*?\./, '');
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

function isInBlock(host: string, address: string, bits: number): boolean {
  const family = isIP(address);
  if (family === 0 || bits > (family === 6 ? 128 : 32)) return false;
  const block = new BlockList();
  block.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
  return isIn(block, host);
}
