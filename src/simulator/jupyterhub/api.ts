/**
 * The Hub's REST API: its routes, and the scopes that they require.
 *
 * Owns paths, methods and scopes, and the routes about users and tokens. Those about a server belong to server-routes.ts.
 */
import type { IncomingMessage } from 'node:http';
import { access, type HubGrant, type User } from './accounts.js';
import { userModel } from './models.js';
import type { ProgressStream } from './progress.js';
import { pythonDate, pythonRepr } from './python-json.js';
import { apiGone, apiJson, type HubReply } from './replies.js';
import { makeServer, progressOf, showServer, startServer, stopServer } from './server-routes.js';
import { identify } from './sessions.js';
import type { Site } from './site.js';

export type ApiResponse = HubReply | ProgressStream;

interface Call {
  /** The names in the path, if any. */
  username: string;
  name: string;
  grant: HubGrant;
  body: string;
  url: URL;
  request: IncomingMessage;
}

interface Route {
  method: string;
  path: RegExp;
  /** One of them is required, for the user in the path. If empty, any token is accepted. */
  scopes: readonly string[];
  respond: (site: Site, call: Call) => ApiResponse | Promise<ApiResponse>;
}

const server = String.raw`(?:server|servers/(?<server>[^/]+))`;

function routes({ release }: Site): readonly Route[] {
  const onServer = (method: string, rest: string, scope: string, response: ForUser): Route => ({
    method,
    path: new RegExp(`^users/(?<user>[^/]+)/${server}${rest}$`),
    scopes: [scope],
    respond: forUser(response),
  });
  return [
    { method: 'GET', path: /^user$/, scopes: [], respond: me },
    { method: 'GET', path: /^users$/, scopes: ['list:users'], respond: listUsers },
    { method: 'GET', path: /^info$/, scopes: ['read:hub'], respond: info },
    { method: 'GET', path: /^users\/(?<user>[^/]+)$/, scopes: readScopes, respond: forUser(showUser) },
    {
      method: 'POST',
      path: /^users\/(?<user>[^/]+)$/,
      scopes: ['admin:users'],
      respond: makeUser,
    },
    {
      method: 'POST',
      path: /^users\/(?<user>[^/]+)\/tokens$/,
      scopes: ['tokens'],
      respond: forUser(makeToken),
    },
    {
      method: 'DELETE',
      path: /^users\/(?<user>[^/]+)\/tokens\/(?<server>[^/]+)$/,
      scopes: ['tokens'],
      respond: forUser(revokeToken),
    },
    onServer('POST', '', release.startScope, startServer),
    onServer('DELETE', '', 'delete:servers', stopServer),
    onServer('GET', '/progress', 'read:servers', progressOf),
    ...(release.serverRoutes
      ? [onServer('GET', '', 'read:servers', showServer), onServer('PUT', '', 'servers', makeServer)]
      : []),
  ];
}

type ForUser = (site: Site, call: Call & { user: User }) => ApiResponse | Promise<ApiResponse>;

/** A route whose user must exist. */
function forUser(response: ForUser): Route['respond'] {
  return (site, call) => {
    const user = site.accounts.users.get(call.username);
    if (user) return response(site, { ...call, user });
    const fails = call.request.method === 'DELETE' && site.release.unknownUserDelete === 500;
    return fails ? site.refuse(500, 'Internal Server Error') : site.refuse(404, null);
  };
}

/** Each of these gives access to a user's model; its content depends on the scope. */
const readScopes = [
  'read:users',
  'read:users:name',
  'read:servers',
  'read:users:groups',
  'read:users:activity',
  'read:roles:users',
];

/** Responds to a request below `hub/api/`; `path` is the rest of the path. */
export async function respondForApi(
  site: Site,
  request: IncomingMessage,
  path: string,
  body: string,
): Promise<ApiResponse> {
  const url = new URL(request.url ?? '', 'http://hub');
  if (path === '' && request.method === 'GET') return version(site);
  const matches = routes(site).flatMap((route) => {
    const found = route.path.exec(path);
    return found ? [{ route, groups: found.groups ?? {} }] : [];
  });
  if (matches.length === 0) return site.refuse(404, null);
  const match = matches.find(({ route }) => route.method === request.method);
  if (!match) return site.refuse(405, null);
  const { route, groups } = match;
  const name = decode(groups['server'] ?? '');
  if (name === '.' || name === '..') return site.refuse(404, null);
  const who = identify(site, request, '');
  const { method = '', headers } = request;
  if (who.kind === 'forged') return site.refuse(403, `'_xsrf' argument missing from ${method}`);
  // A form on another site's page can send every content type except JSON.
  const isJson = headers['content-type'] === undefined || headers['content-type'] === 'application/json';
  if (who.kind === 'nobody' || (who.kind === 'session' && !isJson)) {
    return site.refuse(403, path === 'user' ? null : 'Missing or invalid credentials.');
  }
  const { grant } = who;
  if (grant.owner.kind === 'user') {
    const owner = site.accounts.users.get(grant.owner.name);
    if (owner) owner.lastActivity = site.timers.now();
  }
  const username = decode(groups['user'] ?? '');
  const refusal = check(site, grant, route, username);
  if (refusal) return refusal;
  return route.respond(site, { username, name, grant, body, url, request });
}

function check(site: Site, grant: HubGrant, { scopes }: Route, username: string): HubReply | null {
  if (scopes.length === 0) return null;
  const held = scopes.map((scope) => access(grant, scope, username));
  if (held.includes('granted')) return null;
  if (held.includes('other user')) return site.refuse(404, 'No access to resources or resources not found');
  const list = `[${scopes.join(', ')}]`;
  return site.refuse(403, `Action is not authorized with current scopes; requires any of ${list}`);
}

function version(site: Site): HubReply {
  const { number, openRoot } = site.release;
  return apiJson(site.tornado, 200, { version: number }, { open: openRoot, etag: true });
}

function info(site: Site): HubReply {
  const { number, python } = site.release;
  const value = {
    version: number,
    python: `${python} (main) [GCC]`,
    sys_executable: '/opt/hub/bin/python',
    spawner: { class: 'scripted.ScriptedSpawner', version: 'unknown' },
    authenticator: { class: 'jupyterhub.auth.DummyAuthenticator', version: number },
  };
  return apiJson(site.tornado, 200, value, { etag: true });
}

/** The owner of the token. */
function me(site: Site, { grant }: Call): HubReply {
  const { kind, name } = grant.owner;
  const user = kind === 'user' ? site.accounts.users.get(name) : undefined;
  const value = {
    ...(user ? userModel(user, grant, {}, site) : { name, admin: false, kind }),
    ...(site.release.tokenIds ? { token_id: grant.id } : {}),
    session_id: null,
    scopes: grant.scopes,
  };
  return apiJson(site.tornado, 200, value, { etag: true });
}

function showUser(site: Site, { user, grant, url }: Call & { user: User }): HubReply {
  const stopped = /^(1|true)$/i.test(url.searchParams.get('include_stopped_servers') ?? '');
  return apiJson(site.tornado, 200, userModel(user, grant, { stopped }, site), { etag: true });
}

function listUsers(site: Site, { grant, url, request }: Call): HubReply {
  const state = url.searchParams.get('state');
  const keep = stateFilter(state);
  if (!keep) return site.refuse(400, `Unrecognized state filter: ${pythonRepr(state ?? '')}`);
  const found = [...site.accounts.users.values()].filter(keep);
  const offset = Number(url.searchParams.get('offset') ?? 0);
  const limit = Math.min(Number(url.searchParams.get('limit') ?? 50), 200);
  const items = found.slice(offset, offset + limit).map((user) => userModel(user, grant, {}, site));
  if (request.headers.accept !== 'application/jupyterhub-pagination+json') {
    return apiJson(site.tornado, 200, items, { etag: true });
  }
  const rest = offset + limit < found.length;
  const next = { offset: offset + limit, limit };
  const nextUrl = new URL(`http://${request.headers.host ?? ''}${url.pathname}`);
  for (const [key, value] of url.searchParams) nextUrl.searchParams.set(key, value);
  nextUrl.searchParams.set('limit', String(limit));
  nextUrl.searchParams.set('offset', String(next.offset));
  const pagination = {
    offset,
    limit,
    total: found.length,
    next: rest ? { ...next, url: nextUrl.href } : null,
  };
  return apiJson(site.tornado, 200, { items, _pagination: pagination }, { etag: true });
}

function stateFilter(state: string | null): ((user: User) => boolean) | undefined {
  const some = (user: User, holds: (server: { active: boolean; ready: boolean }) => boolean): boolean =>
    [...user.servers.values()].some(holds);
  switch (state) {
    case null:
      return () => true;
    case 'active':
      return (user) => some(user, ({ active }) => active);
    case 'ready':
      return (user) => some(user, ({ ready }) => ready);
    case 'inactive':
      return (user) => !some(user, ({ active }) => active);
    default:
      return undefined;
  }
}

function makeUser(site: Site, { username, grant }: Call): HubReply {
  if (site.accounts.users.has(username)) return site.refuse(409, `User ${username} already exists`);
  return apiJson(site.tornado, 201, userModel(site.accounts.addUser(username), grant, {}, site));
}

function makeToken(site: Site, { username, body }: Call): HubReply {
  let wanted: { note?: unknown; scopes?: unknown; expires_in?: unknown };
  try {
    wanted = (body === '' ? {} : JSON.parse(body)) as typeof wanted;
  } catch {
    return site.refuse(400, 'Invalid JSON in body of request');
  }
  const now = site.timers.now();
  const scopes = Array.isArray(wanted.scopes) ? wanted.scopes.map(String) : undefined;
  const { token, grant } = site.accounts.addToken({ kind: 'user', name: username }, scopes);
  const expires = wanted.expires_in === undefined ? null : now + Number(wanted.expires_in) * 1000;
  const value = {
    user: username,
    id: grant.id,
    kind: 'api_token',
    roles: [],
    scopes: grant.scopes,
    created: pythonDate(now),
    last_activity: null,
    expires_at: expires === null ? null : pythonDate(expires),
    note: wanted.note ?? null,
    session_id: null,
    oauth_client: 'JupyterHub',
    token,
  };
  return apiJson(site.tornado, 201, value);
}

function revokeToken(site: Site, { name }: Call): HubReply {
  return site.accounts.revoke(name) ? apiGone(site.tornado) : site.refuse(404, null);
}

export function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
