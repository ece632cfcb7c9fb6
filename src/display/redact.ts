/**
 * Keeps secrets out of everything that is printed, whoever put them there: a server may echo what it was sent.
 */
import type { Output } from '../context.js';
import { toAsciiJson } from '../model/json.js';
import { harmless } from './text.js';

/** Shorter values would be found in words that are no secrets. */
const shortest = 8;

/** Text is written in pieces of this many UTF-16 units. */
const piece = 64 * 1024;

/** A secret in every way in which it may come to be written: as it is, for a terminal, and in JSON. */
export function writtenForms(secret: string): string[] {
  return [secret, harmless(secret), toAsciiJson(secret).slice(1, -1)];
}

/** The stream, with every one of the secrets replaced in text written to it. Bytes pass as they are. */
export function redacting(stream: Output, secrets: ReadonlySet<string>): Output {
  const raw = stream as { write(...all: unknown[]): boolean };
  const write = (chunk: unknown, ...rest: unknown[]): boolean => {
    if (typeof chunk !== 'string') return raw.write(chunk, ...rest);
    const text = redact(chunk, secrets);
    let at = 0;
    // Megabytes in one piece would be copied once more on their way out.
    while (at + piece < text.length) {
      const end = at + piece - (isHighSurrogate(text.charCodeAt(at + piece - 1)) ? 1 : 0);
      raw.write(text.slice(at, end));
      at = end;
    }
    return raw.write(text.slice(at), ...rest);
  };
  return new Proxy(stream, {
    get(target, key) {
      if (key === 'write') return write;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** The first half of a character outside the Basic Multilingual Plane: alone, no stream can write it. */
function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** The text, with every one of the secrets replaced. */
export function redact(text: string, secrets: ReadonlySet<string>): string {
  let result = text;
  for (const secret of secrets) {
    if (secret.length >= shortest && result.includes(secret)) result = result.replaceAll(secret, '[secret]');
  }
  return result;
}
