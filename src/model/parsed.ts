/**
 * Validates an untrusted value against a schema: returns a typed value, or the reason it was rejected. Nothing here
 * throws.
 */
import type * as z from 'zod';

export type Parsed<T> =
  | { ok: true; value: T }
  /** `reason` names the first invalid place and explains why; of the value it quotes only keys. */
  | { ok: false; reason: string };

export function parseWith<T>(schema: z.ZodType<T>, value: unknown): Parsed<T> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return { ok: true, value: data };
  const issue = error.issues[0];
  const place = issue?.path.map(String).join('.') ?? '';
  return { ok: false, reason: `${place === '' ? '' : `${place}: `}${issue?.message ?? 'invalid value'}` };
}
