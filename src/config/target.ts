/**
 * Which server, whose lab and which token, each with its origin.
 *
 * The order is options, environment, profile, and the variables of the lab that this runs in. `mode.ts` decides between a
 * controller and a JupyterHub, `audience.ts` which token is meant for it.
 */
import type { Context, ProxySettings } from '../runtime/context.js';
import { unlessAborted } from '../runtime/deadline.js';
import { hasToken, isOfProfile, isOwnSite, resolveToken } from './audience.js';
import { readVariable } from './environment.js';
import { isSafe } from '../model/host.js';
import { chooseServer, type ChosenServer } from './mode.js';
import { chooseProfile, type ChosenProfile } from './profile.js';
import { resolveProxy } from './proxy.js';
import type { Servers } from './servers.js';
import { setting, type Setting } from './setting.js';
import { UsageError } from '../model/usage-error.js';

export type { Setting } from './setting.js';

export interface TargetOptions {
  controller?: string | undefined;
  hub?: string | undefined;
  user?: string | undefined;
  serverName?: string | undefined;
  tokenFile?: string | undefined;
  direct?: boolean | undefined;
  caFile?: string | undefined;
  profile?: string | undefined;
}

export interface Target {
  server: ChosenServer;
  /** Null if the token decides. */
  user: Setting<string> | null;
  /** The name of a named server at a Hub; null for the default server, and for a controller. */
  serverName: Setting<string> | null;
  /** Null only with `direct`. */
  token: Setting<string> | null;
  /** Never true for a Hub. */
  direct: Setting<boolean>;
  /** In PEM, to trust in addition to Node's own; null if no file is configured. */
  certificates: Setting<string[]> | null;
  /** The proxy for the server; null for a direct connection. */
  proxy: Setting<ProxySettings | null>;
  /** The profile that was read; the default one may not exist. */
  profile: Setting<string>;
  /** Warnings for the user, one line each. */
  warnings: string[];
}

/**
 * Resolves the target; sends nothing. Throws a UsageError if something is missing or wrong, and the signal's reason when that
 * aborts, because a token may be read from a pipe that is never written to.
 */
export async function resolveTarget(
  options: TargetOptions,
  context: Context,
  servers: Servers,
  signal: AbortSignal,
): Promise<Target> {
  const { env } = context;
  const profile = chooseProfile(options.profile, context, servers);
  const server = chooseServer(options, env, profile, servers);
  const direct = resolveDirect(options, env, server);
  const user = resolveUser(options, env, profile, server, servers);
  const serverName = resolveServerName(options, env, profile, server, servers);
  const { tokenFile } = options;
  const search = { tokenFile, context, profile, server, servers, signal };
  const [found, certificates] = await unlessAborted(
    Promise.all([resolveToken(search), certificatesOf(options, env)]),
    signal,
  );
  // Only now, because a value that is wrong is the better thing to report.
  if (server === null) throw noServer();
  const { url } = server;
  const proxy = resolveProxy(url.value, env);
  const token = found === null ? null : setting(found.value, found.origin);

  if (token !== null && !isSafe(url.value)) {
    throw new UsageError(
      `${url.origin}: a token is not sent over plain http to ${url.value.hostname}`,
      'Use https, or a loopback address.',
    );
  }
  if (token === null && !direct.value) throw profile.problem ?? noToken(profile, server, servers);
  if (direct.value && user === null) {
    throw new UsageError('--direct requires a user: give --user or set LAB_USER');
  }
  const warnings = found?.warnings ?? [];
  const inUse = profileInUse(profile);
  return { server, user, serverName, token, direct, certificates, proxy, profile: inUse, warnings };
}

/** The profile's name, with the problem as part of its origin. */
function profileInUse({ name, problem }: ChosenProfile): Setting<string> {
  return problem === null ? name : setting(name.value, `${name.origin}; ${problem.message}`);
}

function noServer(): UsageError {
  return new UsageError(
    'no controller: give --controller URL or set LAB_CONTROLLER (--hub or LAB_HUB for a JupyterHub), or add --demo to ' +
      'try it without one',
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

function resolveDirect(
  { direct }: TargetOptions,
  env: Context['env'],
  server: ChosenServer | null,
): Setting<boolean> {
  if (server?.kind === 'hub') {
    if (direct === true) {
      throw new UsageError('--direct is for a controller: a JupyterHub has no identity headers');
    }
    return setting(false, 'default');
  }
  if (direct === true) return setting(true, '--direct');
  const value = readVariable(env, 'LAB_DIRECT');
  return value === undefined
    ? setting(false, 'default')
    : setting(parseFlag(value, 'LAB_DIRECT'), 'LAB_DIRECT');
}

function resolveUser(
  { user }: TargetOptions,
  env: Context['env'],
  profile: ChosenProfile,
  server: ChosenServer | null,
  servers: Servers,
): Setting<string> | null {
  const parsed = (text: string, source: string): Setting<string> =>
    setting(servers[server?.kind ?? 'controller'].parseUser(text, source), source);
  if (user !== undefined) return parsed(user, '--user');
  const chosen = readVariable(env, 'LAB_USER');
  if (chosen !== undefined) return parsed(chosen, 'LAB_USER');
  const named = isOfProfile(profile, server, servers) ? profile.values.user : undefined;
  if (named !== undefined) return parsed(named, profile.origin);
  const isHome = server !== null && isOwnSite(server, env, servers);
  const own = isHome ? readVariable(env, 'JUPYTERHUB_USER') : undefined;
  return own === undefined ? null : parsed(own, 'JUPYTERHUB_USER');
}

/** Null for the default server. A weaker setting than an option is ignored for a controller, which has no named servers. */
function resolveServerName(
  { serverName }: TargetOptions,
  env: Context['env'],
  profile: ChosenProfile,
  server: ChosenServer | null,
  servers: Servers,
): Setting<string> | null {
  const parsed = (text: string, source: string): Setting<string> =>
    setting(servers.hub.parseServerName(text, source), source);
  if (serverName !== undefined) {
    const name = parsed(serverName, '--server-name');
    if (server?.kind !== 'controller') return name;
    throw new UsageError(
      '--server-name: a controller has no named servers',
      'They belong to a JupyterHub: give its URL with --hub.',
    );
  }
  if (server?.kind !== 'hub') return null;
  const chosen = readVariable(env, 'LAB_SERVER_NAME');
  if (chosen !== undefined) return parsed(chosen, 'LAB_SERVER_NAME');
  const named = isOfProfile(profile, server, servers) ? profile.values.server_name : undefined;
  return named === undefined ? null : parsed(named, profile.origin);
}

function noToken(profile: ChosenProfile, server: ChosenServer, servers: Servers): UsageError {
  return new UsageError(
    'no token: name a file that holds one in --token-file or LAB_TOKEN_FILE (or set LAB_TOKEN)',
    hasToken(profile) && !isOfProfile(profile, server, servers)
      ? `The token of profile ${profile.name.value} is used only with its own servers, not with ${server.url.value.origin}.`
      : server.kind === 'controller'
        ? null
        : server.level === 'profile'
          ? 'For a Hub from a profile, the token comes from that profile too: see `lab config`.'
          : `Create one at ${new URL('hub/token', server.url.value).href}.`,
  );
}

function parseFlag(text: string, source: string): boolean {
  if (text === '0') return false;
  if (text === '1') return true;
  throw new UsageError(`${source}: invalid value "${text}"; choose 1 or 0`);
}
