/**
 * A stream for text from any source: prevents the text from acting as a command to the CI system that reads it.
 *
 * GitHub executes `::name` at the beginning of a line, even after white space, and an older form anywhere in a line.
 * Owns the lines and how they are written; `text.ts` handles the form that may occur anywhere.
 */
import type { Output } from '../runtime/context.js';
import { inert } from '../model/text.js';

/** Text is written in pieces of this many UTF-16 units: megabytes at once would be copied once more on their way out. */
const piece = 64 * 1024;

/** White space, and characters that a terminal does not show. */
const unseen = String.raw`(?:[^\S\r\n]|\x1b\[[\d;?]*[A-Za-z])*`;
const lineCommand = new RegExp(String.raw`(^|[\r\n])(${unseen}):(?=:[A-Za-z])`, 'g');
const onlyUnseen = new RegExp(`^${unseen}$`);

/** The stream for text. Bytes pass unchanged. */
export function textOutput(stream: Output): Output {
  const raw = stream as { write(...all: unknown[]): boolean };
  let inLine = false;
  const write = (chunk: unknown, ...rest: unknown[]): boolean => {
    if (typeof chunk !== 'string') return raw.write(chunk, ...rest);
    const text = inertLines(chunk, inLine);
    const lineStart = Math.max(chunk.lastIndexOf('\n'), chunk.lastIndexOf('\r')) + 1;
    inLine = (inLine && lineStart === 0) || !onlyUnseen.test(chunk.slice(lineStart));
    let at = 0;
    while (at + piece < text.length) {
      // Half a character cannot be written.
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

function inertLines(text: string, inLine: boolean): string {
  const anywhere = inert(text);
  if (!anywhere.includes('::')) return anywhere;
  return anywhere.replace(lineCommand, (all, lineEnd: string, space: string) =>
    lineEnd === '' && inLine ? all : `${lineEnd}${space}\\x3a`,
  );
}

/** The first half of a character outside the Basic Multilingual Plane. */
function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
