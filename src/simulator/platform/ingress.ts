/**
 * The ingress of the simulated platform: which service a request reaches, and as whom.
 *
 * Owns hosts and path prefixes, the login page in front of the Hub, service discovery and Gafaelfawr's routes. The scopes of
 * the controller's routes are in nublado/ingress.ts.
 */
import type { IncomingMessage } from 'node:http';
import { html, json, type Reply } from '../http/reply.js';
import type { Directory } from '../labs/people.js';
import { scopes } from '../labs/people.js';
import { bearer, loginPage, loginPath, realm, tokenInfo, userInfo } from '../nublado/ingress.js';
import { insufficientScope } from '../nublado/refusals.js';

/** Host names in URLs and redirects. The port is that of the socket. */
export interface PlatformHosts {
  /** The host of everything but the Hub, such as `data.test`. */
  platform: string;
  /** The Hub's host, such as `nb.data.test`; it can be the same. Each user's is a label before it. */
  hub: string;
}

export interface IngressSettings {
  directory: Directory;
  hosts: PlatformHosts | null;
  /** The origin of the platform, and the Hub's public prefix. */
  origin: () => string;
  hubUrl: () => string;
  controllerPath: string;
  /** How long a token must still be valid for the form at `hub/spawn`, in seconds. */
  minimumLifetimeSeconds: number;
  now: () => number;
}

/** Where a request goes: to the Hub, with an identity that is in its headers, too; to the controller; or no further. */
export type Destination =
  { to: 'hub'; user: string; token: string } | { to: 'controller' } | { to: 'ingress'; reply: Reply };

/** Decides, and replaces the identity headers that only an ingress may set. */
export function route(settings: IngressSettings, request: IncomingMessage): Destination {
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith('x-auth-request-')) Reflect.deleteProperty(request.headers, name);
  }
  const { directory, hosts, controllerPath } = settings;
  const [path = ''] = (request.url ?? '').split('?');
  const host = realm(request).toLowerCase();
  const isShared = hosts === null || hosts.hub === hosts.platform;
  const isHubs = hosts !== null && (host.endsWith(`.${hosts.hub}`) || (host === hosts.hub && !isShared));
  if (isHubs) return admitToHub(settings, request, path);
  if (path === controllerPath || path.startsWith(`${controllerPath}/`)) return { to: 'controller' };
  if (isShared && (path === '/nb' || path.startsWith('/nb/'))) {
    return admitToHub(settings, request, path);
  }
  return { to: 'ingress', reply: ownReply(settings, directory, request, path) };
}

function ownReply(
  settings: IngressSettings,
  directory: Directory,
  request: IncomingMessage,
  path: string,
): Reply {
  switch (path) {
    case '/repertoire/discovery':
      return json(200, discovery(settings));
    case '/auth/api/v1/user-info':
      return userInfo(request, directory);
    case '/auth/api/v1/token-info':
      return tokenInfo(request, directory);
    case loginPath:
      return loginPage;
    case '/logout':
      return html('<!DOCTYPE html>\n<html><body><h1>Logged out</h1></body></html>\n');
  }
  return { status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>404 Not Found</h1>\n' };
}

/** Without a valid token, everything below the Hub's prefix is a redirect, whether or not a lab is there. */
function admitToHub(settings: IngressSettings, request: IncomingMessage, path: string): Destination {
  const { directory, minimumLifetimeSeconds, now } = settings;
  const token = bearer(request);
  const grant = token === undefined ? undefined : directory.grant(token);
  if (token === undefined || grant === undefined) return { to: 'ingress', reply: toLogin(settings, request) };
  if (!(grant.scopes ?? scopes).includes('exec:notebook')) {
    return { to: 'ingress', reply: insufficientScope(realm(request), 'exec:notebook') };
  }
  const left = grant.expires === undefined ? Infinity : grant.expires - now() / 1000;
  if (path === '/nb/hub/spawn' && left < minimumLifetimeSeconds) {
    return { to: 'ingress', reply: toLogin(settings, request) };
  }
  request.headers['x-auth-request-user'] = grant.user;
  request.headers['x-auth-request-token'] = token;
  return { to: 'hub', user: grant.user, token };
}

function toLogin({ origin, hosts }: IngressSettings, request: IncomingMessage): Reply {
  const own = `http://${request.headers.host ?? ''}`;
  const wanted = encodeURIComponent(own + (request.url ?? ''));
  const location = `${hosts === null ? own : origin()}${loginPath}?rd=${wanted}`;
  return { status: 302, headers: { 'content-type': 'text/html', location }, body: '' };
}

/** The response of Repertoire. Clients have to accept keys that they do not know. */
function discovery({ origin, hubUrl, controllerPath }: IngressSettings): unknown {
  const at = origin();
  return {
    environment_name: 'simulated',
    applications: ['gafaelfawr', 'nublado', 'repertoire'],
    datasets: {},
    services: {
      internal: {
        gafaelfawr: { url: `${at}/auth/api/v1`, openapi: `${at}/auth/openapi.json`, versions: {} },
        'nublado-controller': { url: at + controllerPath, openapi: `${at}${controllerPath}/openapi.json` },
      },
      ui: { nublado: { url: hubUrl().replace(/\/$/, '') }, squareone: { url: at } },
    },
  };
}
