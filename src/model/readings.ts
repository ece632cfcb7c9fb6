/**
 * The ways in which one character may be written: literally, escaped in JSON (also in JSON inside JSON), and
 * percent-encoded (also more than once).
 *
 * Owns the reading of a single character. Leaves the comparison with secrets to `redactor.ts`.
 */

/** Stands for no code point and no number. */
export const nothing = -1;

/** The maximum number of UTF-16 units of one character in any of these forms. */
export const longestCharacter = 64;

export function codePoint(character: string): number {
  return character.codePointAt(0) ?? nothing;
}

/** Receives a code point that can be read at a position, and the end of its encoded form. */
export type Use = (point: number, end: number) => void;

export const backslash = 0x5c;
export const percent = 0x25;
export const plus = 0x2b;
export const space = 0x20;

/** Passes to `use` every character that can be read at a position of a text. */
export function readings(text: string, at: number, use: Use): void {
  const point = text.codePointAt(at) ?? nothing;
  use(point, at + (point > 0xffff ? 2 : 1));
  if (point === backslash) escapeReadings(text, at, use);
  else if (point === percent) percentReadings(text, at, use);
  else if (point === plus) use(space, at + 1);
}

/** Maximum number of backslashes before an escaped character: JSON in JSON in JSON. */
const mostBackslashes = 8;

const shortEscapes = new Map(
  Object.entries({ b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(([letter, character]) => [
    codePoint(letter),
    codePoint(character),
  ]),
);

/**
 * The start of escapes that the end of the text may have cut off; the text's length if there are none. Several escapes
 * may encode one character.
 */
export function cutOffEscapes(text: string): number {
  const tail = text.slice(-longestCharacter);
  const cut = /(?:\\+(?:u[0-9a-f]{0,4})?|%[0-9a-f]{0,2}|[\ud800-\udbff])+$/i.exec(tail);
  return text.length - (cut?.[0].length ?? 0);
}

/** The readings of a JSON escape, also of one that was escaped again inside other JSON. */
function escapeReadings(text: string, at: number, use: Use): void {
  let end = at + 1;
  while (end - at < mostBackslashes && text.charCodeAt(end) === backslash) end++;
  if (end - at >= 2) use(backslash, at + 2);
  if (end - at >= 4) use(backslash, at + 4);
  if (end - at >= 8) use(backslash, at + 8);
  const point = text.codePointAt(end);
  if (point === undefined || point === backslash) return;
  if (point === codePoint('u')) {
    const unit = hexAt(text, end + 1, 4);
    const low = isHighSurrogate(unit) ? lowSurrogateAt(text, end + 5) : null;
    if (low !== null) use(codePoint(String.fromCharCode(unit, low.unit)), low.end);
    else if (unit !== nothing) use(unit, end + 5);
    return;
  }
  const short = shortEscapes.get(point);
  if (short !== undefined) use(short, end + 1);
  else if (!isAlphanumeric(point)) use(point, end + (point > 0xffff ? 2 : 1));
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function lowSurrogateAt(text: string, at: number): { unit: number; end: number } | null {
  let end = at;
  while (end - at < mostBackslashes && text.charCodeAt(end) === backslash) end++;
  if (end === at || text[end] !== 'u') return null;
  const unit = hexAt(text, end + 1, 4);
  return unit >= 0xdc00 && unit < 0xe000 ? { unit, end: end + 5 } : null;
}

function isAlphanumeric(point: number): boolean {
  return (point >= 0x30 && point <= 0x39) || ((point | 0x20) >= 0x61 && (point | 0x20) <= 0x7a);
}

/** Maximum number of times that a percent sign may have been encoded again. */
const mostRepeated = 2;

/** The readings of a percent-encoded character, which may have several UTF-8 bytes. */
function percentReadings(text: string, at: number, use: Use): void {
  let sign = '%';
  for (let repeated = 0; repeated <= mostRepeated && text.startsWith(sign, at); repeated++, sign += '25') {
    const size = sign.length + 2;
    const byteAt = (i: number): number => {
      const place = at + i * size;
      return text.startsWith(sign, place) ? hexAt(text, place + sign.length, 2) : nothing;
    };
    const lead = byteAt(0);
    if (lead === nothing) return;
    if (lead < 0x80) {
      use(lead, at + size);
      continue;
    }
    const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    const bytes = Array.from({ length }, (_, i) => byteAt(i));
    // Invalid UTF-8 is decoded to a replacement character, which no secret contains.
    if (!bytes.includes(nothing)) use(codePoint(Buffer.from(bytes).toString()), at + length * size);
  }
}

/** The number written in this many hexadecimal digits; `nothing` if there are other characters. */
function hexAt(text: string, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i++) {
    const code = text.charCodeAt(i);
    const digit = code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57;
    // Not a number after the end of the text.
    if (!(digit >= 0 && digit <= 15) || (code > 0x39 && digit < 10)) return nothing;
    value = value * 16 + digit;
  }
  return value;
}
