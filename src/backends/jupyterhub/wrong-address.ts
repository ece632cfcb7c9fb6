/**
 * A `--hub` that is not a Hub's public prefix: what it is instead, and what would be right.
 */
import { isJson, parseJson, type HttpResponse } from '../../http/response.js';

/**
 * The prefix that would be right, where a Hub with hosts for users redirects from a wrong one: it puts its own before the
 * path. Null for any other address.
 */
export function wrongPrefix(base: URL, target: string): string | null {
  if (!URL.canParse(target, base.href)) return null;
  const { origin, pathname } = new URL(target, base);
  const at = pathname.indexOf('/hub/hub/api/');
  return at === -1 ? null : `${origin}${pathname.slice(0, at + 1)}`;
}

/** What to do about an address where no Hub answers as one. */
export function hubHint(base: URL, answer: HttpResponse): string {
  const { origin, pathname } = base;
  const below = /^(.*?\/)(hub|user\/[^/]+)(\/|$)/.exec(pathname);
  if (below !== null) {
    const [, prefix = '/', part = ''] = below;
    const is = part === 'hub' ? 'a page of the Hub' : "a user's server";
    return `That is the address of ${is}. Use --hub ${origin}${prefix}`;
  }
  if (isController(answer)) return 'That looks like a Nublado controller. Use --controller for it.';
  return `Is there really a JupyterHub at ${base.href}?`;
}

/** A controller's refusals are JSON with a `detail`. */
function isController(answer: HttpResponse): boolean {
  if (!isJson(answer) || !answer.whole) return false;
  try {
    const json = parseJson(answer.body);
    return typeof json === 'object' && json !== null && 'detail' in json;
  } catch {
    return false;
  }
}
