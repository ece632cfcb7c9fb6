/**
 * JSON as this program and the controller write it: ASCII only.
 *
 * Everything outside U+0020 to U+007E is written as `\uXXXX`, so the text is safe on a terminal and nothing is lost.
 * Leaves the schemas to the models.
 */

/**
 * Serialises a value as one line of ASCII JSON.
 *
 * JSON.stringify already escapes U+0000 to U+001F and lone surrogates, in lower-case hex; this function escapes U+007F
 * and everything above, one UTF-16 unit at a time (RFC 8259, section 7).
 */
export function toAsciiJson(value: unknown): string {
  return withEscapes(JSON.stringify(value), /[\u007f-\uffff]/, (unit) => unit >= 0x7f);
}

/**
 * The same for output, in which a CI system may find commands: it looks for `##[` and `##vso[`. A JSON parser reads
 * `\u0023` as the same character.
 */
export function toOutputJson(value: unknown): string {
  return withEscapes(
    JSON.stringify(value),
    /[\u007f-\uffff]|#(?:\[|vso\[)/i,
    (unit, json, at) => unit >= 0x7f || (unit === hash && /^#(?:\[|vso\[)/i.test(json.slice(at, at + 5))),
  );
}

const hash = 0x23;

/** Whether the unit at this place is to be escaped. */
type Choice = (unit: number, json: string, at: number) => boolean;

/** Works in pieces instead of replacing each unit: millions of replacements take many times the text's own memory. */
const piece = 16 * 1024;

/** JSON with escapes for the chosen units; if `any` does not match, there are none. */
function withEscapes(json: string, any: RegExp, isChosen: Choice): string {
  if (!any.test(json)) return json;
  const bytes = Buffer.allocUnsafe(6 * Math.min(piece, json.length));
  let result = '';
  for (let begin = 0; begin < json.length; begin += piece) {
    const end = Math.min(begin + piece, json.length);
    let size = 0;
    for (let at = begin; at < end; at++) {
      const unit = json.charCodeAt(at);
      if (isChosen(unit, json, at))
        size += bytes.write('\\u' + unit.toString(16).padStart(4, '0'), size, 'latin1');
      else bytes[size++] = unit;
    }
    result += bytes.toString('latin1', 0, size);
  }
  return result;
}
