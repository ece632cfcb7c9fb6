/**
 * How many columns of a terminal a text takes, and text fitted into columns.
 *
 * Separate from other text functions, because Unicode's tables of graphemes and widths are slow to load and only the bar
 * needs them. Everything here expects sanitised text.
 */
import stringWidth from 'string-width';
import { isPlainAscii } from '../../model/text.js';

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** What can make one grapheme of several code points: marks, joiners, flags, skin tones and the parts of Hangul syllables. */
const joining = /[\p{M}\p{Cf}\p{RI}\p{EMod}\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]/u;

/** The graphemes of a text. Segmentation is slow, so text without joining characters is split into code points. */
function* graphemesOf(text: string): Generator<string, void, undefined> {
  if (!joining.test(text)) yield* text;
  else for (const { segment } of segmenter.segment(text)) yield segment;
}

/**
 * The columns that one grapheme may take. Terminals disagree about joined emoji: those that know them draw
 * one, the others draw each part, so the wider result is assumed. A line that is too short is only ugly.
 */
function graphemeWidth(grapheme: string): number {
  const known = knownWidths.get(grapheme);
  if (known !== undefined) return known;
  let parts = 0;
  for (const point of grapheme) parts += stringWidth(point);
  const width = Math.max(parts, stringWidth(grapheme));
  if (knownWidths.size >= mostKnown) knownWidths.clear();
  if (grapheme.length <= longestKnown) knownWidths.set(grapheme, width);
  return width;
}

/** Cache of measured graphemes: measuring one takes tens of microseconds. */
const knownWidths = new Map<string, number>();
const mostKnown = 5_000;
const longestKnown = 16;

/** The columns that a text without escape sequences may take. */
export function displayWidth(text: string): number {
  if (isPlainAscii(text)) return text.length;
  let width = 0;
  for (const grapheme of graphemesOf(text)) width += graphemeWidth(grapheme);
  return width;
}

/** The text cut to the given number of columns, with an ellipsis if anything was cut. */
export function cut(text: string, columns: number, ellipsis = '…'): string {
  if (columns <= 0) return '';
  // A grapheme may be arbitrarily long, and a text may be megabytes: examine only the part that could fit.
  const head = text.slice(0, columns * 16 + 1);
  if (head.length === text.length && displayWidth(head) <= columns) return text;
  const room = columns - displayWidth(ellipsis);
  let result = '';
  let width = 0;
  for (const grapheme of graphemesOf(head)) {
    width += graphemeWidth(grapheme);
    if (width > room) break;
    result += grapheme;
  }
  return room < 0 ? '' : result + ellipsis;
}

/**
 * The text wrapped at spaces into rows of at most the given columns; the first may have another width. A word that is
 * longer than a row is broken at the end of the row. Every character is measured, so the text must be of bounded length.
 */
export function wrap(text: string, columns: number, first = columns): string[] {
  if (text.length <= first && isPlainAscii(text)) return [text];
  const rows: string[] = [];
  let row: string[] = [];
  /** The remaining columns of the row. */
  let room = first;
  const endRow = (): void => {
    rows.push(row.join(' '));
    row = [];
    room = columns;
  };
  for (const word of text.split(' ')) {
    const width = displayWidth(word);
    const gap = row.length === 0 ? 0 : 1;
    if (gap + width <= room) {
      row.push(word);
      room -= gap + width;
      continue;
    }
    // A wide character may need more than what is left of the row.
    const [start = ''] = graphemesOf(word);
    const isFull = room - gap < graphemeWidth(start);
    if (width <= columns || (isFull && (row.length > 0 || room < columns))) endRow();
    const pieces = piecesOf(word, columns, row.length === 0 ? room : room - 1);
    for (const [i, piece] of pieces.entries()) {
      if (i > 0) endRow();
      row.push(piece);
    }
    room = columns - displayWidth(pieces.at(-1) ?? '');
  }
  endRow();
  return rows;
}

/** A word in pieces that each fill a row, except for the last one. */
function piecesOf(word: string, columns: number, first: number): string[] {
  const pieces: string[] = [];
  if (isPlainAscii(word)) {
    pieces.push(word.slice(0, first));
    for (let at = first; at < word.length; at += columns) pieces.push(word.slice(at, at + columns));
    return pieces;
  }
  let piece = '';
  let width = 0;
  for (const grapheme of graphemesOf(word)) {
    const more = graphemeWidth(grapheme);
    if (piece !== '' && width + more > (pieces.length === 0 ? first : columns)) {
      pieces.push(piece);
      piece = '';
      width = 0;
    }
    piece += grapheme;
    width += more;
  }
  return [...pieces, piece];
}
