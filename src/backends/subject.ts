/**
 * Whose lab a command is about, for a backend without rules of its own.
 */
import type { Result } from '../model/result.js';
import type { Subject, WantedUser } from './backend.js';

/** The user as named, or the token's own. Who that is, is requested only where it matters. */
export async function findSubject(
  { name, mayBeAnother }: WantedUser,
  whoAmI: () => Promise<Result<string>>,
): Promise<Result<Subject>> {
  if (name !== null && !mayBeAnother) return { ok: true, value: { name, own: true } };
  const result = await whoAmI();
  if (!result.ok) return result;
  return { ok: true, value: { name: name ?? result.value, own: name === null || name === result.value } };
}
