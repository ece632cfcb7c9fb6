/**
 * Whether a terminal reads UTF-8, and text for one that does not.
 */
import { visible } from '../model/text.js';

/**
 * Whether text is read as UTF-8, by the locale in the environment. Where no locale is set, as in most containers, it
 * is assumed to be UTF-8; C and POSIX, set on purpose, are ASCII.
 */
export function readsUtf8(env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  return locale === undefined || /utf-?8/i.test(locale);
}

/**
 * The text in ASCII. In another locale, the UTF-8 bytes of other characters would be different letters or control
 * characters: 0x9B begins an escape sequence.
 */
export function toAscii(text: string): string {
  return text.replace(/…/g, '...').replace(/[^\x00-\x7f]/gu, visible);
}
