/**
 * Which servers, whose lab and which token, each with its origin.
 *
 * The order is options, environment, profile, and the variables of the lab that this runs in. `mode.ts` decides between a
 * controller, a JupyterHub and both together, `audience.ts` which token is meant for them.
 */
import type { ConnectSettings, Context, ProxySettings } from '../runtime/context.js';
import { unlessAborted } from '../runtime/deadline.js';
import { hasToken, isOfProfile, isOwnSite, resolveToken, rulesOf } from './audience.js';
import { readVariable } from './environment.js';
import { isSafe } from '../model/host.js';
import { chooseServer, isPlatform, type ChosenServer } from './mode.js';
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
  /** Never true with a Hub. */
  direct: Setting<boolean>;
  /** In PEM, to trust in addition to Node's own; null if no file is configured. */
  certificates: Setting<string[]> | null;
  /** The proxy for the server; null for a direct connection. */
  proxy: Setting<ProxySettings | null>;
  /** The proxy for the controller of a platform; null without a platform. */
  controllerProxy: Setting<ProxySettings | null> | null;
  /** The profile that was read; the default one may not exist. */
  profile: Setting<string>;
  /** Warnings for the user, one line each. */
  warnings: string[];
}

/**
 * Resolves the target. Sends nothing but, for `auto` as the Hub, the request of service discovery, without a token. Throws a
 * UsageError if something is missing or wrong, and the signal's reason when that aborts, because a token may be read from a
 * pipe that is never written to.
 */
export async function resolveTarget(
  options: TargetOptions,
  context: Context,
  servers: Servers,
  signal: AbortSignal,
): Promise<Target> {
  const { env } = context;
  const profile = chooseProfile(options.profile, context, servers);
  const certificates = await unlessAborted(certificatesOf(options, env), signal);
  const server = await chooseServer(options, env, profile, servers, (site) => {
    const proxy = resolveProxy(site, env).value;
    const settings: ConnectSettings = { certificates: certificates?.value ?? [], proxy };
    return servers.discover(site, settings, context, signal);
  });
  const direct = resolveDirect(options, env, server);
  const user = resolveUser(options, env, profile, server, servers);
  const serverName = resolveServerName(options, env, profile, server, servers);
  const { tokenFile } = options;
  const search = { tokenFile, context, profile, server, servers, signal };
  const found = await unlessAborted(resolveToken(search), signal);
  // Only now, because a value that is wrong is the better thing to report.
  if (server === null) throw noServer();
  const token = found === null ? null : setting(found.value, found.origin);
  if (token !== null) checkEncryption(server, token);
  if (token === null && !direct.value) throw profile.problem ?? noToken(profile, server, servers);
  if (direct.value && user === null) {
    throw new UsageError('--direct requires a user: give --user or set LAB_USER');
  }
  return {
    server,
    user,
    serverName,
    token,
    direct,
    certificates,
    ...proxiesFor(server, env),
    profile: profileInUse(profile),
    warnings: [...(found?.warnings ?? []), ...warningsAbout(server, token, servers)],
  };
}

/** Throws a UsageError if the token would be sent over plain http. */
function checkEncryption(server: ChosenServer, token: Setting<string>): void {
  // A Hub gives its servers this token for this address, which may be reachable only inside a cluster.
  if (isInternal(server) && token.origin === 'JUPYTERHUB_API_TOKEN') return;
  const urls = isPlatform(server) ? [server.url, server.controller] : [server.url];
  const unsafe = urls.find(({ value }) => !isSafe(value));
  if (unsafe === undefined) return;
  throw new UsageError(
    `${unsafe.origin}: a token is not sent over plain http to ${unsafe.value.hostname}`,
    'Use https, or a loopback address.',
  );
}

/** Whether it is a Hub at the address that it has given its servers. */
function isInternal(server: ChosenServer): boolean {
  return server.kind === 'hub' && !server.isPublic;
}

function proxiesFor(server: ChosenServer, env: Context['env']): Pick<Target, 'proxy' | 'controllerProxy'> {
  const proxy = isInternal(server)
    ? setting(null, `${server.url.value.hostname} is an internal address`)
    : resolveProxy(server.url.value, env);
  return {
    proxy,
    controllerProxy: isPlatform(server) ? resolveProxy(server.controller.value, env) : null,
  };
}

function warningsAbout(server: ChosenServer, token: Setting<string> | null, { hub }: Servers): string[] {
  if (isPlatform(server) && token !== null && hub.looksLikeToken(token.value)) {
    return [
      `${token.origin}: this looks like a token of a JupyterHub; a platform's Hub needs a platform's token, which begins with gt-`,
    ];
  }
  if (!isInternal(server)) return [];
  return ['the public address of the JupyterHub is not known here, so no URL of a lab is shown or probed'];
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
  if (server?.kind === 'hub' && direct === true) {
    throw new UsageError(
      '--direct is for a controller alone: a JupyterHub has no identity headers',
      isPlatform(server) ? 'Leave it out, or disable the Hub with --hub none.' : null,
    );
  }
  const value = readVariable(env, 'LAB_DIRECT');
  const isHubAlone = server?.kind === 'hub' && !isPlatform(server);
  if (direct === true) return setting(true, '--direct');
  if (value === undefined || isHubAlone) return setting(false, 'default');
  const isDirect = parseFlag(value, 'LAB_DIRECT');
  if (isDirect && isPlatform(server)) {
    throw new UsageError(
      'LAB_DIRECT is for a controller alone, and this is one with its JupyterHub',
      'Unset it, or disable the Hub with --hub none.',
    );
  }
  return setting(isDirect, 'LAB_DIRECT');
}

function resolveUser(
  { user }: TargetOptions,
  env: Context['env'],
  profile: ChosenProfile,
  server: ChosenServer | null,
  servers: Servers,
): Setting<string> | null {
  const parsed = (text: string, source: string): Setting<string> =>
    setting(rulesOf(server, servers).parseUser(text, source), source);
  if (user !== undefined) return parsed(user, '--user');
  const chosen = readVariable(env, 'LAB_USER');
  if (chosen !== undefined) return parsed(chosen, 'LAB_USER');
  const named = isOfProfile(profile, server, servers) ? profile.values.user : undefined;
  if (named !== undefined) return parsed(named, profile.origin);
  const isHome = server !== null && isOwnSite(server, env, servers);
  const own = isHome ? readVariable(env, 'JUPYTERHUB_USER') : undefined;
  return own === undefined ? null : parsed(own, 'JUPYTERHUB_USER');
}

/**
 * Null for the default server. A weaker setting than an option is ignored for a controller, which has no named servers. The
 * Hub of a platform has none either, but would start one in the place of the only lab, so there every setting is refused.
 */
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
    if (isPlatform(server)) throw noNamedServers(name);
    if (server?.kind !== 'controller') return name;
    throw new UsageError(
      '--server-name: a controller has no named servers',
      'They belong to a JupyterHub: give its URL with --hub.',
    );
  }
  if (server?.kind !== 'hub') return null;
  const chosen = readVariable(env, 'LAB_SERVER_NAME');
  const own = isOfProfile(profile, server, servers) ? profile.values.server_name : undefined;
  const name =
    chosen !== undefined
      ? parsed(chosen, 'LAB_SERVER_NAME')
      : own === undefined
        ? null
        : parsed(own, profile.origin);
  if (name !== null && isPlatform(server)) throw noNamedServers(name);
  return name;
}

export function noNamedServers({ value, origin }: Setting<string>): UsageError {
  return new UsageError(
    `${origin}: a platform has one lab for each user, and no named servers such as ${value}`,
    origin === '--server-name' ? 'Leave it out.' : 'Unset the name.',
  );
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
          : isPlatform(server)
            ? 'It has to be a token of the platform, which begins with gt-.'
            : `Create one at ${new URL('hub/token', server.url.value).href}.`,
  );
}

function parseFlag(text: string, source: string): boolean {
  if (text === '0') return false;
  if (text === '1') return true;
  throw new UsageError(`${source}: invalid value "${text}"; choose 1 or 0`);
}
