/**
 * Converts bytes to server-sent frames, however the bytes are split.
 *
 * Owns what surrounds the framing: UTF-8 across chunk borders, the byte order mark, the limit on buffered data, and the
 * end of a stream. Leaves the framing itself to eventsource-parser, and the meaning of a frame to `decode.ts`.
 */
import { isAscii } from 'node:buffer';
import { createParser } from 'eventsource-parser';
import type { RawFrame } from '../model/frame.js';

/** Maximum size of a frame's data, in bytes. */
export const frameLimit = 16 * 1024 * 1024;

export type FrameItem =
  | { kind: 'frame'; frame: RawFrame }
  | { kind: 'comment'; text: string }
  /** A frame above the limit: skipped to its end; reading continues after it. */
  | { kind: 'oversized'; limit: number };

export interface FrameReader {
  /** The items that these bytes completed. */
  push(bytes: Uint8Array): FrameItem[];
  /** The items that the end of the stream completes. An incomplete final frame is discarded. */
  end(): FrameItem[];
}

/**
 * Maximum number of data lines in a frame: joined one by one, short lines take far more memory than their characters.
 */
export const lineLimit = 64 * 1024;

/** Text is fed in pieces of this many UTF-16 units, so that the parser checks its limit this often. */
const piece = 64 * 1024;

/** Text shorter than this is fed only at the end of a line. */
const fewest = 1024;

/** A reader of one stream. */
export function createFrameReader(limit = frameLimit): FrameReader {
  let items: FrameItem[] = [];
  let overflowed = false;
  /** Number of data lines in the frame being read, as far as this module can count them. */
  let dataLines = 0;
  let dispatched = false;
  let lastChar = '';
  /** Start of an incomplete line, batched because the parser stores each chunk separately: a line may come byte by byte. */
  let crumbs = '';
  /** While a frame is being skipped: whether the line being read is empty so far; else null. */
  let skippingLineEmpty: boolean | null = null;
  const decode = textDecoder();
  const toLf = lineEndNormalizer();
  const parser = createParser({
    onEvent: ({ event, data }) => {
      dispatched = true;
      if (isLonger(data, limit) || countLines(data) > lineLimit) items.push({ kind: 'oversized', limit });
      else items.push({ kind: 'frame', frame: { event: event ?? null, data } });
    },
    onComment: (text) => items.push({ kind: 'comment', text }),
    onError: ({ type }) => {
      if (type === 'max-buffer-size-exceeded') overflowed = true;
    },
    // The parser measures raw lines, we measure data: with this slack every frame within our limit is
    // delivered in any slicing, and every one above it is not.
    maxBufferSize: limit + piece,
  });
  startParser();

  /**
   * The decoder has already removed the byte order mark; an empty first chunk keeps the parser from searching for one
   * in the text.
   */
  function startParser(): void {
    parser.feed('');
  }

  function feed(text: string): void {
    const all = crumbs + text;
    crumbs = all.length < fewest && !all.includes('\n') ? all : '';
    if (crumbs !== '') return;
    for (let start = 0; start < all.length; start += piece) {
      feedPiece(all.slice(start, start + piece));
    }
  }

  function feedPiece(text: string): void {
    const rest = skippingLineEmpty === null ? text : skip(text);
    if (rest === '') return;
    parser.feed(rest);
    // The text after the last dispatched frame belongs to the next one.
    const tail = dispatched ? rest.slice(rest.lastIndexOf('\n\n') + 1) : lastChar + rest;
    dataLines = (dispatched ? 0 : dataLines) + countDataLines(tail);
    dispatched = false;
    lastChar = rest.slice(-1);
    // One more line may belong to the previous frame, whose end was cut off.
    if (dataLines > lineLimit + 1) overflowed = true;
    if (!overflowed) return;
    dataLines = 0;
    // The parser has discarded its buffer; this module skips the rest of the frame.
    overflowed = false;
    items.push({ kind: 'oversized', limit });
    parser.reset();
    startParser();
    skippingLineEmpty = rest.endsWith('\n');
  }

  /** Reads to the blank line that ends the skipped frame, and returns the text after it. */
  function skip(text: string): string {
    if (skippingLineEmpty === true && text.startsWith('\n')) {
      skippingLineEmpty = null;
      return text.slice(1);
    }
    const blank = text.indexOf('\n\n');
    skippingLineEmpty = blank === -1 ? text.endsWith('\n') : null;
    return blank === -1 ? '' : text.slice(blank + 2);
  }

  function take(): FrameItem[] {
    const taken = items;
    items = [];
    return taken;
  }

  return {
    push(bytes) {
      feed(toLf(decode(bytes)));
      return take();
    },
    end() {
      feed(toLf(decode(null)));
      return take();
    },
  };
}

/** Whether a text has more than this many bytes in UTF-8. A UTF-16 unit takes one to three. */
function isLonger(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes;
}

/** Counts the data lines after a line's end. A regular expression match would collect them all. */
function countDataLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\ndata'); at !== -1; at = text.indexOf('\ndata', at + 1)) count += 1;
  return count;
}

function countLines(data: string): number {
  // A text with fewer characters than the limit cannot have that many lines.
  return data.length < lineLimit ? 1 : data.split('\n', lineLimit + 2).length;
}

/**
 * Turns CR and CRLF into LF, across chunks (HTML standard, 9.2.6 "Interpreting an event stream").
 *
 * The parser supports all three, but holds back a CR at the end of a chunk until the next line end, so what it
 * dispatches would depend on how the bytes are split.
 */
function lineEndNormalizer(): (text: string) => string {
  let afterCr = false;
  return (text) => {
    if (text === '') return text;
    const own = afterCr && text.startsWith('\n') ? text.slice(1) : text;
    afterCr = text.endsWith('\r');
    return own.includes('\r') ? own.replace(/\r\n?/g, '\n') : own;
  };
}

/**
 * Decodes bytes to text, without the byte order mark at the beginning; null ends the text.
 *
 * ASCII, which is all that the controller sends, is decoded to strings with one byte per character. A TextDecoder uses
 * two bytes per character, and a frame may be large.
 */
function textDecoder(): (bytes: Uint8Array | null) => string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** Whether the decoder may have buffered the beginning of a character. */
  let midCharacter = false;
  let begun = false;
  return (bytes) => {
    if (bytes === null) return decoder.decode();
    const plain = !midCharacter && isAscii(bytes);
    midCharacter = bytes.length === 0 ? midCharacter : (bytes.at(-1) ?? 0) > 0x7f;
    const text = plain
      ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
      : decoder.decode(bytes, { stream: true });
    if (begun || text === '') return text;
    begun = true;
    return text.startsWith('\ufeff') ? text.slice(1) : text;
  };
}
