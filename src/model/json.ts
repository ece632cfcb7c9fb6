/**
 * JSON as this program and the controller write it: ASCII only.
 *
 * Everything outside U+0020 to U+007E leaves as `\uXXXX`, so the text is safe on a terminal and loses
 * nothing. Owns no schema; those live beside the models.
 */

/**
 * Serialises a value as one line of ASCII JSON.
 *
 * JSON.stringify already escapes U+0000 to U+001F and lone surrogates, in lower-case hex; what is left to
 * escape are U+007F and everything above, one UTF-16 unit at a time (RFC 8259, section 7).
 */
export function toAsciiJson(value: unknown): string {
  const json = JSON.stringify(value);
  if (!beyondAscii.test(json)) return json;
  // Piece by piece, and not by a replacement for each unit: millions of them take many times the text's own memory.
  let ascii = '';
  for (let at = 0; at < json.length; at += piece) ascii += escape(json.slice(at, at + piece));
  return ascii;
}

/**
 * The same as output, which a CI system may read and obey: it looks for `##[` and `##vso[`, and a parser of JSON reads
 * `\\u0023` as the same character.
 */
export function toOutputJson(value: unknown): string {
  const json = toAsciiJson(value);
  if (!command.test(json)) return json;
  let inert = '';
  for (let at = 0; at < json.length;) {
    let end = at + piece;
    // Not in the middle of what is looked for.
    while (/[#vso]/i.test(json[end - 1] ?? '')) end++;
    inert += json.slice(at, end).replaceAll(/#(?=\[|vso\[)/gi, '\\u0023');
    at = end;
  }
  return inert;
}

const command = /#(?:\[|vso\[)/i;
const beyondAscii = /[\u007f-\uffff]/;
const piece = 16 * 1024;

function escape(json: string): string {
  if (!beyondAscii.test(json)) return json;
  const bytes = Buffer.allocUnsafe(6 * json.length);
  let size = 0;
  for (let at = 0; at < json.length; at++) {
    const unit = json.charCodeAt(at);
    if (unit < 0x7f) bytes[size++] = unit;
    else size += bytes.write('\\u' + unit.toString(16).padStart(4, '0'), size, 'latin1');
  }
  return bytes.toString('latin1', 0, size);
}
