/**
 * Which controller, whose lab and which token, each with its origin.
 *
 * The order is options, environment, profile, and the variables of the lab that this runs in. A lab's own token is used for
 * its own instance only, and a profile's token and user for the profile's own controller only.
 */
import type { Context, ProxySettings } from '../runtime/context.js';
import { unlessAborted } from '../runtime/deadline.js';
import { readVariable } from './environment.js';
import { isSafe } from '../model/host.js';
import { parseControllerUrl, parseToken, parseUser } from './parse.js';
import { findProfile, lookForProfiles, profileName, profilePath, type Profile } from './profile.js';
import { resolveProxy } from './proxy.js';
import { setting, type Setting } from './setting.js';
import { tokenFromFile, tokenFromStdin, type FoundToken } from './token.js';
import { UsageError } from '../model/usage-error.js';

export type { Setting } from './setting.js';

export interface TargetOptions {
  controller?: string | undefined;
  user?: string | undefined;
  tokenFile?: string | undefined;
  direct?: boolean | undefined;
  caFile?: string | undefined;
  profile?: string | undefined;
}

export interface Target {
  controller: Setting<URL>;
  /** Null if the token decides. */
  user: Setting<string> | null;
  /** Null only with `direct`. */
  token: Setting<string> | null;
  direct: Setting<boolean>;
  /** In PEM, to trust in addition to Node's own; null if no file is configured. */
  certificates: Setting<string[]> | null;
  /** The proxy for the controller; null for a direct connection. */
  proxy: Setting<ProxySettings | null>;
  /** The profile that was read; the default one may not exist. */
  profile: Setting<string>;
  /** Warnings for the user, one line each. */
  warnings: string[];
}

/** The profile in use: its name, its values, and its name in origins and errors. */
interface Chosen {
  name: Setting<string>;
  values: Profile;
  origin: string;
  /** The path of its file, which relative paths start from. */
  file: string;
  /** Why it could not be read; null if it was. Thrown when a value of the profile would be used. */
  problem: UsageError | null;
}

/**
 * Resolves the target; sends nothing. Throws a UsageError if something is missing or wrong, and the signal's reason when that
 * aborts, because a token may be read from a pipe that is never written to.
 */
export async function resolveTarget(
  options: TargetOptions,
  context: Context,
  signal: AbortSignal,
): Promise<Target> {
  const { env } = context;
  const profile = chooseProfile(options, context);
  const controller = resolveController(options, env, profile);
  const url = controller?.value ?? null;
  const atHome = url !== null && isOwnInstance(url, env);
  const direct = resolveDirect(options, env);
  const user = resolveUser(options, env, profile, url, atHome);
  const [found, certificates] = await unlessAborted(
    Promise.all([resolveToken(options, context, profile, url, atHome, signal), certificatesOf(options, env)]),
    signal,
  );
  // Only now, because a value that is wrong is the better thing to report.
  if (controller === null) throw noController();
  const proxy = resolveProxy(controller.value, env);
  const token = found === null ? null : setting(found.value, found.origin);

  if (token !== null && !isSafe(controller.value)) {
    throw new UsageError(
      `${controller.origin}: a token is not sent over plain http to ${controller.value.hostname}`,
      'Use https, or a loopback address.',
    );
  }
  if (token === null && !direct.value) throw profile.problem ?? noToken(profile, controller.value);
  if (direct.value && user === null) {
    throw new UsageError('--direct requires a user: give --user or set LAB_USER');
  }
  const warnings = found?.warnings ?? [];
  return { controller, user, token, direct, certificates, proxy, profile: lookedInto(profile), warnings };
}

function chooseProfile(options: TargetOptions, context: Context): Chosen {
  const name = profileName(options.profile, context);
  const file = lookForProfiles(context);
  const { problem } = file;
  // A profile that was named is needed.
  if (problem !== null && name.origin !== 'default') throw problem;
  const path = file.path ?? '';
  const origin = `profile ${name.value} (${path})`;
  return { name, values: findProfile(file, name), origin, file: path, problem };
}

/** The profile's name, with the problem as part of its origin. */
function lookedInto({ name, problem }: Chosen): Setting<string> {
  return problem === null ? name : setting(name.value, `${name.origin}; ${problem.message}`);
}

/** Null if none is configured. */
function resolveController(
  { controller }: TargetOptions,
  env: Context['env'],
  { values, origin, problem }: Chosen,
): Setting<URL> | null {
  const parsed = (text: string, source: string): Setting<URL> =>
    setting(parseControllerUrl(text, source), source);
  if (controller !== undefined) return parsed(controller, '--controller');
  const chosen = readVariable(env, 'LAB_CONTROLLER');
  if (chosen !== undefined) return parsed(chosen, 'LAB_CONTROLLER');
  if (problem !== null) throw problem;
  if (values.controller !== undefined) return parsed(values.controller, origin);
  const own = readVariable(env, 'EXTERNAL_INSTANCE_URL');
  return own === undefined ? null : parsed(own, 'EXTERNAL_INSTANCE_URL');
}

function noController(): UsageError {
  return new UsageError(
    'no controller: give --controller URL or set LAB_CONTROLLER, or add --demo to try it without one',
  );
}

/** Loads the code that reads certificates only if a file is configured. */
async function certificatesOf(
  { caFile }: TargetOptions,
  env: Context['env'],
): Promise<Setting<string[]> | null> {
  if ((caFile ?? readVariable(env, 'LAB_CA_FILE')) === undefined) return null;
  const { resolveCertificates } = await import('./certificates.js');
  return resolveCertificates(caFile, env);
}

function resolveDirect({ direct }: TargetOptions, env: Context['env']): Setting<boolean> {
  if (direct === true) return setting(true, '--direct');
  const value = readVariable(env, 'LAB_DIRECT');
  return value === undefined
    ? setting(false, 'default')
    : setting(parseFlag(value, 'LAB_DIRECT'), 'LAB_DIRECT');
}

function resolveUser(
  { user }: TargetOptions,
  env: Context['env'],
  profile: Chosen,
  controller: URL | null,
  atHome: boolean,
): Setting<string> | null {
  const parsed = (text: string, source: string): Setting<string> => setting(parseUser(text, source), source);
  if (user !== undefined) return parsed(user, '--user');
  const chosen = readVariable(env, 'LAB_USER');
  if (chosen !== undefined) return parsed(chosen, 'LAB_USER');
  const named = isFor(profile, controller) ? profile.values.user : undefined;
  if (named !== undefined) return parsed(named, profile.origin);
  const own = atHome ? readVariable(env, 'JUPYTERHUB_USER') : undefined;
  return own === undefined ? null : parsed(own, 'JUPYTERHUB_USER');
}

async function resolveToken(
  { tokenFile }: TargetOptions,
  context: Context,
  profile: Chosen,
  controller: URL | null,
  atHome: boolean,
  signal: AbortSignal,
): Promise<FoundToken | null> {
  const { env } = context;
  const read = (path: string, source: string): Promise<FoundToken | null> => {
    if (path !== '-') return tokenFromFile(path, source, context);
    // Do not wait for a token only to report that there is no controller.
    return controller === null ? Promise.resolve(null) : tokenFromStdin(source, context);
  };
  if (tokenFile !== undefined) return read(tokenFile, '--token-file');
  const file = readVariable(env, 'LAB_TOKEN_FILE');
  if (file !== undefined) return read(file, 'LAB_TOKEN_FILE');
  const value = readVariable(env, 'LAB_TOKEN');
  if (value !== undefined) return given(value, 'LAB_TOKEN');
  // The profile could not be read, and what follows it in the order must not replace it.
  if (profile.problem !== null) return null;
  if (hasToken(profile) && isFor(profile, controller)) return profileToken(profile, context, signal);
  if (!atHome) return null;
  for (const name of ['NUBLADO_TOKEN', 'ACCESS_TOKEN'] as const) {
    const own = readVariable(env, name);
    if (own !== undefined) return given(own, name);
  }
  return null;
}

function given(value: string, name: string): FoundToken {
  return { ...setting(parseToken(value, name), name), warnings: [] };
}

function hasToken({ values }: Chosen): boolean {
  return (values.token_file ?? values.token_command) !== undefined;
}

/** Whether the profile's token and user may be used with this controller: it is the profile's own, or the profile has none. */
function isFor({ values, origin }: Chosen, controller: URL | null): boolean {
  if (controller === null) return false;
  return (
    values.controller === undefined ||
    parseControllerUrl(values.controller, origin).origin === controller.origin
  );
}

async function profileToken(
  { name, values, origin, file }: Chosen,
  context: Context,
  signal: AbortSignal,
): Promise<FoundToken> {
  if (values.token_file !== undefined) {
    const source = `${origin}: token_file`;
    return tokenFromFile(profilePath(values.token_file, file, context.home, source), source, context);
  }
  const [command = '', ...args] = values.token_command ?? [];
  const source = `profile ${name.value}: token_command ${command}`;
  // A bare name is looked up in PATH; a path is relative to the file, as in token_file.
  const program = command.includes('/') ? profilePath(command, file, context.home, source) : command;
  const { outputOf } = await import('./token-command.js');
  const output = await outputOf(program, args, source, context, signal);
  return { ...setting(parseToken(output, source), `${origin}: token_command ${command}`), warnings: [] };
}

function noToken(profile: Chosen, controller: URL): UsageError {
  return new UsageError(
    'no token: name a file that holds one in --token-file or LAB_TOKEN_FILE (or set LAB_TOKEN)',
    hasToken(profile) && !isFor(profile, controller)
      ? `The token of profile ${profile.name.value} is used only with its own controller, not with ${controller.origin}.`
      : null,
  );
}

/** Whether a controller belongs to the instance that this process runs in. */
function isOwnInstance(controller: URL, env: Context['env']): boolean {
  const instance = readVariable(env, 'EXTERNAL_INSTANCE_URL');
  return instance !== undefined && URL.canParse(instance) && new URL(instance).origin === controller.origin;
}

function parseFlag(text: string, source: string): boolean {
  if (text === '0') return false;
  if (text === '1') return true;
  throw new UsageError(`${source}: invalid value "${text}"; choose 1 or 0`);
}
