/**
 * The ingress in front of the controller, nginx with Gafaelfawr: who asks, and whether the path is open to them.
 *
 * Owns the token check, the scopes, and what a token says about its owner. What the controller then thinks of
 * the request is its own business (routes.ts).
 */
import type { IncomingMessage } from 'node:http';
import type { Directory, Person, Scope } from './people.js';
import { scopes } from './people.js';
import {
  insufficientScope,
  internalError,
  invalidToken,
  notFound,
  permissionDenied,
  unauthenticated,
} from './refusals.js';
import { json, type Reply } from './reply.js';

/** What the controller learns of whoever asks: `X-Auth-Request-User` and `X-Auth-Request-Token`. */
export interface Caller {
  username: string;
  token: string | null;
}

/** Lets a request for `path` (below the base) pass, or answers it. */
export function admit(
  request: IncomingMessage,
  path: string,
  directory: Directory,
): { caller: Caller } | { refusal: Reply } {
  const token = bearer(request);
  const direct = request.headers['x-auth-request-user'];
  if (token === undefined && typeof direct === 'string') {
    // No ingress on this way: the caller says who they are.
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

/** The owner of the caller's delegated token, as far as Gafaelfawr tells the controller. */
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

/** Gafaelfawr's own `GET /auth/api/v1/user-info`. Behind the ingress there is no such thing. */
export function userInfo(request: IncomingMessage, directory: Directory): Reply {
  const token = bearer(request);
  if (token === undefined && request.headers['x-auth-request-user'] !== undefined) return notFound;
  const grant = token === undefined ? undefined : directory.grant(token);
  if (grant === undefined) return unauthenticated(realm(request), token !== undefined);
  const { username, name, uid, gid, groups } = directory.person(grant.user);
  return json(200, { username, name, uid, gid, groups });
}

/** The scope that a path asks for, whatever the method (contract, "Base and authentication"). */
function scopeOf(path: string): Scope {
  if (/^\/spawner\/v1\/(labs\/[^/]+\/(create|events)|lab-form\/[^/]+|user-status)$/.test(path)) {
    return 'exec:notebook';
  }
  if (/^\/spawner\/v1\/labs(\/[^/]+)?$/.test(path)) return 'admin:jupyterlab';
  return 'exec:admin';
}

/** The token that was sent; undefined where there was none, empty where it was none that could be right. */
function bearer(request: IncomingMessage): string | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) return undefined;
  return /^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
}

function realm(request: IncomingMessage): string {
  return (request.headers.host ?? '').replace(/:\d+$/, '');
}
