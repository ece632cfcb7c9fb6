/**
 * Cookie sessions of browsers: which user is signed in, and whether a request may act for that user.
 *
 * Owns the cookies' names and attributes, and the rules of `_xsrf`. A token needs none of this.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { HubGrant } from './accounts.js';
import { httpDate } from './replies.js';
import type { Site } from './site.js';

export interface Session {
  user: string;
  /** The values of `jupyterhub-session-id`, `jupyterhub-hub-login` and `_xsrf`. */
  id: string;
  login: string;
  xsrf: string;
}

export class Sessions {
  readonly #byLogin = new Map<string, Session>();

  begin(user: string): Session {
    const session = { user, id: newValue(), login: newValue(), xsrf: newValue() };
    this.#byLogin.set(session.login, session);
    return session;
  }

  find(request: IncomingMessage): Session | undefined {
    const login = cookieOf(request, 'jupyterhub-hub-login');
    return login === undefined ? undefined : this.#byLogin.get(login);
  }

  /** All sessions of a user end. */
  end(user: string): void {
    for (const [login, session] of this.#byLogin) if (session.user === user) this.#byLogin.delete(login);
  }

  endAll(): void {
    this.#byLogin.clear();
  }
}

export type Identity =
  | { kind: 'token' | 'session'; grant: HubGrant }
  | { kind: 'nobody' }
  /** There is a session, but the request has no proof that it belongs to the session. */
  | { kind: 'forged' };

/** The identity behind a request. A token takes precedence over a session; an unknown token is ignored. */
export function identify(site: Site, request: IncomingMessage, form: string): Identity {
  const grant = site.accounts.grantOf(request.headers.authorization);
  if (grant) return { kind: 'token', grant };
  const session = site.sessions.find(request);
  if (!session) return { kind: 'nobody' };
  if (needsXsrf(request) && xsrfOf(request, form) !== session.xsrf) return { kind: 'forged' };
  return { kind: 'session', grant: site.accounts.sessionGrant(session.user) };
}

/** Whether proof is needed: for requests that change something, and for those of a script in a page. */
function needsXsrf({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET' && method !== 'HEAD') return true;
  const mode = headers['sec-fetch-mode'];
  return mode !== undefined && mode !== 'navigate';
}

/** The proof: a header, or an argument of the URL or of a form. */
export function xsrfOf({ headers, url = '' }: IncomingMessage, form: string): string | null {
  const header = headers['x-xsrftoken'];
  if (typeof header === 'string') return header;
  const query = new URL(url, 'http://hub').searchParams.get('_xsrf');
  return query ?? new URLSearchParams(form).get('_xsrf');
}

export function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  const pairs = (headers.cookie ?? '').split(/; */).map((pair) => pair.split(/=(.*)/s));
  return pairs.find(([found]) => found === name)?.[1]?.replace(/^"(.*)"$/, '$1');
}

/** The `_xsrf` cookie for a client that is not signed in; none if it has one already. */
export function anonymousCookie(site: Site, request: IncomingMessage): string[] {
  if (cookieOf(request, '_xsrf') !== undefined) return [];
  return [`_xsrf=${newValue()}; Max-Age=3600; Path=${site.addresses.hubPrefix}`];
}

/** The cookies that a login sets. */
export function loginCookies(site: Site, { id, login, xsrf }: Session): string[] {
  const { hubPrefix } = site.addresses;
  const expires = httpDate(site.timers.now() + 30 * 86_400_000);
  return [
    sessionCookie(site, id),
    `jupyterhub-hub-login="${login}"; expires=${expires}; HttpOnly; Path=${hubPrefix}${secure(site)}`,
    `_xsrf=${xsrf}; Path=${hubPrefix}`,
  ];
}

/** The cookies that a page sets for a request with a token. */
export function pageCookies(site: Site): string[] {
  return [sessionCookie(site, newValue()), `_xsrf=${newValue()}; Path=${site.addresses.hubPrefix}`];
}

/** The expired cookies that a logout sets to delete the session. */
export function logoutCookies(site: Site): string[] {
  const { prefix, hubPrefix } = site.addresses;
  const expires = httpDate(site.timers.now() - 365 * 86_400_000);
  const gone = (name: string, path: string): string => `${name}=""; expires=${expires}; Path=${path}`;
  return [
    gone('jupyterhub-session-id', prefix),
    gone('jupyterhub-hub-login', hubPrefix),
    gone('jupyterhub-services', `${prefix}services`),
    gone('_xsrf', hubPrefix),
  ];
}

/** The session cookie. With per-user hosts, it applies to all of them. */
function sessionCookie(site: Site, id: string): string {
  const { hosts, prefix } = site.addresses;
  const domain = hosts === null ? '' : ` Domain=${hosts.host};`;
  return `jupyterhub-session-id=${id};${domain} HttpOnly; Path=${prefix}${secure(site)}`;
}

function secure({ addresses }: Site): string {
  return addresses.origin.startsWith('https:') ? '; Secure' : '';
}

function newValue(): string {
  return randomBytes(16).toString('hex');
}
