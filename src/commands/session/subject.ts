/**
 * Whose lab a command is about, and whether that is the token's own user.
 */
import type { LabState } from '../../model/lab.js';
import type { Result } from '../../model/result.js';

/** Whose lab, as far as that is configured. */
export interface UserSetting {
  /** Null where the token has to tell. */
  name: string | null;
  /** Whether somebody said so, and it may be another user than the token's own. */
  given: boolean;
  /** Behind the ingress, whoever is named is the user. */
  direct: boolean;
}

export interface Subject {
  name: string;
  /** Whether it is the token's own user: only that one can read the event stream. */
  own: boolean;
}

/**
 * The subject as configured, or as the token says. Who the token's own user is, is asked only where another user may be
 * meant. `labOf` requests any user's lab, for installations that cannot tell whose a token is.
 */
export async function findSubject(
  { name, given, direct }: UserSetting,
  mayBeAnother: boolean,
  whoAmI: () => Promise<Result<string>>,
  labOf: (name: string) => Promise<Result<LabState | null>>,
): Promise<Result<Subject>> {
  if (name !== null && (direct || !given || !mayBeAnother)) return { ok: true, value: { name, own: true } };
  const answer = await whoAmI();
  if (answer.ok) {
    return { ok: true, value: { name: name ?? answer.value, own: name === null || name === answer.value } };
  }
  const { transient, kind, error } = answer.failure;
  if (name !== null) return error.status === 404 ? subjectByLab(name, await labOf(name)) : answer;
  if (transient || kind !== 'unknown' || error.status === null) return answer;
  const hint = `${error.hint ?? ''} If so, name the user with --user or LAB_USER.`.trim();
  return { ok: false, failure: { ...answer.failure, error: { ...error, hint } } };
}

/** A token that may see the lab of any user is used as an administrator's; any other one as the user's own. */
function subjectByLab(name: string, lab: Result<LabState | null>): Result<Subject> {
  if (lab.ok) return { ok: true, value: { name, own: false } };
  const { status } = lab.failure.error;
  // Not every installation has this route for everybody, and some do not have it at all.
  return status === 403 || status === 404 ? { ok: true, value: { name, own: true } } : lab;
}
