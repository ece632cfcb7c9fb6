/**
 * The proxy in front of the Hub and its servers: which of them a request reaches.
 *
 * Owns hosts and path prefixes, and the proxy's own responses. The proxy keeps working while the Hub is down.
 */
import type { IncomingMessage } from 'node:http';
import { respondForApi, decode, type ApiResponse } from './api.js';
import { respondWithPage, redirectToPrefix } from './pages.js';
import { hubAway, proxyPage, type HubReply } from './replies.js';
import type { Server } from './server.js';
import { respondForServer } from './single-user.js';
import type { Site } from './site.js';

export interface Route {
  server: Server;
  /** The rest of the path after the server's prefix. */
  path: string;
}

/** Null: there will never be a response. `hubIsUp`: whether the Hub can respond to requests without a server. */
export async function respond(
  site: Site,
  request: IncomingMessage,
  body: string,
  hubIsUp: boolean,
): Promise<ApiResponse | null> {
  const [path = ''] = (request.url ?? '').split('?');
  const { prefix, hubPrefix, hosts } = site.addresses;
  const route = routeOf(site, request.headers.host ?? '', path);
  if (route) {
    const { isAlive, reachable } = route.server;
    if (isAlive && reachable) return respondForServer(site, route.server, request, route.path);
    // The proxy shows the Hub's error page.
    return hubIsUp ? proxyPage(503) : hubAway;
  }
  if (!hubIsUp) return hubAway;
  if (path === `${hubPrefix}api` || path.startsWith(`${hubPrefix}api/`)) {
    const rest = path.slice(hubPrefix.length).replace(/^api\/?/, '');
    // These are pages: browsers are redirected to them.
    if (rest.startsWith('oauth2/')) return respondWithPage(site, request, `api/${rest}`, body);
    return respondForApi(site, request, rest, body);
  }
  if (path.startsWith(hubPrefix)) return respondWithPage(site, request, path.slice(hubPrefix.length), body);
  if (path.startsWith(prefix) || hosts !== null) return redirectToPrefix(site, request);
  return proxyPage(404);
}

/** The longest route below which the path is. Hosts are compared letter by letter. */
function routeOf({ accounts, addresses }: Site, host: string, path: string): Route | null {
  const below = `${addresses.prefix}user/`;
  if (!path.startsWith(below)) return null;
  const [name = '', second, ...rest] = path.slice(below.length).split('/');
  const user = accounts.users.get(decode(name));
  if (!user || second === undefined) return null;
  const userHost = addresses.userHost(user.name);
  if (userHost !== null && host.replace(/:\d+$/, '') !== userHost) return null;
  const named = second === '' ? undefined : user.servers.get(decode(second));
  if (named?.routed === true) return { server: named, path: rest.join('/') };
  const main = user.servers.get('');
  return main?.routed === true ? { server: main, path: [second, ...rest].join('/') } : null;
}

export type { HubReply };
