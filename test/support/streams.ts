/**
 * Output streams that record what was written.
 */
import { PassThrough } from 'node:stream';
import type { Output } from '../../src/runtime/context.js';

export interface Recorded extends Output {
  text(): string;
}

/** A stream that is a terminal of this many columns, or not a terminal. */
export function recorder(columns: number | null = null): Recorded {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return Object.assign(stream, {
    text: () => text,
    ...(columns === null ? {} : { isTTY: true, columns, rows: 24 }),
  });
}
