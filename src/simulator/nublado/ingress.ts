/**
 * The ingress in front of the controller, nginx with Gafaelfawr: who asks, and whether the path is open to them.
 *
 * Owns the token check, the scopes, what a token says about its owner, and what the ingress says by itself. What
 * the controller then thinks of the request is its own business (routes.ts).
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

/** What the ingress says by itself: `login` sends to the login page, a number is a status. */
export type IngressAnswer = 'login' | 429 | 502 | 503 | 504;

/** An answer that so many requests get, one after the other, before the next is let through. */
export interface TurningAway {
  answer: IngressAnswer;
  times: number;
}

/** Counts whom the ingress has turned away. */
export class Turnstile {
  readonly #turned = new Map<string, number>();

  /** What the next in this lane is told; undefined where they may pass. */
  turnAway(lane: string, { answer, times }: TurningAway): IngressAnswer | undefined {
    const turned = this.#turned.get(lane) ?? 0;
    if (turned >= times) return undefined;
    this.#turned.set(lane, turned + 1);
    return answer;
  }

  /** The lane starts over. */
  reset(lane: string): void {
    this.#turned.delete(lane);
  }
}

/** The answer in full (contract, "Refusals"). */
export function ingressReply(answer: IngressAnswer, request: IncomingMessage): Reply {
  switch (answer) {
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
