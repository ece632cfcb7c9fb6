/**
 * What one response from a lab's own address proves: the pure part of a probe.
 *
 * Owns the order of the rules. A redirect is judged by its path before its host, because with per-user hosts the redirects of
 * a lab and those for a lab that is absent both lead to the Hub's host. `probe.ts` sends the request.
 */
import { STATUS_CODES } from 'node:http';
import { isRedirect } from '../http/refusal.js';
import { header, isJson, isPage, parseJson, type HttpResponse } from '../http/response.js';

/** What a probe shows. `reason` is for people, and may quote the server. */
export type Probed =
  /**
   * The lab itself responds: as Jupyter does, or in another way that only a running server can. `hub`: it cannot be reached
   * from here, and two servers say that it responds.
   */
  | { kind: 'proof'; how: 'jupyter' | 'http' | 'hub'; reason: string }
  /** Something responds in place of the lab, which is not running or not reachable yet. */
  | { kind: 'not yet'; reason: string }
  /** A response that is probably the lab's, but not certainly: it counts after two in a row. */
  | { kind: 'weak'; reason: string }
  /** Nothing follows about the lab. `connected`: whether something accepted the connection and then sent no response. */
  | { kind: 'no evidence'; connected: boolean; reason: string };

/** What was requested. */
export interface ProbeTarget {
  /** The lab's own URL, with a slash at the end. */
  own: URL;
  /** The requested URL, below it. */
  asked: URL;
  /** The path of the Hub's public prefix, with a slash at the end; null if it is not known. */
  prefix: string | null;
  /** See `LabAddress.isShared`. */
  isShared: boolean;
}

export function judge(target: ProbeTarget, response: HttpResponse): Probed {
  const { status } = response;
  const to = isRedirect(status) ? targetOf(target.asked, response) : null;
  if (to !== null) return judgeRedirect(target, to, response.redact(to.origin));
  const said = `HTTP ${status} ${STATUS_CODES[status] ?? ''}`.trim();
  const json = jsonOf(response);
  if (status === 200 && isJupyter(json)) return proof('jupyter', 'a Jupyter server responds');
  const isRefusal = status === 401 || status === 403;
  if (isRefusal && json !== undefined) return proof('http', `the server responds: ${said}`);
  if (absent.has(status)) return notYet(`nothing responds at its address yet: ${said}`);
  if (isRefusal && (isPage(response) || header(response, 'www-authenticate') !== null)) {
    return noEvidence(`something in front of it demands a login: ${said}`);
  }
  if (status === 404 && target.isShared) return notYet(othersResponse);
  if (status >= 500) return noEvidence(`the response is an error: ${said}`);
  return { kind: 'weak', reason: `something responds at its address: ${said}` };
}

/**
 * What the response to a request for the URL of a named server itself proves, after one below it was 404. The default server
 * responds with 404 here too, or with a redirect that only removes the final slash.
 */
export function judgeOwnUrl(target: ProbeTarget, response: HttpResponse): Probed {
  const to = isRedirect(response.status) ? targetOf(target.asked, response) : null;
  if (to !== null && `${to.origin}${to.pathname}/` === target.own.origin + target.own.pathname) {
    return notYet(othersResponse);
  }
  const probed = judge(target, response);
  return probed.kind === 'proof' ? { kind: 'weak', reason: probed.reason } : probed;
}

const othersResponse = "the user's default server responds in its place";

/** Statuses of the Hub and of proxies for a server that is not there. */
const absent: ReadonlySet<number> = new Set([424, 502, 503, 504]);

/** `origin` is the redirect's, to be quoted. */
function judgeRedirect({ own, asked, prefix, isShared }: ProbeTarget, to: URL, origin: string): Probed {
  if (hasHubPath(to, prefix, 'api/oauth2/authorize')) {
    return isShared && isLoginElsewhere(to, own)
      ? notYet(othersResponse)
      : proof('http', 'the server redirects to the login at the Hub');
  }
  if (to.origin === own.origin && to.pathname.startsWith(own.pathname) && to.pathname !== asked.pathname) {
    return proof('http', 'the server redirects to one of its pages');
  }
  if (hasHubPath(to, prefix, 'user/')) return notYet('the Hub responds in its place');
  if (to.pathname.includes('/hub/hub/api/')) return noEvidence('the prefix of the Hub is wrong');
  if (to.origin !== asked.origin) return noEvidence(`the response is a redirect to ${origin}`);
  if (isLogin(to)) return noEvidence('the response is a redirect to a login page');
  return { kind: 'weak', reason: 'the response is a redirect' };
}

function hasHubPath({ pathname }: URL, prefix: string | null, path: string): boolean {
  const at = prefix === null ? pathname.indexOf('/hub/') + 1 : prefix.length;
  const hubPath = `hub/${path}`;
  if (prefix !== null && !pathname.startsWith(prefix)) return false;
  return path.endsWith('/') ? pathname.startsWith(hubPath, at) : pathname.slice(at) === hubPath;
}

/** Whether a login at the Hub is for another server: the default server also demands one for the paths of others. */
function isLoginElsewhere(to: URL, own: URL): boolean {
  const back = to.searchParams.get('redirect_uri');
  if (back === null || !URL.canParse(back, own.href)) return false;
  return !new URL(back, own).pathname.startsWith(own.pathname);
}

/** Whether a path is that of a page for signing in, as far as can be guessed. */
function isLogin({ pathname }: URL): boolean {
  return /\/(log-?in|sign-?in|oauth2?|openid|saml2?|sso|auth|authorize)(\/|$)/i.test(pathname);
}

function targetOf(asked: URL, response: HttpResponse): URL | null {
  const location = header(response, 'location');
  return location !== null && URL.canParse(location, asked.href) ? new URL(location, asked) : null;
}

/** The value of a JSON body; undefined for any other body, or one that is not complete. */
function jsonOf(response: HttpResponse): unknown {
  if (!isJson(response) || !response.whole) return undefined;
  try {
    return parseJson(response.body);
  } catch {
    return undefined;
  }
}

function isJupyter(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'version' in json && typeof json.version === 'string';
}

function proof(how: 'jupyter' | 'http', reason: string): Probed {
  return { kind: 'proof', how, reason };
}

function notYet(reason: string): Probed {
  return { kind: 'not yet', reason };
}

function noEvidence(reason: string): Probed {
  return { kind: 'no evidence', connected: false, reason };
}
