/**
 * Tokens from files, pipes and stdin. `target.ts` decides which of them is read.
 */
import type { Context } from '../runtime/context.js';
import type { ServerSettings, Servers } from './servers.js';
import { fileProblem } from '../runtime/file-problem.js';
import { readersOf } from '../runtime/readers.js';
import { readStart, readStream, type Start } from '../runtime/read-start.js';
import { setting, type Setting } from './setting.js';
import { UsageError } from '../model/usage-error.js';

/** A token has about fifty characters; anything much longer is something else. */
export const tokenLimit = 64 * 1024;

export interface FoundToken extends Setting<string> {
  /** Warnings about the file. */
  warnings: string[];
}

/** Reads a token from its text; throws a UsageError that begins with the source. */
type ParseToken = ServerSettings['parseToken'];

export async function tokenFromStdin(
  source: string,
  { in: input }: Context,
  parseToken: ParseToken,
): Promise<FoundToken> {
  const origin = `${source} - (stdin)`;
  let text: string;
  try {
    text = await readStream(input, tokenLimit);
  } catch (error) {
    throw new UsageError(`${source}: cannot read stdin: ${fileProblem(error)}`);
  }
  return { ...setting(parseToken(text, origin), origin), warnings: [] };
}

export async function tokenFromFile(
  path: string,
  source: string,
  { uid }: Pick<Context, 'uid'>,
  parseToken: ParseToken,
  startsLikeToken: Servers['startsLikeToken'],
): Promise<FoundToken> {
  let start: Start;
  try {
    start = await readStart(path, tokenLimit);
  } catch (error) {
    // If the user gave the token instead of a path, it must not get into a log.
    const shown = startsLikeToken(path) ? 'a path that looks like a token; give the path of a file' : path;
    throw new UsageError(`${source}: cannot read ${shown}: ${fileProblem(error)}`);
  }
  const origin = `${source} (${path})`;
  const warning = readersOf(start.stats, uid, path);
  return {
    ...setting(parseToken(start.text, origin), origin),
    warnings: warning === null ? [] : [`the token file ${warning}`],
  };
}
