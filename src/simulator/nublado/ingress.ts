/**
 * The ingress in front of the controller, nginx with Gafaelfawr: authentication and scopes.
 *
 * Owns the token check, the scopes, the look-up of a token's owner, and the ingress's own responses. The controller's
 * own checks are in routes.ts.
 */
import type { IncomingMessage } from 'node:http';
import type { Directory, Person, Scope } from '../labs/people.js';
import { scopes } from '../labs/people.js';
import {
  insufficientScope,
  internalError,
  invalidToken,
  notFound,
  permissionDenied,
  unauthenticated,
} from './refusals.js';
import { html, json, page, type Reply } from '../http/reply.js';

/** A response of the ingress itself: `login` redirects to the login page, a number is a status. */
export type IngressResponse = 'login' | 429 | 502 | 503 | 504;

/** The ingress gives this response to the first `times` requests, then lets the others pass. */
export interface Rejections {
  response: IngressResponse;
  times: number;
}

/** Counts the requests that the ingress has rejected. */
export class Turnstile {
  readonly #rejected = new Map<string, number>();

  /** The response to the next request in this lane; undefined if it may pass. */
  reject(lane: string, { response, times }: Rejections): IngressResponse | undefined {
    const rejected = this.#rejected.get(lane) ?? 0;
    if (rejected >= times) return undefined;
    this.#rejected.set(lane, rejected + 1);
    return response;
  }

  /** Starts the count of a lane again. */
  reset(lane: string): void {
    this.#rejected.delete(lane);
  }
}

/** The complete response (contract, "Refusals"). */
export function ingressReply(
  response: IngressResponse,
  request: Pick<IncomingMessage, 'headers' | 'url'>,
): Reply {
  switch (response) {
    case 'login': {
      const origin = `http://${request.headers.host ?? ''}`;
      const wanted = origin + encodeURIComponent(request.url ?? '');
      return page(302, 'Found', { location: `${origin}${loginPath}?rd=${wanted}` });
    }
    case 429:
      return page(429, 'Too Many Requests', { 'retry-after': '1' });
    case 502:
      return page(502, 'Bad Gateway');
    case 503:
      return page(503, 'Service Temporarily Unavailable');
    case 504:
      return page(504, 'Gateway Time-out');
  }
}

export const loginPath = '/login';
export const loginPage = html(
  '<!DOCTYPE html>\n<html><head><title>Log in</title></head><body><h1>Log in</h1></body></html>\n',
);

/** What the ingress passes to the controller: `X-Auth-Request-User` and `X-Auth-Request-Token`. */
export interface Caller {
  username: string;
  token: string | null;
}

/** The caller of a request for `path` (below the base), or the refusal. */
export function admit(
  request: IncomingMessage,
  path: string,
  directory: Directory,
): { caller: Caller } | { refusal: Reply } {
  const token = bearer(request);
  const direct = request.headers['x-auth-request-user'];
  if (token === undefined && typeof direct === 'string') {
    // The request bypasses the ingress, so the caller sets its own identity.
    const delegated = request.headers['x-auth-request-token'];
    return { caller: { username: direct, token: typeof delegated === 'string' ? delegated : null } };
  }
  const grant = token === undefined ? undefined : directory.grant(token);
  if (token === undefined || grant === undefined) {
    return { refusal: unauthenticated(realm(request), token !== undefined) };
  }
  const scope = scopeOf(path);
  if (!(grant.scopes ?? scopes).includes(scope)) return { refusal: insufficientScope(realm(request), scope) };
  return { caller: { username: grant.user, token } };
}

/** The owner of the caller's delegated token, as Gafaelfawr reports it to the controller. */
export function delegatedUser(
  { username, token }: Caller,
  directory: Directory,
): { person: Person } | { refusal: Reply } {
  const grant = token === null ? undefined : directory.grant(token);
  switch (grant?.delegated) {
    case 'revoked':
      return { refusal: invalidToken };
    case 'mismatch':
      return { refusal: permissionDenied };
    case 'down':
      return { refusal: internalError };
    case 'valid':
    case undefined:
      if (grant === undefined) return { refusal: invalidToken };
      return grant.user === username ? { person: directory.person(username) } : { refusal: permissionDenied };
  }
}

/** Gafaelfawr's own `GET /auth/api/v1/user-info`. It does not exist behind the ingress. */
export function userInfo(request: IncomingMessage, directory: Directory): Reply {
  const token = bearer(request);
  if (token === undefined && request.headers['x-auth-request-user'] !== undefined) return notFound;
  const grant = token === undefined ? undefined : directory.grant(token);
  if (grant === undefined) return unauthenticated(realm(request), token !== undefined);
  const { username, name, uid, gid, groups } = directory.person(grant.user);
  return json(200, { username, name, uid, gid, groups });
}

/** Gafaelfawr's own `GET /auth/api/v1/token-info`: what the token may do, and until when. */
export function tokenInfo(request: IncomingMessage, directory: Directory): Reply {
  const token = bearer(request);
  const grant = token === undefined ? undefined : directory.grant(token);
  if (token === undefined || grant === undefined) {
    return unauthenticated(realm(request), token !== undefined);
  }
  const { user: username, created = directory.opened, expires } = grant;
  return json(200, {
    token: token.replace(/^gt-|\..*$/g, ''),
    username,
    token_type: 'user',
    scopes: grant.scopes ?? scopes,
    created,
    ...(expires === undefined ? {} : { expires }),
    token_name: 'lab',
  });
}

/** The scope that a path requires, regardless of the method (contract, "Base and authentication"). */
function scopeOf(path: string): Scope {
  if (/^\/spawner\/v1\/(labs\/[^/]+\/(create|events)|lab-form\/[^/]+|user-status)$/.test(path)) {
    return 'exec:notebook';
  }
  if (/^\/spawner\/v1\/labs(\/[^/]+)?$/.test(path)) return 'admin:jupyterlab';
  return 'exec:admin';
}

/** The token that was sent; undefined without an Authorization header, empty if the header is malformed. */
export function bearer(request: IncomingMessage): string | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) return undefined;
  return /^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
}

export function realm(request: IncomingMessage): string {
  return (request.headers.host ?? '').replace(/:\d+$/, '');
}
