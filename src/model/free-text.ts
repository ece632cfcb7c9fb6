/**
 * Secrets in what comes from a server or a library other than in the words of a refusal: errors and states.
 *
 * Owns which strings of them are free text. The words of refusals are `failures.ts`'s, those of events the stream's.
 */
import type { LabState } from './lab.js';
import type { Redact } from './redactor.js';

/** What a network error of Node or undici may have, and the errors that it was made from. */
type LibraryError = Error & { cert?: { subjectaltname?: string }; errors?: unknown };

/**
 * Removes secrets from an error of a library, which may quote a header or what the server sent. In place: whoever deals
 * with it looks at its class, its code and its causes.
 */
export function redactError(error: unknown, redact: Redact): void {
  if (!(error instanceof Error)) return;
  const { message, cause, errors, cert }: LibraryError = error;
  const redacted = redact(message);
  if (redacted !== message) error.message = redacted;
  if (cert?.subjectaltname !== undefined) cert.subjectaltname = redact(cert.subjectaltname);
  const inner: unknown[] = Array.isArray(errors) ? errors : [];
  for (const each of [cause, ...inner]) redactError(each, redact);
}

/**
 * Strings of a state that are no free text: names, and what a script goes on with. Where a secret is the same by chance,
 * these must not change.
 */
const exempt = [
  /^status$/,
  /^(internal_)?url$/,
  /^user\.(user)?name$/,
  /^user\.groups\.\d+\.name$/,
  /^options\.(image|size)/,
];

/** A state without the secrets that its other strings may hold: older controllers repeat the environment. */
export function redactState(state: LabState, redact: Redact): LabState {
  const walk = (value: unknown, path: string): unknown => {
    if (typeof value === 'string')
      return exempt.some((pattern) => pattern.test(path)) ? value : redact(value);
    if (typeof value !== 'object' || value === null) return value;
    const at = (key: string | number): string => (path === '' ? `${key}` : `${path}.${key}`);
    if (Array.isArray(value)) return value.map((each, i) => walk(each, at(i)));
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(each, at(key))]));
  };
  return walk(state, '') as LabState;
}
