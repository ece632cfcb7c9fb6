/**
 * The options for a JupyterHub's Spawner, from `--option`, `--options-file` and `--option-env`.
 *
 * Owns their syntax. Which options mean something is known only to the Spawner. Later options replace earlier ones with the
 * same key, and all of them replace those of the file; values are not merged.
 */
import type { UserOptions } from '../model/lab-request.js';
import { UsageError } from '../model/usage-error.js';
import type { Context } from '../runtime/context.js';
import { fileProblem } from '../runtime/file-problem.js';
import { readStart, readStream } from '../runtime/read-start.js';

export interface UserOptionFlags {
  /** KEY=VALUE or KEY:=JSON, and KEY=VARIABLE, in the order of the command line. */
  option?: readonly string[];
  optionEnv?: readonly string[];
  /** A path, or `-` for stdin. */
  optionsFile?: string;
  reuseOptions?: boolean;
}

export interface FoundOptions {
  options: UserOptions;
  /** The values from the environment. */
  secrets: string[];
}

/** The largest file, in bytes. */
const fileLimit = 1024 * 1024;

/** Throws a UsageError that names the option. No message repeats a value. */
export async function readUserOptions(
  { option = [], optionEnv = [], optionsFile, reuseOptions = false }: UserOptionFlags,
  context: Pick<Context, 'env' | 'in'>,
): Promise<FoundOptions> {
  const given = option.length > 0 || optionEnv.length > 0 || optionsFile !== undefined;
  if (reuseOptions) {
    if (!given) return { options: 'reuse', secrets: [] };
    throw new UsageError('--reuse-options starts with the options of the last spawn: leave out all others');
  }
  const file = optionsFile === undefined ? {} : await readFile(optionsFile, context);
  const chosen = option.map(parseOption);
  const secret = optionEnv.map((text) => fromEnvironment(text, context.env));
  return {
    options: Object.fromEntries([...Object.entries(file), ...chosen, ...secret]),
    secrets: secret.map(([, value]) => value),
  };
}

/** KEY=VALUE is text, KEY:=JSON any JSON. The first `=` ends the key. */
export function parseOption(text: string): readonly [key: string, value: unknown] {
  const at = text.indexOf('=');
  const isJson = at > 0 && text[at - 1] === ':';
  const key = text.slice(0, isJson ? at - 1 : Math.max(at, 0));
  if (key === '') {
    throw new UsageError('--option: expected KEY=VALUE or KEY:=JSON', 'For example --option profile=gpu.');
  }
  const value = text.slice(at + 1);
  if (!isJson) return [key, value];
  try {
    return [key, JSON.parse(value)];
  } catch {
    throw new UsageError(`--option ${key}: what follows := is not JSON`, 'For text, use KEY=VALUE.');
  }
}

function fromEnvironment(text: string, env: Context['env']): readonly [key: string, value: string] {
  const [, key, variable] = /^([^=]+)=([A-Za-z_][A-Za-z0-9_]*)$/.exec(text) ?? [];
  if (key === undefined || variable === undefined) {
    throw new UsageError('--option-env: expected KEY=VARIABLE, with the name of a variable');
  }
  // Properties that every object inherits, such as `constructor`, are not variables.
  const value = Object.hasOwn(env, variable) ? env[variable] : undefined;
  if (value !== undefined) return [key, value];
  throw new UsageError(`--option-env ${key}: the variable ${variable} is not set`);
}

async function readFile(path: string, context: Pick<Context, 'in'>): Promise<Record<string, unknown>> {
  const source = `--options-file ${path}`;
  let text: string;
  try {
    text =
      path === '-'
        ? await readStream(context.in, fileLimit + 1)
        : (await readStart(path, fileLimit + 1)).text;
  } catch (error) {
    throw new UsageError(`${source}: cannot be read: ${fileProblem(error)}`);
  }
  if (Buffer.byteLength(text) > fileLimit)
    throw new UsageError(`${source}: it has more than ${fileLimit} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw new UsageError(`${source}: it is not JSON`, oneObject);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new UsageError(`${source}: it is not a JSON object`, oneObject);
  }
  return json as Record<string, unknown>;
}

const oneObject = 'It must contain one object, as in {"profile": "gpu"}.';
