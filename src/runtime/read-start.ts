/**
 * The start of whatever a path leads to: a file, a device, or a pipe as in `<(command)`.
 *
 * Owns the bound on what is read. What the content means is the caller's.
 */
import { closeSync, readSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { openAtOnce } from './open.js';

export interface Start {
  text: string;
  stats: Stats;
}

/** Reads no more than about `limit` bytes, whatever is there. */
export async function readStart(path: string, limit: number): Promise<Start> {
  const { fd, stats } = openAtOnce(path, 'read');
  if (stats.isFIFO()) {
    return { text: await readStream(new Socket({ fd, readable: true, writable: false }), limit), stats };
  }
  try {
    return { text: readBytes(fd, limit).toString('utf8'), stats };
  } finally {
    closeSync(fd);
  }
}

/** Reads a whole file. Throws the system's error where it cannot, and one without a `code` where it is not such a file. */
export function readWhole(path: string, limit: number): Buffer {
  const { fd, stats } = openAtOnce(path, 'read');
  try {
    if (stats.isDirectory()) throw new Error('it is a directory');
    // A device is as good as a file if it has an end, as /dev/null has.
    if (!stats.isFile() && !stats.isCharacterDevice()) throw new Error('it is not a regular file');
    const bytes = readBytes(fd, limit + 1);
    if (bytes.length > limit) throw new Error(`it has more than ${limit} bytes`);
    return bytes;
  } finally {
    closeSync(fd);
  }
}

/** One read may return less than there is. */
function readBytes(fd: number, limit: number): Buffer {
  const buffer = Buffer.alloc(limit);
  let length = 0;
  for (;;) {
    const read = readSync(fd, buffer, length, limit - length, null);
    length += read;
    if (read === 0 || length === limit) return buffer.subarray(0, length);
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
