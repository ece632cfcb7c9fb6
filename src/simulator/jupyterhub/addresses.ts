/**
 * The addresses of the Hub and its servers in its responses: paths, or absolute URLs with per-user hosts.
 *
 * Owns prefixes, host labels and quoting. The proxy decides which request reaches which of them (proxy.ts).
 */
import { createHash } from 'node:crypto';
import { domainToASCII } from 'node:url';
import type { Server } from './server.js';

export interface HostOptions {
  /** The Hub's host name, such as `hub.test`. Each user's is a label before it. */
  host: string;
  /** The scheme of the URLs in the Hub's responses; default: the scheme that it serves. */
  scheme?: 'http' | 'https';
  /** How a name becomes a label; default `idna`. */
  hook?: 'idna' | 'legacy';
  /** Another host for the URLs shown to users (`public_url`); empty: no public host, and no full progress URL. */
  publicHost?: string;
}

export class Addresses {
  /** Begins and ends with a slash. */
  readonly prefix: string;
  readonly hosts: HostOptions | null;
  readonly #scheme: string;
  readonly #port: () => number;

  constructor(prefix: string, hosts: HostOptions | null, scheme: string, port: () => number) {
    this.prefix = prefix;
    this.hosts = hosts;
    this.#scheme = hosts?.scheme ?? scheme;
    this.#port = port;
  }

  get hubPrefix(): string {
    return `${this.prefix}hub/`;
  }

  /** The origin of the Hub used in redirects; null without per-user hosts. */
  get publicOrigin(): string | null {
    if (this.hosts === null) return null;
    const { host, publicHost } = this.hosts;
    return this.#origin(publicHost === undefined || publicHost === '' ? host : publicHost);
  }

  /** The origin in redirects to the Hub; if empty, redirects are paths. */
  get origin(): string {
    return this.publicOrigin ?? '';
  }

  /** A server's path, with a slash at the end. */
  serverPath({ user, name }: Pick<Server, 'user' | 'name'>): string {
    return `${this.prefix}user/${quote(user)}/${name === '' ? '' : `${quote(name)}/`}`;
  }

  /** A server's `url`. */
  server(server: Server): string {
    return this.userOrigin(server.user) + this.serverPath(server);
  }

  /** The origin of a user's servers; empty without per-user hosts. */
  userOrigin(user: string): string {
    const host = this.userHost(user);
    return host === null ? '' : this.#origin(host);
  }

  userHost(user: string): string | null {
    if (this.hosts === null) return null;
    const { host, publicHost, hook = 'idna' } = this.hosts;
    const domain = publicHost === undefined || publicHost === '' ? host : publicHost;
    return `${hook === 'idna' ? idnaLabel(user) : legacyLabel(user)}.${domain}`;
  }

  progress({ user, name }: Server): string {
    return `${this.hubPrefix}api/users/${quote(user)}/${name === '' ? 'server' : `servers/${quote(name)}`}/progress`;
  }

  fullServer(server: Server): string | null {
    return this.hosts === null ? null : this.server(server);
  }

  fullProgress(server: Server): string | null {
    if (this.publicOrigin === null || this.hosts?.publicHost === '') return null;
    return this.publicOrigin + this.progress(server);
  }

  #origin(host: string): string {
    return `${this.#scheme}://${host}:${this.#port()}`;
  }
}

/** Python's `quote(text, safe='@~')`. */
function quote(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%40', '@')
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Letters, digits and inner dashes stay; other names are encoded or hashed, so that the label is always one. */
function idnaLabel(name: string): string {
  const plain = /^[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
  if (plain.test(name) && !name.includes('--')) return name;
  if (/[^\p{ASCII}]/u.test(name) && !/[^\p{L}\p{N}-]/u.test(name)) return domainToASCII(name);
  const safe = name
    .replace(/[^A-Za-z0-9]/g, '')
    .toLowerCase()
    .slice(0, 8);
  return `u-${safe}--${createHash('sha256').update(name).digest('hex').slice(0, 7)}`;
}

function legacyLabel(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, (char) =>
      [...Buffer.from(char)].map((byte) => `_${byte.toString(16)}`).join(''),
    );
}
