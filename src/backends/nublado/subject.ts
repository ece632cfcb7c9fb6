/**
 * Whose lab a command is about, where Gafaelfawr or the controller has to say so.
 *
 * Who the token's own user is, is requested only where another user may be meant. Not every installation can say it: then
 * any user's lab is requested, which only an administrator may.
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
    const answer = await lookup.request<string | Failure>(async (signal) => {
      const asked = await whoAmI(signal);
      // That there is no such route is a response, and it does not change where it is requested again.
      return isMissing(asked) ? { ok: true, value: asked.failure } : asked;
      // Gafaelfawr's response says nothing about whether there is a controller.
    }, 'other');
    if (!answer.ok) return answer;
    const { value } = answer;
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

function isMissing<T>(answer: Result<T>): answer is { ok: false; failure: Failure } {
  return !answer.ok && answer.failure.error.status === 404;
}

/** A token that may see the lab of any user is used as an administrator's; any other one as the user's own. */
async function subjectByLab(name: string, lookup: Lookup): Promise<Result<Subject>> {
  const lab = await lookup.state({ name, own: false });
  if (lab.ok) return { ok: true, value: { name, own: false } };
  const { status } = lab.failure.error;
  // Not every installation has this route for everybody, and some do not have it at all.
  return status === 403 || status === 404 ? { ok: true, value: { name, own: true } } : lab;
}

/** The failure of a state that is about another user than it was requested for. */
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
