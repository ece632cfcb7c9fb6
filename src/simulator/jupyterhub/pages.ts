/**
 * The Hub's own pages, as far as a client without a browser meets them.
 *
 * Owns the redirects before a server is up and to the login page. The API is api.ts's.
 */
import type { IncomingMessage } from 'node:http';
import { access } from './accounts.js';
import { decode } from './api.js';
import { pythonJson } from './python-json.js';
import { htmlPage, page, pageHeaders, redirect, type HubReply } from './replies.js';
import type { Site } from './site.js';

/** A path that no server takes: the Hub redirects to itself, below its prefix. */
export function redirectToPrefix(site: Site, request: IncomingMessage): HubReply {
  const { addresses, tornado } = site;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return page(tornado, 403, htmlPage('403 : Forbidden'), [xsrfCookie(site, true)]);
  }
  const url = request.url ?? '';
  const below = url.startsWith(addresses.prefix) ? url.slice(addresses.prefix.length) : url.slice(1);
  return redirect(tornado, `${addresses.origin}${addresses.hubPrefix}${below}`);
}

/** A request below the Hub's prefix that is none of the API's; `path` is what follows. */
export function answerPage(site: Site, request: IncomingMessage, path: string): HubReply {
  const { tornado } = site;
  if (path.startsWith('user/')) return serverPage(site, request, path);
  if (path === 'login') return page(tornado, 200, htmlPage('Sign in'), [xsrfCookie(site, true)]);
  if (path === '' || path === 'home' || path === 'spawn' || path.startsWith('api/oauth2/')) {
    return toLogin(site, request);
  }
  return page(tornado, 404, htmlPage('404 : Not Found'));
}

/** `hub/user/NAME/...`: where the proxy has no route, and where it sends whoever comes too early. */
function serverPage(site: Site, request: IncomingMessage, path: string): HubReply {
  const { tornado, addresses, accounts } = site;
  const grant = accounts.grantOf(request.headers.authorization);
  if (!grant) return toLogin(site, request);
  const [, username = '', second = '', ...rest] = path.split('/').map(decode);
  const user = accounts.users.get(username);
  if (!user || access(grant, 'access:servers', username) !== 'granted') {
    return page(tornado, 404, htmlPage('404 : Not Found'), [sessionCookie(site), xsrfCookie(site, false)]);
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
  return page(tornado, 424, htmlPage('Server not running'), [sessionCookie(site), xsrfCookie(site, false)]);
}

function toLogin({ addresses, tornado }: Site, request: IncomingMessage): HubReply {
  return redirect(tornado, `${addresses.hubPrefix}login?next=${encodeURIComponent(request.url ?? '')}`);
}

function requestOrigin({ addresses }: Site, request: IncomingMessage): string {
  const scheme = addresses.origin.startsWith('https:') ? 'https' : 'http';
  return `${scheme}://${request.headers.host ?? ''}`;
}

function xsrfCookie({ addresses }: Site, anonymous: boolean): string {
  return `_xsrf=VALUE;${anonymous ? ' Max-Age=3600;' : ''} Path=${addresses.hubPrefix}`;
}

function sessionCookie({ addresses }: Site): string {
  const { hosts, prefix, origin } = addresses;
  const domain = hosts === null ? '' : ` Domain=${hosts.host};`;
  return `jupyterhub-session-id=VALUE;${domain} HttpOnly; Path=${prefix}${origin.startsWith('https:') ? '; Secure' : ''}`;
}
