/**
 * What a story's controller, and the ingress before it, respond with.
 */
import type { Status, Trouble } from './story.js';

export interface Reply {
  status: number;
  /** The kind of refusal, if it is the controller's own. */
  type: string | null;
  headers: Record<string, string>;
  body: string;
}

const html = { 'content-type': 'text/html' };
const json = { 'content-type': 'application/json' };

export function ok(status: number, value: unknown): Reply {
  return { status, type: null, headers: json, body: JSON.stringify(value) };
}

export function refused(status: number, type: string, msg: string): Reply {
  return { ...ok(status, { detail: [{ msg, type }] }), type };
}

export const created = ok(201, null);
export const gone: Reply = { status: 204, type: null, headers: {}, body: '' };
export const unknownUser = refused(404, 'unknown_user', 'Unknown user rachel');
export const noSuchRoute = ok(404, { detail: 'Not Found' });
export const exists = refused(409, 'lab_exists', 'Lab already exists for rachel');
export const inProgress = refused(409, 'operation_in_progress', 'Conflicting operation');
export const deleteFailed = refused(500, 'delete_failed', 'Failed to delete lab');
export const notYours = refused(403, 'permission_denied', 'Permission denied');

export function labState(status: Status): Reply {
  return ok(200, {
    user: { username: 'rachel' },
    options: { image: 'registry/lab:tag', size: 'small' },
    status,
    internal_url: status === 'running' ? 'http://lab.nublado-rachel:8888' : null,
  });
}

/** What stands between the client and the controller has a bad day; a 500 is the controller's own. */
export function inTrouble({ status, retryAfter }: Trouble & { kind: 'status' }): Reply {
  const wait: Record<string, string> = retryAfter === null ? {} : { 'retry-after': String(retryAfter) };
  if (status === 500) {
    return {
      status,
      type: null,
      headers: { 'content-type': 'text/plain', ...wait },
      body: 'Internal Server Error',
    };
  }
  return { status, type: null, headers: { ...html, ...wait }, body: `<html><body>${status}</body></html>` };
}

/** The response to a client whose token is no longer valid. */
export function noLonger(status: 401 | 403): Reply {
  if (status === 403) return notYours;
  const challenge = 'Bearer realm="lab", error="invalid_token", error_description="Token is invalid"';
  return {
    status,
    type: null,
    headers: { ...html, 'www-authenticate': challenge },
    body: '<html>401</html>',
  };
}
