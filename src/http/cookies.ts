/**
 * The cookies of one run, as far as a session at a server needs them (RFC 6265).
 *
 * Owns which requests a cookie is sent with: by host, path and security. Cookies live as long as the program, so of their
 * lifetime only the end matters: one that is expired when it is set is deleted. Leaves to the caller which servers get
 * requests at all, so a `Domain` that is too wide does no harm.
 */
import { isIP } from 'node:net';
import { isSafe, withoutBrackets } from '../model/host.js';

interface Cookie {
  name: string;
  value: string;
  host: string;
  /** Whether the hosts below get it, too. */
  below: boolean;
  path: string;
  secure: boolean;
}

/** Limits for servers that set cookies without end. */
const mostCookies = 50;
const longestCookie = 4096;

export class CookieJar {
  /** In the order in which they were created. */
  readonly #cookies = new Map<string, Cookie>();

  /** Stores the cookies that the response from `url` sets, and returns their values. `now`: since the epoch. */
  store(url: URL, headers: Headers, now: number): string[] {
    const values: string[] = [];
    for (const text of [headers['set-cookie'] ?? []].flat()) {
      const set = parse(text, url, now);
      if (set === null) continue;
      const { cookie, isDeleted } = set;
      const key = [cookie.name, cookie.host, String(cookie.below), cookie.path].join(';');
      if (isDeleted) {
        this.#cookies.delete(key);
        continue;
      }
      if (this.#cookies.size >= mostCookies && !this.#cookies.has(key)) continue;
      this.#cookies.set(key, cookie);
      values.push(cookie.value);
    }
    return values;
  }

  /** The `Cookie` header for a request to `url`; null if there are none for it. */
  header(url: URL): string | null {
    const pairs = this.#for(url).map(({ name, value }) => `${name}=${value}`);
    return pairs.length === 0 ? null : pairs.join('; ');
  }

  /** The value that a request to `url` sends for this name, without the quotes that it may have; null if it sends none. */
  value(url: URL, name: string): string | null {
    const found = this.#for(url).find((cookie) => cookie.name === name);
    return found === undefined ? null : unquoted(found.value);
  }

  /** The cookies for a URL, those with the longest path first. */
  #for(url: URL): Cookie[] {
    return [...this.#cookies.values()]
      .filter(({ secure }) => !secure || isSafe(url))
      .filter(({ host, below }) => url.hostname === host || (below && isBelow(url.hostname, host)))
      .filter(({ path }) => isPathBelow(url.pathname, path))
      .sort((one, other) => other.path.length - one.path.length);
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

export function unquoted(value: string): string {
  return value.replace(/^"(.*)"$/, '$1');
}

/** Null if the header is invalid, or sets a cookie for a host that is not its own. */
function parse(text: string, url: URL, now: number): { cookie: Cookie; isDeleted: boolean } | null {
  if (text.length > longestCookie) return null;
  const [pair = '', ...rest] = text.split(';');
  const equals = pair.indexOf('=');
  const name = pair.slice(0, equals).trim();
  const value = pair.slice(equals + 1).trim();
  // Other characters cannot be part of a header, or would end the cookie in it.
  if (equals === -1 || !/^[!#$%&'*+\-.^_`|~\da-z]+$/i.test(name) || !/^[\x20-\x7e]*$/.test(value))
    return null;
  const attributes = new Map<string, string>();
  for (const each of rest) {
    const [key = '', content = ''] = each.split(/=(.*)/s);
    attributes.set(key.trim().toLowerCase(), content.trim());
  }
  const domain = (attributes.get('domain') ?? '').replace(/^\./, '').toLowerCase();
  const own = url.hostname;
  if (domain !== '' && domain !== own && !isBelow(own, domain)) return null;
  const below = domain !== '' && isIP(withoutBrackets(own)) === 0;
  const path = attributes.get('path') ?? '';
  return {
    cookie: {
      name,
      value,
      host: below ? domain : own,
      below,
      path: path.startsWith('/') ? path : folderOf(url.pathname),
      secure: attributes.has('secure'),
    },
    isDeleted: isOver(attributes, now),
  };
}

/** `Max-Age` decides over `Expires`. */
function isOver(attributes: ReadonlyMap<string, string>, now: number): boolean {
  const maxAge = attributes.get('max-age');
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Number(maxAge) <= 0;
  // An invalid date is ignored: it compares as false.
  return Date.parse(attributes.get('expires') ?? '') <= now;
}

function isBelow(host: string, parent: string): boolean {
  return host.endsWith(`.${parent}`) && isIP(withoutBrackets(host)) === 0;
}

/** The default path of a cookie: that of the URL up to its last slash, without the slash. */
function folderOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

function isPathBelow(path: string, parent: string): boolean {
  if (!path.startsWith(parent)) return false;
  return path.length === parent.length || parent.endsWith('/') || path[parent.length] === '/';
}
