/**
 * The Hub's own pages that a client may encounter: login, home, the spawn form, and the page for a missing server.
 *
 * Owns their redirects and access rules. Their text differs from the real pages; the API belongs to api.ts.
 */
import type { IncomingMessage } from 'node:http';
import { access } from './accounts.js';
import { decode } from './api.js';
import { pythonJson } from './python-json.js';
import { htmlPage, page, pageHeaders, redirect, type HubReply } from './replies.js';
import { startServer } from './server-routes.js';
import {
  anonymousCookie,
  cookieOf,
  identify,
  loginCookies,
  logoutCookies,
  pageCookies,
  xsrfOf,
} from './sessions.js';
import type { Site } from './site.js';

/** A path without a server: the Hub redirects to itself, below its prefix. */
export function redirectToPrefix(site: Site, request: IncomingMessage): HubReply {
  const { addresses, tornado } = site;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return page(tornado, 403, htmlPage('403 : Forbidden'), anonymousCookie(site, request));
  }
  const url = request.url ?? '';
  const below = url.startsWith(addresses.prefix) ? url.slice(addresses.prefix.length) : url.slice(1);
  return redirect(tornado, `${addresses.origin}${addresses.hubPrefix}${below}`);
}

/** Responds to a request below the Hub's prefix, outside the API; `path` is the rest of the path. */
export async function respondWithPage(
  site: Site,
  request: IncomingMessage,
  path: string,
  body: string,
): Promise<HubReply> {
  const { tornado } = site;
  if (path.startsWith('user/')) return serverPage(site, request, path);
  switch (path) {
    case 'login':
      return request.method === 'POST' ? signIn(site, request, body) : loginPage(site, request);
    case 'gafaelfawr/login':
      return signInWithHeaders(site, request);
    case 'logout':
      return signOut(site, request);
    case 'spawn':
      return spawnPage(site, request, body);
    case '':
    case 'home':
      if (identify(site, request, body).kind === 'nobody') return toLogin(site, request);
      return page(tornado, 200, htmlPage('Home'));
  }
  if (path.startsWith('api/oauth2/')) return toLogin(site, request);
  return page(tornado, 404, htmlPage('404 : Not Found'));
}

function toLogin({ addresses, tornado }: Site, request: IncomingMessage): HubReply {
  return redirect(tornado, `${addresses.hubPrefix}login?next=${encodeURIComponent(request.url ?? '')}`);
}

function loginPage(site: Site, request: IncomingMessage): HubReply {
  const { addresses, tornado, platform } = site;
  if (platform) {
    const [, query = ''] = (request.url ?? '').split('?');
    return redirect(tornado, `${addresses.hubPrefix}gafaelfawr/login?${query}`);
  }
  return page(tornado, 200, htmlPage('Sign in'), anonymousCookie(site, request));
}

/** The login form. It accepts any password. */
function signIn(site: Site, request: IncomingMessage, body: string): HubReply {
  const { addresses, tornado } = site;
  const proof = xsrfOf(request, body);
  if (proof === null || proof !== cookieOf(request, '_xsrf')) {
    return page(tornado, 403, htmlPage("'_xsrf' argument missing from POST"));
  }
  const user = new URLSearchParams(body).get('username') ?? '';
  if (!site.accounts.users.has(user)) return page(tornado, 403, htmlPage('Invalid username or password'));
  const cookies = loginCookies(site, site.sessions.begin(user));
  return redirect(tornado, `${addresses.hubPrefix}spawn`, { cookies });
}

/** Signs in the user that the ingress has identified in headers. */
function signInWithHeaders(site: Site, request: IncomingMessage): HubReply {
  const { tornado, addresses, accounts } = site;
  const name = request.headers['x-auth-request-user'];
  const token = request.headers['x-auth-request-token'];
  if (!site.platform || typeof name !== 'string') return page(tornado, 403, htmlPage('403 : Forbidden'));
  const user = accounts.users.get(name) ?? accounts.addUser(name);
  user.authState = { token: token ?? null };
  const next = new URL(request.url ?? '', 'http://hub').searchParams.get('next');
  const cookies = loginCookies(site, site.sessions.begin(name));
  return redirect(tornado, next ?? `${addresses.hubPrefix}spawn`, { cookies });
}

/** Signing out stops the user's servers. */
async function signOut(site: Site, request: IncomingMessage): Promise<HubReply> {
  const session = site.sessions.find(request);
  const user = session && site.accounts.users.get(session.user);
  if (user) {
    const running = [...user.servers.values()].filter((server) => server.ready);
    await Promise.all(
      running.map(
        (server) =>
          new Promise((resolve) => {
            server.stop(site.slowStopMs, resolve);
          }),
      ),
    );
    site.sessions.end(user.name);
  }
  const logout = site.platform
    ? `${requestOrigin(site, request)}/logout`
    : `${site.addresses.hubPrefix}login`;
  return redirect(site.tornado, logout, { cookies: logoutCookies(site) });
}

/** The spawn form, and its submission. */
async function spawnPage(site: Site, request: IncomingMessage, body: string): Promise<HubReply> {
  const { tornado, addresses, accounts } = site;
  const who = identify(site, request, body);
  if (who.kind === 'forged') return page(tornado, 403, htmlPage("'_xsrf' argument missing from POST"));
  const user = who.kind === 'nobody' ? undefined : accounts.users.get(who.grant.owner.name);
  if (!user || who.kind === 'nobody') return toLogin(site, request);
  const server = user.server('');
  const running = server.ready && server.notice();
  if (request.method !== 'POST') {
    return running
      ? redirect(tornado, addresses.server(server))
      : page(tornado, 200, htmlPage('Start a server'));
  }
  if (running) return page(tornado, 400, htmlPage(`${server.logName} is already running`));
  const fields = [...new URLSearchParams(body)];
  const value = (text: string): unknown => (site.platform ? [text] : text);
  const options = Object.fromEntries(fields.map(([name, text]) => [name, value(text)]));
  await startServer(site, { user, name: '', grant: who.grant, body: JSON.stringify(options) });
  return redirect(tornado, `${addresses.hubPrefix}spawn-pending/${user.name}`);
}

/** `hub/user/NAME/...`: the page for a server to which the proxy has no route, or not yet. */
function serverPage(site: Site, request: IncomingMessage, path: string): HubReply {
  const { tornado, addresses, accounts } = site;
  const who = identify(site, request, '');
  if (who.kind === 'nobody' || who.kind === 'forged') return toLogin(site, request);
  const [, username = '', second = '', ...rest] = path.split('/').map(decode);
  const user = accounts.users.get(username);
  if (!user || access(who.grant, 'access:servers', username) !== 'granted') {
    return page(tornado, 404, htmlPage('404 : Not Found'), pageCookies(site));
  }
  const named = user.find(second);
  const server = named && second !== '' ? named : user.server('');
  server.load();
  if (server.ready && server.routed) {
    const own = `${addresses.userOrigin(username)}${addresses.prefix}${path}`;
    return redirect(tornado, `${own}?redirects=1`);
  }
  const below = [second, ...rest].join('/');
  const accept = request.headers.accept ?? '';
  if (/(^|\/)api(\/|$)/.test(below) || !accept.includes('text/html')) {
    const spawnUrl = `${requestOrigin(site, request)}${addresses.hubPrefix}spawn/${username}`;
    const message = `JupyterHub server no longer running at /${path}. Restart the server at ${spawnUrl}`;
    return { status: 424, headers: pageHeaders(tornado, 'application/json'), body: pythonJson({ message }) };
  }
  if (server.pending === 'spawn') {
    const next = encodeURIComponent(`${addresses.hubPrefix}${path}`);
    const location = `${addresses.hubPrefix}spawn-pending/${username}?next=${next}`;
    return redirect(tornado, location, { status: 303 });
  }
  return page(tornado, 424, htmlPage('Server not running'), pageCookies(site));
}

function requestOrigin({ addresses }: Site, request: IncomingMessage): string {
  const scheme = addresses.origin.startsWith('https:') ? 'https' : 'http';
  return `${scheme}://${request.headers.host ?? ''}`;
}
