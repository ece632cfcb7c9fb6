/**
 * Converts refusals of the Hub to failures, with the Hub's message and a hint (contract, "Refusals").
 *
 * Status, headers and the body's shape decide what a response means; the Hub's message is parsed only for the names of
 * missing scopes. Messages are redacted here and sanitised where they are shown.
 */
import { STATUS_CODES } from 'node:http';
import { isPassing, proxyCredentialsHint } from '../../http/network.js';
import { challengeParameters, isRedirect, isUpgrade, retryAfter } from '../../http/refusal.js';
import {
  compression,
  describeCompression,
  header,
  isJson,
  isPage,
  mediaType,
  parseJson,
  type HttpResponse,
} from '../../http/response.js';
import type { Request } from '../../http/transport.js';
import type { Failure } from '../../model/result.js';
import { hubHint, wrongPrefix } from './wrong-address.js';
import { ErrorBody } from './schemas.js';

export interface RefusalContext {
  /** The request in words, as in "start the server of NAME". */
  asked: string;
  base: URL;
  /** Where the token came from, in words. */
  tokenOrigin: string | null;
  /** Whether the Hub accepts a session that the token has opened, and not the token itself. */
  isSession: boolean;
}

/** How long the body of a refusal may take after its headers, in milliseconds. */
const textTime = 2_000;

/** How long to wait for the body of a refusal; null if the body is irrelevant. No exit code depends on it. */
export function bodyTime(response: HttpResponse): number | null {
  if (isRedirect(response.status) || compression(response) !== null) return null;
  return isJson(response) || mediaType(response) === 'text/plain' ? textTime : null;
}

/** Whether the response comes from the Hub itself and not from a proxy. A user's server sends this header, too. */
export function isFromHub(response: HttpResponse): boolean {
  return header(response, 'x-jupyterhub-version') !== null;
}

/** The failure that a response means. */
export function refusal(context: RefusalContext, reply: HttpResponse): Failure {
  const { status } = reply;
  const { base } = context;
  const words = hubWords(reply);
  const make = failureMaker(context, reply, words.text);

  const target = isRedirect(status) ? header(reply, 'location') : reply.redirects > 0 ? reply.url : null;
  const right = target === null ? null : wrongPrefix(base, target);
  if (right !== null) {
    return make('usage', 'wrong_prefix', {
      said: `${base.href} is not the public prefix of a Hub`,
      hint: `Use --hub ${right}`,
    });
  }
  if (isRedirect(status)) {
    return make('unauthorized', 'redirect', {
      said: `the response was a redirect to ${reply.redact(target ?? 'elsewhere')}`,
      hint: isUpgrade(base.href, target ?? '')
        ? 'The URL of the Hub should begin with https://.'
        : 'Probably not signed in. Check the token and the URL of the Hub.',
    });
  }
  if (status === 407) {
    return make('unauthorized', 'proxy', {
      said: 'the proxy asks for a user name and password',
      hint: proxyCredentialsHint('HTTP_PROXY'),
    });
  }
  if (status === 401 || status === 403) return forbidden(context, reply, words, make);
  // Only the Hub's errors have this shape; those of a user's server and of other web sites do not.
  if (status === 404 && words.isHubs) {
    return make('not-found', 'not_found', {
      said: words.text === null || words.text === 'Not Found' ? 'no such user or server' : null,
      hint: `The names of users are case-sensitive, and most tokens can act for their own user only. Check --user.`,
    });
  }
  if (status === 429) {
    const wait = retryAfter(reply);
    const hint = `The Hub is full; try again ${wait === null ? 'later' : `in ${Math.ceil(wait / 1000)} s`}.`;
    return make('refused', 'too_many', { hint, passing: true });
  }
  if (isPassing(status)) {
    const hint = 'The Hub, or a proxy in front of it, is unavailable; try again.';
    return make('unknown', words.isHubs || isFromHub(reply) ? 'hub_error' : 'unavailable', {
      hint,
      passing: true,
    });
  }
  if (words.isHubs && status >= 400 && status < 500) return make('refused', 'refused', { hint: null });
  return make('unknown', 'not_a_hub', { hint: hubHint(base, reply), another: true });
}

/** The failure for a successful response that is not a Hub's. */
export function notAHub(context: RefusalContext, reply: HttpResponse, is: string): Failure {
  const make = failureMaker(context, reply, null);
  if (reply.redirects > 0 && isPage(reply)) {
    return make('unauthorized', 'redirect', {
      said: `the response was a redirect to ${reply.redact(reply.url)}`,
      hint: 'Probably not signed in. Check the token and the URL of the Hub.',
    });
  }
  return make('unknown', 'not_a_hub', {
    said: `the response is ${is}`,
    hint: hubHint(context.base, reply),
    another: true,
  });
}

/** The Hub never sends 401: an unknown token and a missing scope both cause a 403. */
function forbidden(
  { base, tokenOrigin, isSession }: RefusalContext,
  response: HttpResponse,
  { text, isHubs }: Words,
  make: FailureMaker,
): Failure {
  const origin = tokenOrigin === null ? '' : ` from ${tokenOrigin}`;
  if (!isHubs) {
    return make('unauthorized', 'forbidden_by_proxy', {
      hint: challengeHint(response, origin) ?? 'A proxy in front of the Hub refused the request.',
    });
  }
  const newToken = `Create a new one at ${new URL('hub/token', base).href}.`;
  const scopes = /requires any of \[([^\]]*)\]/.exec(text ?? '')?.[1];
  if (scopes !== undefined) {
    return make('unauthorized', 'missing_scope', {
      said: `the ${isSession ? 'user' : 'token'} lacks the scope ${response.redact(scopes).replaceAll(',', ' or').replaceAll(/\s+/g, ' ')}`,
      hint: isSession ? null : newToken.replace('one', 'one with that scope'),
    });
  }
  // The Hub's message for an unknown token depends on the route and the version; a Spawner's message differs.
  if (isUnnamed(text) || isUnknownCaller(text)) {
    if (isSession) {
      return make('unauthorized', 'invalid_session', {
        said: 'the Hub refused the session that it had opened',
        hint: 'Try again. If it happens each time, the login of this Hub does not work.',
      });
    }
    return make('unauthorized', 'invalid_token', {
      said: 'the token was refused',
      hint: `The token${origin} is invalid or has expired. ${newToken}`,
    });
  }
  return make('unauthorized', 'forbidden', { hint: null });
}

/** Why the ingress of a platform refused the token; null if the response does not say. */
function challengeHint(response: HttpResponse, origin: string): string | null {
  const challenge = challengeParameters(response);
  switch (challenge.get('error')) {
    case 'invalid_token':
      return `The token${origin} is invalid or has expired. Create a new one.`;
    case 'insufficient_scope':
      return `The token${origin} lacks the scope ${response.redact(challenge.get('scope') ?? 'that is required')}.`;
    default:
      return null;
  }
}

/** Whether the Hub's message does not say why it refused a request. */
function isUnnamed(text: string | null): boolean {
  return text === null || text === 'Forbidden';
}

/** Whether the Hub's message says that it does not know the caller, or lacks the proof that a session needs. */
function isUnknownCaller(text: string | null): boolean {
  return text !== null && /^Missing or invalid credentials|_xsrf|XSRF cookie/.test(text);
}

/**
 * Whether a response means that a session is missing or over, so that the request had no effect. A start may also be
 * refused by the Spawner, so there only the Hub's own message counts.
 */
export function isSessionOver({ method }: Request, base: URL, response: HttpResponse): boolean {
  if (isRedirect(response.status)) {
    const target = header(response, 'location') ?? '';
    if (!URL.canParse(target, response.url)) return false;
    const { origin, pathname } = new URL(target, response.url);
    return origin === base.origin && pathname === `${base.pathname}hub/login`;
  }
  if (response.status !== 403) return false;
  const { text, isHubs } = hubWords(response);
  return isHubs && (isUnknownCaller(text) || (method === 'GET' && isUnnamed(text)));
}

interface Words {
  /** The Hub's own message, or the first line of a plain text. */
  text: string | null;
  /** Whether the body has the shape of an API error. */
  isHubs: boolean;
}

function hubWords(response: HttpResponse): Words {
  if (!isJson(response)) return { text: plainText(response), isHubs: false };
  // The body is missing or incomplete, so only the header can be used.
  if (!response.whole) return { text: null, isHubs: isFromHub(response) };
  let json: unknown;
  try {
    json = parseJson(response.body);
  } catch {
    return { text: null, isHubs: false };
  }
  const { data } = ErrorBody.safeParse(json);
  if (data === undefined) return { text: null, isHubs: false };
  const message = data.message ?? '';
  // Before version 6, the message of some errors is the reason phrase, or only `error`.
  const text = message === '' || message === 'error' ? null : message;
  return { text, isHubs: true };
}

/** The first line of a plain text, unless it merely repeats the status. */
function plainText(response: HttpResponse): string | null {
  if (mediaType(response) !== 'text/plain') return null;
  const [line = ''] = response.body.trim().split('\n');
  return line === '' || line === STATUS_CODES[response.status] ? null : line.slice(0, 1000);
}

interface Extra {
  said?: string | null;
  hint: string | null;
  passing?: boolean;
  /** Whether the response came from something other than a Hub. */
  another?: boolean;
}

type FailureMaker = (kind: Failure['kind'], type: string, extra: Extra) => Failure;

function failureMaker({ asked }: RefusalContext, reply: HttpResponse, text: string | null): FailureMaker {
  return (kind, type, { said = null, hint, passing = false, another = false }) => {
    const unreadable = compression(reply) === null ? null : `the response is ${describeCompression(reply)}`;
    const quoted = text === null ? unreadable : reply.redact(text);
    const reason = `HTTP ${reply.status} ${STATUS_CODES[reply.status] ?? ''}`.trim();
    const detail = said ?? quoted;
    const wait = retryAfter(reply);
    return {
      kind,
      error: {
        type,
        message: `could not ${asked}: ${detail === null || detail === STATUS_CODES[reply.status] ? reason : `${detail} (${reason})`}`,
        status: reply.status,
        hint,
      },
      retry: !passing && !another ? 'never' : wait === null || another ? 'later' : { afterMs: wait },
      effect: reply.status >= 500 || reply.status === 408 ? 'possible' : 'none',
      from: another ? 'other' : 'server',
    };
  };
}
