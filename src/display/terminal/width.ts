/**
 * How many columns of a terminal a text takes, and text cut to columns.
 *
 * Apart from the rest of text because what it needs, Unicode's tables of graphemes and widths, is slow to load
 * and needed by the bar alone.
 */
import stringWidth from 'string-width';
import { isPlainAscii } from '../../model/text.js';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * The columns that one grapheme may take. Terminals disagree about joined emoji: those that know them draw
 * one, the others draw each part, so the wider of the two is assumed. Too short a line is only ugly.
 */
function graphemeWidth(grapheme: string): number {
  let parts = 0;
  for (const point of grapheme) parts += stringWidth(point);
  return Math.max(parts, stringWidth(grapheme));
}

/** The columns that a text without escape sequences may take. */
export function displayWidth(text: string): number {
  if (isPlainAscii(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** The text cut to so many columns, with an ellipsis where something was cut. */
export function cut(text: string, columns: number, ellipsis = '…'): string {
  if (columns <= 0) return '';
  // A grapheme may be arbitrarily long, and a text may be megabytes: look at no more than could matter.
  const head = text.slice(0, columns * 16 + 1);
  if (head.length === text.length && displayWidth(head) <= columns) return text;
  const room = columns - displayWidth(ellipsis);
  let result = '';
  let width = 0;
  for (const { segment } of graphemes.segment(head)) {
    width += graphemeWidth(segment);
    if (width > room) break;
    result += segment;
  }
  return room < 0 ? '' : result + ellipsis;
}
