/**
 * Hints for a `--hub` that is not a Hub's public prefix: what the address is, and what the correct one may be.
 */
import { isJson, parseJson, type HttpResponse } from '../../http/response.js';

/**
 * The correct prefix, if a Hub with per-user hosts redirects from a wrong one: the redirect puts the Hub's prefix before
 * the path. Null for any other address.
 */
export function wrongPrefix(base: URL, target: string): string | null {
  if (!URL.canParse(target, base.href)) return null;
  const { origin, pathname } = new URL(target, base);
  const at = pathname.search(/\/hub\/hub\/(api\/|home$)/);
  return at === -1 ? null : `${origin}${pathname.slice(0, at + 1)}`;
}

/** The hint for an address whose responses are not a Hub's. */
export function hubHint(base: URL, response: HttpResponse): string {
  const { origin, pathname } = base;
  const below = /^(.*?\/)(hub|user\/[^/]+)(\/|$)/.exec(pathname);
  if (below !== null) {
    const [, prefix = '/', part = ''] = below;
    const is = part === 'hub' ? 'a page of the Hub' : "a user's server";
    return `That is the address of ${is}. Use --hub ${origin}${prefix}`;
  }
  if (isController(response)) return 'That looks like a Nublado controller. Use --controller for it.';
  return `Is there really a JupyterHub at ${base.href}?`;
}

/** A controller's refusals are JSON with a `detail`. */
function isController(response: HttpResponse): boolean {
  if (!isJson(response) || !response.whole) return false;
  try {
    const json = parseJson(response.body);
    return typeof json === 'object' && json !== null && 'detail' in json;
  } catch {
    return false;
  }
}
