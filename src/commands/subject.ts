/**
 * Whose lab a command is about, and whether that is the token's own user.
 */
import type { Result } from '../model/result.js';

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
 * meant.
 */
export async function findSubject(
  { name, given, direct }: UserSetting,
  mayBeAnother: boolean,
  whoAmI: () => Promise<Result<string>>,
): Promise<Result<Subject>> {
  if (name !== null && (direct || !given || !mayBeAnother)) return { ok: true, value: { name, own: true } };
  const answer = await whoAmI();
  if (answer.ok) {
    return { ok: true, value: { name: name ?? answer.value, own: name === null || name === answer.value } };
  }
  const { transient, kind, error } = answer.failure;
  // Not every installation has this route; whoever names the user does not need it.
  if (name !== null) return error.status === 404 ? { ok: true, value: { name, own: true } } : answer;
  if (transient || kind !== 'unknown' || error.status === null) return answer;
  const hint = `${error.hint ?? ''} If so, name the user with --user or LAB_USER.`.trim();
  return { ok: false, failure: { ...answer.failure, error: { ...error, hint } } };
}
