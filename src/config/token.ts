/**
 * Tokens from files, pipes and stdin. Which of them is asked is decided in `target.ts`.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { platform } from 'node:os';
import type { Readable } from 'node:stream';
import type { Context } from '../context.js';
import { parseToken } from './parse.js';
import { fileProblem } from './problem.js';
import { setting, type Setting } from './setting.js';
import { UsageError } from './usage-error.js';

/** A token has some fifty characters; a source of much more is something else. */
export const tokenLimit = 64 * 1024;

export interface FoundToken extends Setting<string> {
  /** What the user should know about where it was found. */
  warnings: string[];
}

export async function tokenFromStdin(source: string, { in: input }: Context): Promise<FoundToken> {
  const origin = `${source} - (stdin)`;
  return { ...setting(parseToken(await readStream(input), origin), origin), warnings: [] };
}

export async function tokenFromFile(path: string, source: string): Promise<FoundToken> {
  let start: Start;
  try {
    start = await readStart(path);
  } catch (error) {
    // Who gives the token itself for the file's name should not find it in a log.
    const shown = path.startsWith('gt-') ? 'what looks like a token; it takes the name of a file' : path;
    throw new UsageError(`${source}: cannot read ${shown}: ${fileProblem(error)}`);
  }
  const origin = `${source} (${path})`;
  return {
    ...setting(parseToken(start.text, origin), origin),
    warnings: start.open ? [`the token file ${path} can be read by others: chmod 600 ${path}`] : [],
  };
}

interface Start {
  text: string;
  /** Whether others than its owner have rights to it. */
  open: boolean;
}

/** Whatever the path leads to: a file, a device, or a pipe as in `<(command)`. */
async function readStart(path: string): Promise<Start> {
  // Without O_NONBLOCK, a pipe that nobody writes to would hold up even the end of the process.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = fstatSync(fd);
  if (stats.isFIFO()) {
    const text = await readStream(new Socket({ fd, readable: true, writable: false }));
    return { text, open: false };
  }
  try {
    const buffer = Buffer.alloc(tokenLimit);
    const text = buffer.toString('utf8', 0, readSync(fd, buffer, 0, tokenLimit, null));
    return { text, open: isOpen(stats) };
  } finally {
    closeSync(fd);
  }
}

/** Windows keeps such rights elsewhere and reports the same mode for every file. */
function isOpen(stats: Stats): boolean {
  return platform() !== 'win32' && stats.isFile() && (stats.mode & 0o077) !== 0;
}

async function readStream(input: Readable): Promise<string> {
  let text = '';
  input.setEncoding('utf8');
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > tokenLimit) break;
  }
  return text;
}
