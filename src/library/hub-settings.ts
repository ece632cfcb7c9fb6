/**
 * The options of a HubClient as typed values, or a UsageError. No message repeats a token.
 */
import { problemOfName } from '../backends/jupyterhub/names.js';
import { parseToken } from '../config/parse.js';
import { isSafe } from '../model/host.js';
import { UsageError } from '../model/usage-error.js';

/** The public prefix of a Hub, to which its token may be sent. */
export function parseHub(text: string): URL {
  const right = 'It should look like https://hub.example.org/.';
  // The text is not repeated: it may contain a password.
  if (!URL.canParse(text)) throw new UsageError('hub: not a URL', right);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UsageError(`hub: a URL with ${url.protocol}// cannot be a Hub's`, right);
  if (url.username !== '' || url.password !== '')
    throw new UsageError('hub: the URL contains a user name or password', 'Use the option token.');
  if (/[?#]/.test(text)) throw new UsageError('hub: the URL must end with its path', right);
  if (!isSafe(url))
    throw new UsageError(`hub: a token is not sent over plain http to ${url.hostname}`, 'Use https.');
  return url;
}

export function parseHubToken(text: string): string {
  return parseToken(text, 'token');
}

/** The name of a user or a server, which becomes a part of paths. */
export function parseName(name: string, source: string): string {
  const problem = problemOfName(name);
  if (problem !== null) throw new UsageError(`${source}: not a valid name: ${problem}`);
  return name;
}
