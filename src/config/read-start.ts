/**
 * The start of whatever a path leads to: a file, a device, or a pipe as in `<(command)`.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';

export interface Start {
  text: string;
  stats: Stats;
}

/** Reads no more than about `limit` bytes, whatever is there. */
export async function readStart(path: string, limit: number): Promise<Start> {
  // Without O_NONBLOCK, a pipe that nobody writes to would hold up even the end of the process.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = fstatSync(fd);
  if (stats.isFIFO()) {
    return { text: await readStream(new Socket({ fd, readable: true, writable: false }), limit), stats };
  }
  try {
    const buffer = Buffer.alloc(limit);
    return { text: buffer.toString('utf8', 0, readSync(fd, buffer, 0, limit, null)), stats };
  } finally {
    closeSync(fd);
  }
}

export async function readStream(input: Readable, limit: number): Promise<string> {
  let text = '';
  input.setEncoding('utf8');
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > limit) break;
  }
  return text;
}
