/**
 * Who and where: which controller, whose lab, with which token, and where each of these was found.
 *
 * Options come before the environment, and that before what a lab knows about itself. Tokens that a lab was
 * given are used for that lab's own instance and for nothing else.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Context } from '../context.js';
import { readVariable } from './environment.js';
import { parseControllerUrl, parseToken, parseUser } from './parse.js';
import { UsageError } from './usage-error.js';

/** A value and where it came from, in words that a user can act on. */
export interface Setting<T> {
  value: T;
  origin: string;
}

export interface TargetOptions {
  controller?: string | undefined;
  user?: string | undefined;
  tokenFile?: string | undefined;
  direct?: boolean | undefined;
}

export interface Target {
  controller: Setting<URL>;
  /** Null where only the token can tell. */
  user: Setting<string> | null;
  /** Null with `direct` only. */
  token: Setting<string> | null;
  direct: boolean;
}

/**
 * Resolves the target. Throws a UsageError, having sent nothing, where something is missing or wrong, and the
 * signal's reason when that aborts: whoever should write the token may never do so.
 */
export async function resolveTarget(
  options: TargetOptions,
  context: Context,
  signal: AbortSignal,
): Promise<Target> {
  const { env } = context;
  const controller = resolveController(options, env);
  const atHome = isOwnInstance(controller.value, env);
  const direct = options.direct === true || parseFlag(readVariable(env, 'LAB_DIRECT'), 'LAB_DIRECT');
  const user = resolveUser(options, env, atHome);
  const token = await unlessAborted(resolveToken(options, context, atHome), signal);

  if (token !== null && !isSafe(controller.value)) {
    throw new UsageError(
      `${controller.origin}: a token is not sent over plain http to ${controller.value.hostname}`,
      'Use https, or a loopback address.',
    );
  }
  if (token === null && !direct) {
    throw new UsageError(
      'no token: name a file that holds one in --token-file or LAB_TOKEN_FILE (or set LAB_TOKEN)',
    );
  }
  if (direct && user === null) {
    throw new UsageError('--direct needs to know whose lab: give --user or set LAB_USER');
  }
  return { controller, user, token, direct };
}

function resolveController({ controller }: TargetOptions, env: Context['env']): Setting<URL> {
  if (controller !== undefined)
    return setting(parseControllerUrl(controller, '--controller'), '--controller');
  for (const name of ['LAB_CONTROLLER', 'EXTERNAL_INSTANCE_URL'] as const) {
    const value = readVariable(env, name);
    if (value !== undefined) return setting(parseControllerUrl(value, name), name);
  }
  throw new UsageError(
    'no controller: give --controller URL or set LAB_CONTROLLER, or add --demo to try it without one',
  );
}

function resolveUser({ user }: TargetOptions, env: Context['env'], atHome: boolean): Setting<string> | null {
  if (user !== undefined) return setting(parseUser(user, '--user'), '--user');
  for (const name of atHome ? (['LAB_USER', 'JUPYTERHUB_USER'] as const) : (['LAB_USER'] as const)) {
    const value = readVariable(env, name);
    if (value !== undefined) return setting(parseUser(value, name), name);
  }
  return null;
}

async function resolveToken(
  { tokenFile }: TargetOptions,
  context: Context,
  atHome: boolean,
): Promise<Setting<string> | null> {
  const { env } = context;
  if (tokenFile !== undefined) return readToken(tokenFile, '--token-file', context);
  const file = readVariable(env, 'LAB_TOKEN_FILE');
  if (file !== undefined) return readToken(file, 'LAB_TOKEN_FILE', context);
  for (const name of atHome
    ? (['LAB_TOKEN', 'NUBLADO_TOKEN', 'ACCESS_TOKEN'] as const)
    : (['LAB_TOKEN'] as const)) {
    const value = readVariable(env, name);
    if (value !== undefined) return setting(parseToken(value, name), name);
  }
  return null;
}

async function readToken(path: string, source: string, context: Context): Promise<Setting<string>> {
  if (path === '-') {
    const origin = `${source} - (stdin)`;
    return setting(parseToken(await readStream(context.in), origin), origin);
  }
  let text: string;
  try {
    text = await readStart(path);
  } catch (error) {
    // Who gives the token itself for the file's name should not find it in a log.
    const shown = path.startsWith('gt-') ? 'what looks like a token; it takes the name of a file' : path;
    throw new UsageError(`${source}: cannot read ${shown}: ${readProblem(error)}`);
  }
  return setting(parseToken(text, `${source} (${path})`), `${source} (${path})`);
}

function readProblem(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

/** A token has some fifty characters; a source of much more is something else. */
const tokenLimit = 64 * 1024;

/** Whatever the path leads to: a file, a device, or a pipe as in `<(command)`. */
async function readStart(path: string): Promise<string> {
  // Without O_NONBLOCK, a pipe that nobody writes to would hold up even the end of the process.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (fstatSync(fd).isFIFO()) {
    return readStream(new Socket({ fd, readable: true, writable: false }));
  }
  try {
    const buffer = Buffer.alloc(tokenLimit);
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, tokenLimit, null));
  } finally {
    closeSync(fd);
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  return Promise.race([promise, aborted]);
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

/** Whether a controller belongs to the instance that this process runs in. */
function isOwnInstance(controller: URL, env: Context['env']): boolean {
  const instance = readVariable(env, 'EXTERNAL_INSTANCE_URL');
  return instance !== undefined && URL.canParse(instance) && new URL(instance).origin === controller.origin;
}

/** Whether a token may travel there: encrypted, or not leaving this machine. */
function isSafe(url: URL): boolean {
  return url.protocol === 'https:' || isLoopback(url.hostname);
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function parseFlag(text: string | undefined, source: string): boolean {
  if (text === undefined || text === '0') return false;
  if (text === '1') return true;
  throw new UsageError(`${source}: "${text}" is neither 1 nor 0`);
}

function setting<T>(value: T, origin: string): Setting<T> {
  return { value, origin };
}
