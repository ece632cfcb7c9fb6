/**
 * Removes secrets from the errors of libraries.
 *
 * Owns which of their strings are free text. Leaves the text of refusals and states to the backend, and that of events
 * to the stream.
 */
import type { Redact } from '../model/redactor.js';

/** The properties that a network error of Node or undici may have; the errors behind it may have them as well. */
type LibraryError = Error & { cert?: { subjectaltname?: string }; errors?: unknown };

/**
 * Removes secrets from a library's error, which may quote a header or data from the server. Modifies the error in
 * place, because error handling depends on its class, code and causes.
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
