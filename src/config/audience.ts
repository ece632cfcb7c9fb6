/**
 * Which token is sent: each is meant for certain servers, and goes to no other.
 *
 * Owns the order and the audience of tokens. A profile's token is for that profile's servers, a lab's own token for the
 * site of that lab, and for a JupyterHub an explicit token is for the servers of its own level and stronger ones: a
 * variable or a profile that names another Hub must not redirect it. The token of a platform goes to its Hub and to its
 * controller, so both have to be in its audience. Leaves reading tokens to `token.ts`.
 */
import type { Context } from '../runtime/context.js';
import { UsageError } from '../model/usage-error.js';
import { readVariable } from './environment.js';
import {
  isAsStrong,
  isPlatform,
  isServerWord,
  type ChosenHub,
  type ChosenPlatform,
  type ChosenServer,
} from './mode.js';
import { profilePath, type ChosenProfile } from './profile.js';
import type { ServerKind, ServerSettings, Servers } from './servers.js';
import { setting } from './setting.js';
import { tokenFromFile, tokenFromStdin, type FoundToken } from './token.js';

export interface TokenSearch {
  /** As `--token-file` gives it. */
  tokenFile: string | undefined;
  context: Context;
  profile: ChosenProfile;
  /** Null if none is configured, which is reported only after a wrong token. */
  server: ChosenServer | null;
  servers: Servers;
  signal: AbortSignal;
}

/** Null if no token is meant for the server. */
export async function resolveToken(search: TokenSearch): Promise<FoundToken | null> {
  const { tokenFile, context, profile, server, servers } = search;
  const { env } = context;
  const { parseToken } = rulesOf(server, servers);
  const given = (value: string, name: string): FoundToken => ({
    ...setting(parseToken(value, name), name),
    warnings: [],
  });
  const read = (path: string, source: string): Promise<FoundToken | null> => {
    if (path !== '-') return tokenFromFile(path, source, context, parseToken, servers.startsLikeToken);
    // Do not wait for a token only to report that there is no server.
    return server === null ? Promise.resolve(null) : tokenFromStdin(source, context, parseToken);
  };
  if (tokenFile !== undefined) {
    if (!isMeantFor(server, 'option')) throw notMeant(server);
    return read(tokenFile, '--token-file');
  }
  if (isMeantFor(server, 'environment')) {
    const file = readVariable(env, 'LAB_TOKEN_FILE');
    if (file !== undefined) return read(file, 'LAB_TOKEN_FILE');
    const value = readVariable(env, 'LAB_TOKEN');
    if (value !== undefined) return given(value, 'LAB_TOKEN');
  }
  // The profile could not be read, and what follows it in the order must not replace it.
  if (profile.problem !== null) return null;
  if (hasToken(profile) && isOfProfile(profile, server, servers)) return profileToken(search, parseToken);
  for (const name of ownTokens(server, env, servers)) {
    const own = readVariable(env, name);
    if (own !== undefined) return given(own, name);
  }
  return null;
}

/** The rules for users and tokens. At a platform, they are those of its controller. */
export function rulesOf(server: ChosenServer | null, servers: Servers): ServerSettings {
  return server?.kind === 'hub' && !isPlatform(server) ? servers.hub : servers.controller;
}

/** Whether an explicit token of this level is meant for the server. A controller alone gets one of any level. */
function isMeantFor(
  server: ChosenServer | null,
  level: 'option' | 'environment',
): server is Exclude<ChosenServer, ChosenHub> | null {
  return server?.kind !== 'hub' || isAsStrong(server.level, level);
}

/** For `--token-file`. With `auto`, the weaker setting may be that of the controller. */
function notMeant({ url, controller, site }: ChosenHub): UsageError {
  const isFound = site !== null && controller !== null && controller.origin !== url.origin;
  const [kind, option, origin] = isFound
    ? ['controller', '--controller', controller.origin]
    : ['Hub', '--hub', url.origin];
  return new UsageError(
    `--token-file: this token is sent only to a ${kind} that is given by ${option}, not to the one of ${origin}`,
    `Give ${option} as well, or set LAB_TOKEN_FILE.`,
  );
}

/** The variables with the tokens of the lab that this runs in, if the server belongs to the same site. */
function ownTokens(
  server: ChosenServer | null,
  env: Context['env'],
  servers: Servers,
): readonly ('NUBLADO_TOKEN' | 'ACCESS_TOKEN' | 'JUPYTERHUB_API_TOKEN')[] {
  if (server === null || !isOwnSite(server, env, servers)) return [];
  const isHubAlone = server.kind === 'hub' && !isPlatform(server);
  return isHubAlone ? ['JUPYTERHUB_API_TOKEN'] : ['NUBLADO_TOKEN', 'ACCESS_TOKEN'];
}

/** Whether a server belongs to the site that this program runs in: its instance, or the Hub that started it. */
export function isOwnSite(server: ChosenServer, env: Context['env'], { hub }: Servers): boolean {
  if (server.kind === 'hub' && !isPlatform(server)) {
    const api = readVariable(env, 'JUPYTERHUB_API_URL');
    return api !== undefined && hub.isApiOf(server.url.value, api);
  }
  const instance = readVariable(env, 'EXTERNAL_INSTANCE_URL');
  if (instance === undefined || !URL.canParse(instance)) return false;
  const { origin } = new URL(instance);
  return isPlatform(server) ? isPlatformOf(server, origin) : server.url.value.origin === origin;
}

/**
 * Whether the Hub and the controller are at this origin, or named by its service discovery. If that has named only the Hub,
 * the controller is at the origin: it was asked there because of the controller.
 */
function isPlatformOf({ url, controller, site }: ChosenPlatform, origin: string): boolean {
  return site?.origin === origin || [url, controller].every(({ value }) => value.origin === origin);
}

export function hasToken({ values }: ChosenProfile): boolean {
  return (values.token_file ?? values.token_command) !== undefined;
}

/**
 * Whether the profile's token and user may be used with this server: it is the profile's own. Of a platform, both parts have
 * to be; if the profile names no Hub, that is the one that service discovery has found for its controller. A profile that
 * names no server at all may be used with any controller alone.
 */
export function isOfProfile(
  { values, origin }: ChosenProfile,
  server: ChosenServer | null,
  servers: Servers,
): boolean {
  if (server === null) return false;
  const urlOf = (kind: ServerKind): URL | null => {
    const text = values[kind];
    return text === undefined || isServerWord(kind, text) ? null : servers[kind].parseUrl(text, origin);
  };
  const hub = urlOf('hub');
  const controller = urlOf('controller');
  if (server.kind === 'controller') {
    if (values.controller === undefined) return values.hub === undefined;
    return controller?.origin === server.url.value.origin;
  }
  const isSameHub = hub?.href === server.url.value.href;
  if (!isPlatform(server)) return isSameHub;
  if (controller?.origin !== server.controller.value.origin) return false;
  return isSameHub || (hub === null && server.site?.origin === controller.origin);
}

async function profileToken(
  { context, profile: { name, values, origin, file }, servers, signal }: TokenSearch,
  parseToken: (text: string, source: string) => string,
): Promise<FoundToken> {
  if (values.token_file !== undefined) {
    const source = `${origin}: token_file`;
    const path = profilePath(values.token_file, file, context.home, source);
    return tokenFromFile(path, source, context, parseToken, servers.startsLikeToken);
  }
  const [command = '', ...args] = values.token_command ?? [];
  const source = `profile ${name.value}: token_command ${command}`;
  // A bare name is looked up in PATH; a path is relative to the file, as in token_file.
  const program = command.includes('/') ? profilePath(command, file, context.home, source) : command;
  const { outputOf } = await import('./token-command.js');
  const output = await outputOf(program, args, source, context, signal);
  return { ...setting(parseToken(output, source), `${origin}: token_command ${command}`), warnings: [] };
}
