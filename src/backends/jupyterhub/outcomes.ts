/**
 * The failures that the Hub's responses amount to, and what kinds of errors there are.
 *
 * Owns no requests. `failures.ts` reads single responses; this is about what they mean for a server.
 */
import type { Failure } from '../../model/result.js';
import type { ServerId } from './client.js';

export function failure(
  kind: Failure['kind'],
  type: string,
  message: string,
  hint: string | null = null,
): Failure {
  return {
    kind,
    error: { type, message, status: null, hint },
    retry: 'never',
    effect: 'none',
    from: 'server',
  };
}

/** The same failure, if a retry makes no sense and nothing was changed. */
export function final(of: Failure): Failure {
  return { ...of, retry: 'never', effect: 'none' };
}

/** Whether an error may come from the server's start or stop: not if the token was refused or no Hub was reached. */
export function isAboutTheServer({ error: { type } }: Failure): boolean {
  return ['refused', 'too_many', 'hub_error', 'unavailable', 'forbidden'].includes(type);
}

/** Whether the Hub had no room, or had an error, so that the state decides what became of the request. */
export function isServerError({ error: { status } }: Failure): boolean {
  return status !== null && (status >= 500 || status === 429);
}

export function nameOf({ user, server }: ServerId): string {
  return server === '' ? `the server of ${user}` : `the server ${server} of ${user}`;
}
