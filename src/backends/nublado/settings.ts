/**
 * The settings of a Nublado controller: its URL, its users, and the tokens of the Science Platform.
 *
 * Owns the mistakes that can be made with them. Leaves what is true of any server to `config/parse.ts`.
 */
import { parsePlainToken, parseServerUrl, type TokenForm } from '../../config/parse.js';
import type { ServerSettings } from '../../config/servers.js';
import { UsageError } from '../../model/usage-error.js';
import { userName } from '../../model/user.js';

/** The controller's path on the Science Platform. */
const defaultPath = '/nublado';

const right = 'It should look like https://data.example.org/nublado.';

/** A controller's base URL, without a final slash. If it has no path, `/nublado` is appended. */
export function parseControllerUrl(text: string, source: string): URL {
  const url = parseServerUrl(text, source, right);
  const path = url.pathname.replace(/\/+$/, '');
  const hub = /\/hub(\/|$)/.exec(path);
  if (hub !== null) {
    throw new UsageError(
      `${source}: that is JupyterHub's address, not the controller's`,
      `${right} For JupyterHub, use --hub ${url.origin}${path.slice(0, hub.index)}/`,
    );
  }
  const route = /\/spawner(\/v1)?(\/|$)/.exec(path);
  if (route !== null) {
    throw new UsageError(
      `${source}: the URL contains a route of the controller`,
      `Leave out ${path.slice(route.index)}.`,
    );
  }
  url.pathname = path === '' ? defaultPath : path;
  return url;
}

const tokenForm: TokenForm = {
  looks: 'A token looks like gt-, 22 characters, a dot and 22 more.',
  mistakeIn(token) {
    const whole = /(?<![\w-])gt-[\w-]{22}\.[\w-]{22}(?![\w-])/.exec(token)?.[0];
    return whole === undefined || whole === token ? null : 'there is more than the token';
  },
};

/** A token of the Science Platform, or one of another service that the controller's ingress accepts. */
export function parseControllerToken(text: string, source: string): string {
  return parsePlainToken(text, source, tokenForm);
}

/** Whether a text contains a token of the Science Platform, also inside a longer word. */
export function containsToken(text: string): boolean {
  return /\bgt-[\w-]{22}\.[\w-]{22}/.test(text);
}

export function startsLikeToken(text: string): boolean {
  return text.startsWith('gt-');
}

/** A user name. It becomes part of a path and, with --direct, of a header. */
export function parseUser(text: string, source: string): string {
  if (!userName.test(text)) {
    throw new UsageError(
      `${source}: not a user name`,
      'User names are letters, digits, dots, dashes and underscores.',
    );
  }
  return text;
}

export const controllerSettings: ServerSettings = {
  parseUrl: parseControllerUrl,
  parseUser,
  parseToken: parseControllerToken,
};
