/**
 * Names of users and servers as parts of a path.
 *
 * A Hub allows many characters in them. Owns which names must never be used in a path: those that a URL parser would
 * resolve, and those that an intermediate server may interpret differently from the Hub.
 */

/** Why this is not a valid name of a user or a server; null if it is valid. */
export function problemOfName(name: string): string | null {
  if (name === '') return 'it is empty';
  if (/\p{Surrogate}/u.test(name)) return 'it is not valid Unicode';
  if (/\p{Cc}/u.test(name)) return 'it has control characters';
  if (name.includes('/') || /%2f/i.test(name)) return 'it has a slash';
  return /^(\.|%2e){1,2}$/i.test(name) ? 'it stands for a folder of a path' : null;
}

/** The name as one segment of a path. Throws a RangeError for a name that the settings should have refused. */
export function segment(name: string): string {
  const problem = problemOfName(name);
  if (problem !== null) throw new RangeError(`not a name for a path: ${problem}`);
  return encodeURIComponent(name);
}
