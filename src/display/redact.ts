/**
 * Keeps secrets out of everything that is printed, whoever put them there: a server may echo what it was sent.
 */
import type { Output } from '../context.js';

/** Shorter values would be found in words that are no secrets. */
const shortest = 8;

/** The stream, with every one of the secrets replaced in text written to it. Bytes pass as they are. */
export function redacting(stream: Output, secrets: ReadonlySet<string>): Output {
  const write = (chunk: unknown, ...rest: unknown[]): boolean =>
    (stream as { write(...all: unknown[]): boolean }).write(
      typeof chunk === 'string' ? redact(chunk, secrets) : chunk,
      ...rest,
    );
  return new Proxy(stream, {
    get(target, key) {
      if (key === 'write') return write;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** The text, with every one of the secrets replaced. */
export function redact(text: string, secrets: ReadonlySet<string>): string {
  let result = text;
  for (const secret of secrets) {
    if (secret.length >= shortest && result.includes(secret)) result = result.replaceAll(secret, '[secret]');
  }
  return result;
}
