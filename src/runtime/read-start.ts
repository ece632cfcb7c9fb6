/**
 * Reads the start of a file, a device, or a pipe as in `<(command)`.
 *
 * Owns the limit on what is read. Leaves the content to the caller.
 */
import { closeSync, readSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { openAtOnce } from './open.js';

export interface Start {
  text: string;
  stats: Stats;
}

/** Reads at most about `limit` bytes. */
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

/**
 * Reads a whole file. Throws the system's error if that fails, and an error without a `code` if it is too large or not a
 * regular file.
 */
export function readWhole(path: string, limit: number): Buffer {
  const { fd, stats } = openAtOnce(path, 'read');
  try {
    if (stats.isDirectory()) throw new Error('it is a directory');
    // A device that has an end, such as /dev/null, is allowed.
    if (!stats.isFile() && !stats.isCharacterDevice()) throw new Error('it is not a regular file');
    const bytes = readBytes(fd, limit + 1);
    if (bytes.length > limit) throw new Error(`it has more than ${limit} bytes`);
    return bytes;
  } finally {
    closeSync(fd);
  }
}

/** Reads in a loop, because one read may return only part. */
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
