/**
 * The settings of a JupyterHub: its public prefix, its users and named servers, and its tokens.
 *
 * Owns the mistakes that can be made with them. Leaves what is true of any server to `config/parse.ts`, and which names may
 * become part of a path to `names.ts`.
 */
import { parsePlainToken, parseServerUrl, type TokenForm } from '../../config/parse.js';
import type { Servers } from '../../config/servers.js';
import { UsageError } from '../../model/usage-error.js';
import { problemOfName } from './names.js';

const right =
  'It should look like https://hub.example.org/, or https://data.example.org/nb/ if it has a prefix.';

/** The public prefix of a Hub, with a slash at the end. */
export function parseHubUrl(text: string, source: string): URL {
  const url = parseServerUrl(text, source, right);
  const path = `${url.pathname.replace(/\/+$/, '')}/`;
  const [, prefix = '/', part] = /^(.*?\/)(hub|user\/[^/]+|services\/[^/]+)\//.exec(path) ?? [];
  if (part !== undefined) {
    const is =
      part === 'hub' ? 'a page of the Hub' : part.startsWith('user') ? "a user's server" : 'a service';
    throw new UsageError(`${source}: that is the address of ${is}`, `Use ${url.origin}${prefix}`);
  }
  if (/\/nublado\/$|\/spawner\//.test(path)) {
    throw new UsageError(
      `${source}: that is the address of a Nublado controller`,
      'Give it with --controller.',
    );
  }
  url.pathname = path;
  return url;
}

const tokenForm: TokenForm = {
  looks: 'A token of a JupyterHub has 32 letters and digits; create one on the page hub/token of the Hub.',
};

/** The beginning of the Science Platform's own tokens, which no Hub accepts. */
const platformToken = 'gt-';

export function parseHubToken(text: string, source: string): string {
  const token = parsePlainToken(text, source, tokenForm);
  if (token.startsWith(platformToken)) {
    throw new UsageError(
      `${source}: that is a token of the Science Platform, which a JupyterHub alone does not accept`,
      'Create a token of the Hub on its page hub/token. For the Hub of a platform, give the controller as well, or --hub auto.',
    );
  }
  return token;
}

function parseName(text: string, source: string, what: string): string {
  if (text.includes('://')) throw new UsageError(`${source}: a URL is not ${what}`, 'Did you mean --hub?');
  const problem = problemOfName(text);
  if (problem !== null) throw new UsageError(`${source}: not ${what}: ${problem}`);
  return text;
}

/** All but the search for a Hub, which other programs do not need. */
export const hubSettings: Omit<Servers['hub'], 'find'> = {
  parseUrl: parseHubUrl,
  parseToken: parseHubToken,
  parseUser: (text, source) => parseName(text, source, 'a user name'),
  looksLikeToken: (text) => /^[0-9a-f]{32}$/.test(text),
  parseServerName: (text, source) => parseName(text, source, 'the name of a server'),
  isApiOf(hub, address) {
    if (!URL.canParse(address)) return false;
    const { origin, pathname } = new URL(address);
    return origin === hub.origin && pathname.replace(/\/$/, '') === `${hub.pathname}hub/api`;
  },
};
