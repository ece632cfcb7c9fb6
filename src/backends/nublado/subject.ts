/**
 * Determines whose lab a command is about, if that requires a request to Gafaelfawr or the controller.
 *
 * The name of the token's user is requested only if another user may be meant. Not every installation provides it: then
 * the lab is requested by the route for any user, which only an administrator may use.
 */
import { errorInfo } from '../../model/outcome.js';
import type { Failure, Result } from '../../model/result.js';
import type { Backend, Lookup, Subject, WantedUser } from '../backend.js';
import { findSubject } from '../subject.js';

export async function findNubladoSubject(
  wanted: WantedUser,
  lookup: Lookup,
  whoAmI: Backend['whoAmI'],
): Promise<Result<Subject>> {
  const found = await findSubject(wanted, async () => {
    const result = await lookup.request<string | Failure>(async (signal) => {
      const asked = await whoAmI(signal);
      // A missing route is a valid result: retrying would not change it.
      return isMissing(asked) ? { ok: true, value: asked.failure } : asked;
      // Gafaelfawr's response says nothing about whether there is a controller.
    }, 'other');
    if (!result.ok) return result;
    const { value } = result;
    return typeof value === 'string' ? { ok: true, value } : { ok: false, failure: value };
  });
  if (found.ok) return found;
  const { name } = wanted;
  if (name !== null) return isMissing(found) ? subjectByLab(name, lookup) : found;
  const { from, kind, error } = found.failure;
  if (from !== 'other' || kind !== 'unknown' || error.status === null) return found;
  const hint = `${error.hint ?? ''} If it is, name the user with --user or LAB_USER.`.trim();
  return { ok: false, failure: { ...found.failure, error: { ...error, hint } } };
}

function isMissing<T>(result: Result<T>): result is { ok: false; failure: Failure } {
  return !result.ok && result.failure.error.status === 404;
}

/** A token that may read any user's lab is treated as an administrator's; any other token as the user's own. */
async function subjectByLab(name: string, lookup: Lookup): Promise<Result<Subject>> {
  const lab = await lookup.state({ name, own: false });
  if (lab.ok) return { ok: true, value: { name, own: false } };
  const { status } = lab.failure.error;
  // Some installations restrict this route to certain users, and some do not have it.
  return status === 403 || status === 404 ? { ok: true, value: { name, own: true } } : lab;
}

/** The failure if the state belongs to another user than the requested one. */
export function anothersLab(name: string, whose: string, direct: boolean): Failure {
  const message = direct
    ? `the controller reported the lab of ${whose} instead of ${name}`
    : `the token belongs to ${whose}, not to ${name}`;
  const hint = direct
    ? 'Something between here and the controller sets another user. Check --controller and --user.'
    : `Check --user, or use a token of ${name}.`;
  return {
    kind: direct ? 'unknown' : 'unauthorized',
    error: errorInfo('another_user', message, { hint }),
    retry: 'never',
    effect: 'none',
    from: 'server',
  };
}
