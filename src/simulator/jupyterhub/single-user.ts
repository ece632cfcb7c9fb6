/**
 * The server behind a server's URL: a stand-in for Jupyter, Jupyter Server itself, or another program that a Hub may start.
 *
 * Owns the server's responses. proxy.ts decides whether a request reaches the server.
 */
import type { IncomingMessage } from 'node:http';
import { access } from './accounts.js';
import { pythonDate } from './python-json.js';
import { etag, htmlPage, type HubReply } from './replies.js';
import type { Server } from './server.js';
import type { Site } from './site.js';
import type { ServerKind } from './story.js';

/** `path` is the rest of the path after the server's prefix. Null: there will never be a response. */
export function respondForServer(
  site: Site,
  server: Server,
  request: IncomingMessage,
  path: string,
): HubReply | null {
  const kind: ServerKind = server.spawn?.story.server ?? 'standin';
  switch (kind) {
    case 'standin':
      return standin(site, request, path);
    case 'jupyter':
    case 'jupyterlab':
      return jupyter(site, server, request, { path, kind });
    case 'rstudio':
      return toOAuth(site, server, "frame-ancestors 'none'");
    case 'deaf':
      return null;
    case 'login':
      return html(302, '', [['location', 'https://login.example.org/?rd=lab']]);
    case 'forbidden':
      return html(403, htmlPage('403 Forbidden'), []);
    case 'unavailable':
      return html(503, htmlPage('503 Service Unavailable'), []);
    case 'page':
      return html(200, htmlPage('Something else'), []);
  }
}

function standin({ release }: Site, request: IncomingMessage, path: string): HubReply {
  const response = (status: number, body: string): HubReply => ({
    status,
    headers: [
      ['server', `standin Python/${release.python}`],
      ['date', null],
      ['content-type', 'application/json'],
      ['x-jupyterhub-version', release.number],
    ],
    body,
  });
  switch (path) {
    case 'api':
      return response(200, '{"version": "2.0.0-standin"}');
    case 'api/status':
      if (request.headers.authorization === undefined) return response(403, forbidden);
      return response(200, status('2026-01-01T00:00:00.000000Z'));
    default:
      return response(404, '{"message": "Not Found", "reason": null}');
  }
}

const forbidden = '{"message": "Forbidden", "reason": null}';

function status(since: string): string {
  return `{"connections": 0, "kernels": 0, "last_activity": "${since}", "started": "${since}"}`;
}

function jupyter(
  site: Site,
  server: Server,
  request: IncomingMessage,
  { path, kind }: { path: string; kind: 'jupyter' | 'jupyterlab' },
): HubReply {
  const grant = site.accounts.grantOf(request.headers.authorization);
  const allowed = grant !== undefined && access(grant, 'access:servers', server.user) === 'granted';
  const json = (code: number, body: string): HubReply => ({
    status: code,
    headers: [
      ['server', 'TornadoServer/6.6.1'],
      ['content-type', 'application/json'],
      ['date', null],
      ['x-content-type-options', 'nosniff'],
      ['x-jupyterhub-version', site.release.number],
      ['content-security-policy', "frame-ancestors 'none'; default-src 'none'"],
      ...(allowed ? [['access-control-allow-origin', ''] as const] : []),
      ...(code === 200 ? [['etag', etag(body)] as const] : []),
    ],
    body,
  });
  switch (path) {
    case 'api':
      return json(200, '{"version": "2.21.1"}');
    case 'api/status':
      return allowed ? json(200, status(pythonDate(server.started ?? 0))) : json(403, forbidden);
    case 'api/kernels':
      return allowed ? json(200, '[]') : json(403, forbidden);
    case '':
      return {
        status: 302,
        headers: [
          ['server', 'TornadoServer/6.6.1'],
          ['content-type', 'text/html; charset=UTF-8'],
          ['date', null],
          ['location', `${site.addresses.serverPath(server)}lab?`],
        ],
        body: '',
      };
    case 'lab':
      if (kind === 'jupyter') return notFound(site, server, allowed);
      return allowed ? labPage(site, server) : toOAuth(site, server, "frame-ancestors 'none'");
    default:
      if (!path.startsWith('files/')) return notFound(site, server, allowed);
      return toOAuth(site, server, "frame-ancestors 'none'; sandbox allow-scripts");
  }
}

/** A page of Jupyter Server. Its text differs from the real one. */
function jupyterPage(
  site: Site,
  server: Server,
  code: number,
  type: string,
  { allowed, text }: { allowed: boolean; text: string },
): HubReply {
  const lifetime = allowed ? '' : ' Max-Age=3600;';
  const open = code === 200 && allowed;
  return {
    status: code,
    headers: [
      ['server', 'TornadoServer/6.6.1'],
      ['content-type', type],
      ['date', null],
      ['x-content-type-options', 'nosniff'],
      ['x-jupyterhub-version', site.release.number],
      ['content-security-policy', "frame-ancestors 'none'"],
      ...(open ? [['access-control-allow-origin', ''] as const, ['etag', etag(text)] as const] : []),
      ['content-length', null],
      ['set-cookie', `_xsrf=VALUE;${lifetime} Path=${site.addresses.serverPath(server)}`],
    ],
    body: text,
  };
}

function notFound(site: Site, server: Server, allowed: boolean): HubReply {
  return jupyterPage(site, server, 404, 'text/html', { allowed, text: htmlPage('404 : Not Found') });
}

function labPage(site: Site, server: Server): HubReply {
  const text = htmlPage('JupyterLab');
  return jupyterPage(site, server, 200, 'text/html; charset=UTF-8', { allowed: true, text });
}

/** Without a session, the client is redirected to the Hub for authentication. */
function toOAuth({ release, addresses }: Site, server: Server, policy: string): HubReply {
  const name = server.name === '' ? server.user : `${server.user}-${server.name}`;
  const client = `jupyterhub-user-${name}`;
  const callback = `${addresses.server(server)}oauth_callback`;
  const query = new URLSearchParams({
    client_id: client,
    redirect_uri: callback,
    response_type: 'code',
    code_challenge: 'VALUE',
    code_challenge_method: 'S256',
    state: 'VALUE',
  });
  const secure = addresses.origin.startsWith('https:') ? '; Secure' : '';
  const path = addresses.serverPath(server);
  return {
    status: 302,
    headers: [
      ['server', 'TornadoServer/6.6.1'],
      ['content-type', 'text/html; charset=UTF-8'],
      ['date', null],
      ['x-content-type-options', 'nosniff'],
      ['x-jupyterhub-version', release.number],
      ['content-security-policy', policy],
      ['location', `${addresses.origin}${addresses.hubPrefix}api/oauth2/authorize?${query.toString()}`],
      ['content-length', null],
      [
        'set-cookie',
        `${client}-oauth-state="VALUE"; expires=Fri, 25 Dec 2026 14:35:06 GMT; HttpOnly; Max-Age=600; Path=${path}${secure}`,
      ],
    ],
    body: '',
  };
}

function html(code: number, body: string, extra: HubReply['headers']): HubReply {
  const headers = [['content-type', 'text/html'], ['date', null], ...extra] as const;
  return { status: code, headers, body };
}
