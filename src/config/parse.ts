/**
 * Text from options and variables to typed values. Each parser names the source of a bad value.
 *
 * Owns what all servers have in common. What the URL, the users and the tokens of one kind of server look like is defined
 * by its backend, see `servers.ts`.
 */
import { isLoopback } from '../model/host.js';
import { UsageError } from '../model/usage-error.js';

const number = String.raw`(\d+(?:\.\d+)?)`;
const duration = new RegExp(`^(?:${number}h)?(?:${number}m)?(?:${number}s)?(?:${number}ms)?$`);
const units = [3_600_000, 60_000, 1000, 1];

/** A duration like `90s`, `15m` or `1h30m`, in milliseconds; 0 means none. */
export function parseDuration(text: string, source: string): number {
  if (/^0+$/.test(text)) return 0;
  const amounts = text === '' ? undefined : duration.exec(text)?.slice(1);
  const ms = amounts?.reduce(
    (sum, amount, i) => sum + Number((amount as string | undefined) ?? 0) * (units[i] ?? 0),
    0,
  );
  if (ms === undefined || !Number.isFinite(ms)) {
    throw new UsageError(
      `${source}: "${text}" is not a duration`,
      'Durations look like 90s, 15m or 1h30m; 0 means none.',
    );
  }
  return ms;
}

/** The URL of a server. It is repeated in no message, because it may contain a password. `right`: what it should look like. */
export function parseServerUrl(text: string, source: string, right: string): URL {
  const host = hostOnly(text);
  if (host !== null)
    throw new UsageError(`${source}: a URL starts with https:// or http://`, `Did you mean ${host}?`);
  if (!URL.canParse(text)) throw new UsageError(`${source}: not a URL`, right);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new UsageError(`${source}: a URL with ${url.protocol}// cannot be a server's`, right);
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError(
      `${source}: the URL contains a user name or password`,
      'Others could read it there. Put a token into a file and name it in --token-file or LAB_TOKEN_FILE.',
    );
  }
  // Checked in the text, because a final question mark is not part of `search`.
  if (/[?#]/.test(text)) {
    throw new UsageError(`${source}: the URL must end with its path`, right);
  }
  return url;
}

/**
 * The URL for a host with or without a port and a path; null for any other text, which is not repeated, because it may be a
 * token: those have capital letters or, on the Science Platform, begin with gt-.
 */
function hostOnly(text: string): string | null {
  const hostAndPort =
    /^(?!gt-)([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?(?:\/[a-z0-9./-]*)?$/;
  const [, host] = hostAndPort.exec(text) ?? [];
  if (host === undefined || !(host.includes('.') || host === 'localhost' || host.startsWith('[')))
    return null;
  return `${isLoopback(host) ? 'http' : 'https'}://${text}`;
}

/** How the tokens of one kind of server are written. */
export interface TokenForm {
  /** What a token looks like, as a sentence. */
  looks: string;
  /** What is wrong with a text that is not only a token; null if nothing is. */
  mistakeIn?: (token: string) => string | null;
}

/** A token without its line end. It is sent in a header, so only visible ASCII is allowed. No message repeats it. */
export function parsePlainToken(
  text: string,
  source: string,
  { looks, mistakeIn: ownMistake = () => null }: TokenForm,
): string {
  const token = text.replace(/\r?\n$/, '').trim();
  if (token === '') throw new UsageError(`${source}: it contains no token`, looks);
  if (/[\r\n]/.test(token)) throw new UsageError(`${source}: the token has more than one line`, looks);
  const mistake = mistakeIn(token) ?? ownMistake(token);
  if (mistake !== null) throw new UsageError(`${source}: ${mistake}`, 'It must contain only the token.');
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new UsageError(`${source}: the token contains a space or another invalid character`, looks);
  }
  return token;
}

/** What is written around the token. A token has no quotes, and no = before its end (RFC 6750, section 2.1). */
function mistakeIn(token: string): string | null {
  if (/^["'`\u2018-\u201f].*["'`\u2018-\u201f]$/.test(token)) return 'there are quotes around the token';
  if (/^(export\s+)?[A-Za-z_]\w*\s*=\s*[^\s=]/.test(token)) return 'there is a name with = before the token';
  const scheme = /^(?:Authorization:\s*)?(Bearer|token)\s/i.exec(token)?.[1];
  if (scheme !== undefined) {
    return `there is the word ${/^bearer$/i.test(scheme) ? 'Bearer' : 'token'} before the token`;
  }
  if (/^\{.*\}$/.test(token)) return 'there is JSON around the token';
  if (token.includes('\0')) return 'this is not plain text; if it is UTF-16, save it as UTF-8';
  return null;
}

/** Whether the word is a known name with one letter missing, added, wrong or swapped with the next one. */
export function isTypo(word: string, name: string): boolean {
  const shorter = Math.min(word.length, name.length);
  let start = 0;
  while (start < shorter && word[start] === name[start]) start++;
  let end = 0;
  while (end < shorter - start && word.at(-1 - end) === name.at(-1 - end)) end++;
  const [is, meant] = [word, name].map((text) => text.slice(start, text.length - end)) as [string, string];
  return is.length <= 1 && meant.length <= 1 ? true : is.length === 2 && meant === `${is[1]}${is[0]}`;
}

/** One of several words. */
export function parseChoice<T extends string>(text: string, choices: readonly T[], source: string): T {
  const choice = choices.find((known) => known === text);
  if (choice === undefined) {
    throw new UsageError(`${source}: invalid value "${text}"; choose ${choices.join(', ')}`);
  }
  return choice;
}
