/**
 * Every error response of the controller and the ingress, byte for byte (contract, "Refusals").
 *
 * Owns the bodies, not the decisions.
 */
import { json, page, type Reply } from '../http/reply.js';
import type { Scope } from '../labs/people.js';

/** One entry of FastAPI's own 422; `input` echoes what was sent. */
export interface ValidationError {
  type: string;
  loc: (string | number)[];
  msg: string;
  input: unknown;
  ctx?: Record<string, unknown>;
}

export function unprocessable(errors: readonly ValidationError[]): Reply {
  return json(422, { detail: errors });
}

export const notFound = json(404, { detail: 'Not Found' });

export function methodNotAllowed(allow: string): Reply {
  return json(405, { detail: 'Method Not Allowed' }, { allow });
}

export const internalError: Reply = {
  status: 500,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: 'Internal Server Error',
};

export const invalidToken = refusal(401, 'invalid_token', 'User token is invalid');
export const permissionDenied = refusal(403, 'permission_denied', 'Permission denied');
export const spawningNotPermitted = refusal(403, 'permission_denied', 'Spawning a notebook is not permitted');
export const noUid = refusal(403, 'permission_denied', 'Must have a UID to spawn labs');
export const deleteFailed = refusal(500, 'delete_failed', 'Failed to delete lab');

/** `inPath`: the name came from the path, not from the token. */
export function unknownUser(username: string, inPath: boolean): Reply {
  return refusal(404, 'unknown_user', `Unknown user ${username}`, inPath ? ['path', 'username'] : undefined);
}

export function labExists(username: string): Reply {
  return refusal(409, 'lab_exists', `Lab already exists for ${username}`);
}

/** `operation` is null if the controller lost a race and does not know the other operation. */
export function operationInProgress(username: string, operation: string | null): Reply {
  const what = operation === null ? username : `Operation in progress for ${username}: ${operation}`;
  return refusal(409, 'operation_in_progress', `Conflicting operation for ${what} already in progress`);
}

export function unknownImage(message: string, option: string): Reply {
  return refusal(400, 'unknown_image', message, ['body', 'options', option]);
}

export function invalidReference(message: string, option: string): Reply {
  return refusal(422, 'invalid_docker_reference', message, ['body', 'options', option]);
}

export function invalidSize(size: string): Reply {
  return refusal(422, 'invalid_lab_size', `Invalid lab size "${size}"`, ['body', 'options', 'size']);
}

export const insufficientQuota = refusal(
  403,
  'insufficient_quota',
  'Insufficient quota to spawn requested lab',
  ['body', 'options', 'size'],
);

/** The ingress: no token was sent, or an unknown one. */
export function unauthenticated(realm: string, tokenSent: boolean): Reply {
  const error = tokenSent ? ', error="invalid_token", error_description="Token is invalid"' : '';
  return page(401, 'Authorization Required', { 'www-authenticate': `Bearer realm="${realm}"${error}` });
}

/** The ingress: the token lacks the scope that the path requires. */
export function insufficientScope(realm: string, scope: Scope): Reply {
  return page(403, 'Forbidden', {
    'www-authenticate':
      `Bearer realm="${realm}", error="insufficient_scope", ` +
      `error_description="Token missing required scope", scope="${scope}"`,
  });
}

function refusal(status: number, type: string, msg: string, loc?: readonly string[]): Reply {
  return json(status, { detail: [{ msg, type, ...(loc === undefined ? {} : { loc }) }] });
}
