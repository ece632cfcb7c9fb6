/**
 * Messages as rows of a terminal: in columns, wrapped at words, and indented below the first row.
 *
 * Owns the columns. What a message says comes from `messages.ts`, and when it is written is up to the displays.
 */
import type { Output } from '../../runtime/context.js';
import { elapsed } from '../../model/text.js';
import { percentColumn, type Message } from '../messages.js';
import type { Theme } from '../theme.js';
import { wrap } from './width.js';

/** The time of a message in a run, and the progress at that time. */
export interface Moment {
  elapsedMs: number;
  progress: number | null;
}

/** The width of a terminal. A terminal whose size was never set reports 0. */
export function columnsOf({ columns = 0 }: Output): number {
  return columns > 0 ? columns : 80;
}

/** Minimum terminal width for columns. */
const leastForColumns = 34;

/** The indent below a first row without columns. */
const smallIndent = 2;

/** The message as lines, each with its end; a moment stands in two columns before it. */
export function rowsOf(columns: number, message: Message, moment: Moment | null, theme: Theme): string {
  const { word, text, paint } = message;
  const head = moment === null ? '' : headOf(moment, columns);
  const indent = head === '' || columns < leastForColumns ? smallIndent : head.length;
  // The last column stays free: some terminals wrap as soon as it is written.
  const room = Math.max(1, columns - 1 - indent);
  const firstRoom = Math.max(1, columns - 1 - head.length);
  const rows = wrap(word === '' ? theme.safe(text) : `${word} ${theme.safe(text)}`, room, firstRoom);
  return rows.map((row, i) => `${i === 0 ? head : ' '.repeat(indent)}${painted(row, i)}\n`).join('');

  function painted(row: string, i: number): string {
    if (word === '') return paint(row);
    return i === 0 && row.startsWith(word) ? paint(word) + row.slice(word.length) : row;
  }
}

function headOf({ elapsedMs, progress }: Moment, columns: number): string {
  const [time, percent] = [elapsed(elapsedMs), percentColumn(progress)];
  if (columns >= leastForColumns) return `${time.padStart(6)}  ${percent}  `;
  return progress === null ? `${time} ` : `${time} ${percent.trim()} `;
}
