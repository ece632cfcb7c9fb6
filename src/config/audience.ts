/**
 * Which token is sent: each is meant for certain servers, and goes to no other.
 *
 * Owns the order and the audience of tokens. A profile's token is for that profile's servers, a lab's own token for the
 * site of that lab, and for a JupyterHub an explicit token is for the servers of its own level and stronger ones: a
 * variable or a profile that names another Hub must not redirect it. Leaves reading tokens to `token.ts`.
 */
import type { Context } from '../runtime/context.js';
import { UsageError } from '../model/usage-error.js';
import { readVariable } from './environment.js';
import { isAsStrong, type ChosenServer } from './mode.js';
import { profilePath, type ChosenProfile } from './profile.js';
import type { Servers } from './servers.js';
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
  const { parseToken } = servers[server?.kind ?? 'controller'];
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
    if (!isMeantFor(server, 'option')) throw notMeant(server.url.origin, '--token-file', '--hub');
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

/** Whether an explicit token of this level is meant for the server. A controller gets one of any level. */
function isMeantFor(
  server: ChosenServer | null,
  level: 'option' | 'environment',
): server is (ChosenServer & { kind: 'controller' }) | null {
  return server?.kind !== 'hub' || isAsStrong(server.level, level);
}

function notMeant(hub: string, token: string, option: string): UsageError {
  return new UsageError(
    `${token}: this token is sent only to a Hub that is given by ${option}, not to the one of ${hub}`,
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
  return server.kind === 'hub' ? ['JUPYTERHUB_API_TOKEN'] : ['NUBLADO_TOKEN', 'ACCESS_TOKEN'];
}

/** Whether a server belongs to the site that this program runs in: its instance, or the Hub that started it. */
export function isOwnSite({ kind, url }: ChosenServer, env: Context['env'], { hub }: Servers): boolean {
  if (kind === 'hub') {
    const api = readVariable(env, 'JUPYTERHUB_API_URL');
    return api !== undefined && hub.isApiOf(url.value, api);
  }
  const instance = readVariable(env, 'EXTERNAL_INSTANCE_URL');
  return instance !== undefined && URL.canParse(instance) && new URL(instance).origin === url.value.origin;
}

export function hasToken({ values }: ChosenProfile): boolean {
  return (values.token_file ?? values.token_command) !== undefined;
}

/**
 * Whether the profile's token and user may be used with this server: it is one of the profile's own. A profile that names
 * no server at all may be used with any controller.
 */
export function isOfProfile(
  { values, origin }: ChosenProfile,
  server: ChosenServer | null,
  servers: Servers,
): boolean {
  if (server === null) return false;
  const { url } = server;
  if (server.kind === 'hub') {
    return (
      values.hub !== undefined &&
      isSame(values.hub, (text) => servers.hub.parseUrl(text, origin).href, url.value.href)
    );
  }
  if (values.controller === undefined) return values.hub === undefined;
  return isSame(
    values.controller,
    (text) => servers.controller.parseUrl(text, origin).origin,
    url.value.origin,
  );
}

function isSame(text: string, parse: (text: string) => string, other: string): boolean {
  return text !== 'none' && parse(text) === other;
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
