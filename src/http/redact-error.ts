/**
 * Secrets in the errors of libraries.
 *
 * Owns which of their strings are free text. The words of refusals and states belong to the backend, those of events to
 * the stream.
 */
import type { Redact } from '../model/redactor.js';

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
