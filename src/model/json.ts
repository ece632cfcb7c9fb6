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
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => '\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0'),
  );
}
