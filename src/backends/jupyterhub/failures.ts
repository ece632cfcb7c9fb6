/**
 * Converts refusals of the Hub to failures, with the Hub's message and a hint (contract, "Refusals").
 *
 * Status, headers and the body's shape decide what a response means; the Hub's message is parsed only for the names of
 * missing scopes. Messages are redacted here and sanitised where they are shown.
 */
import { STATUS_CODES } from 'node:http';
import { isPassing, proxyCredentialsHint } from '../../http/network.js';
import { isRedirect, isUpgrade, retryAfter } from '../../http/refusal.js';
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
import type { Failure } from '../../model/result.js';
import { hubHint, wrongPrefix } from './wrong-address.js';
import { ErrorBody } from './schemas.js';

export interface RefusalContext {
  /** The request in words, as in "start the server of NAME". */
  asked: string;
  base: URL;
  /** Where the token came from, in words. */
  tokenOrigin: string | null;
}

/** How long the body of a refusal may take after its headers, in milliseconds. */
const textTime = 2_000;

/** How long to wait for the body of a refusal; null if the body is irrelevant. No exit code depends on it. */
export function bodyTime(answer: HttpResponse): number | null {
  if (isRedirect(answer.status) || compression(answer) !== null) return null;
  return isJson(answer) || mediaType(answer) === 'text/plain' ? textTime : null;
}

/** Whether the response comes from the Hub itself and not from a proxy. A user's server sends this header, too. */
export function isFromHub(answer: HttpResponse): boolean {
  return header(answer, 'x-jupyterhub-version') !== null;
}

/** The failure that a response means. */
export function refusal(context: RefusalContext, answer: HttpResponse): Failure {
  const { status } = answer;
  const { base } = context;
  const words = hubWords(answer);
  const make = failureMaker(context, answer, words.text);

  const target = isRedirect(status) ? header(answer, 'location') : answer.redirects > 0 ? answer.url : null;
  const right = target === null ? null : wrongPrefix(base, target);
  if (right !== null) {
    return make('usage', 'wrong_prefix', {
      said: `${base.href} is not the public prefix of a Hub`,
      hint: `Use --hub ${right}`,
    });
  }
  if (isRedirect(status)) {
    return make('unauthorized', 'redirect', {
      said: `the response was a redirect to ${answer.redact(target ?? 'elsewhere')}`,
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
  if (status === 401 || status === 403) return forbidden(context, answer, words, make);
  // Only the Hub's errors have this shape; those of a user's server and of other web sites do not.
  if (status === 404 && words.isHubs) {
    return make('not-found', 'not_found', {
      said: words.text === null || words.text === 'Not Found' ? 'no such user or server' : null,
      hint: `The names of users are case-sensitive, and most tokens can act for their own user only. Check --user.`,
    });
  }
  if (status === 429) {
    const wait = retryAfter(answer);
    const hint = `The Hub is full; try again ${wait === null ? 'later' : `in ${Math.ceil(wait / 1000)} s`}.`;
    return make('refused', 'too_many', { hint, passing: true });
  }
  if (isPassing(status)) {
    const hint = 'The Hub, or a proxy in front of it, is unavailable; try again.';
    return make('unknown', words.isHubs || isFromHub(answer) ? 'hub_error' : 'unavailable', {
      hint,
      passing: true,
    });
  }
  if (words.isHubs && status >= 400 && status < 500) return make('refused', 'refused', { hint: null });
  return make('unknown', 'not_a_hub', { hint: hubHint(base, answer), another: true });
}

/** The failure for a successful response that is not a Hub's. */
export function notAHub(context: RefusalContext, answer: HttpResponse, is: string): Failure {
  const make = failureMaker(context, answer, null);
  if (answer.redirects > 0 && isPage(answer)) {
    return make('unauthorized', 'redirect', {
      said: `the response was a redirect to ${answer.redact(answer.url)}`,
      hint: 'Probably not signed in. Check the token and the URL of the Hub.',
    });
  }
  return make('unknown', 'not_a_hub', {
    said: `the response is ${is}`,
    hint: hubHint(context.base, answer),
    another: true,
  });
}

/** The Hub never sends 401: an unknown token and a missing scope both cause a 403. */
function forbidden(
  { base, tokenOrigin }: RefusalContext,
  answer: HttpResponse,
  { text, isHubs }: Words,
  make: FailureMaker,
): Failure {
  if (!isHubs) {
    return make('unauthorized', 'forbidden_by_proxy', {
      hint: 'A proxy in front of the Hub refused the request.',
    });
  }
  const newToken = `Create a new one at ${new URL('hub/token', base).href}.`;
  const scopes = /requires any of \[([^\]]*)\]/.exec(text ?? '')?.[1];
  if (scopes !== undefined) {
    return make('unauthorized', 'missing_scope', {
      said: `the token lacks the scope ${answer.redact(scopes).replaceAll(',', ' or').replaceAll(/\s+/g, ' ')}`,
      hint: newToken.replace('one', 'one with that scope'),
    });
  }
  // The Hub's message for an unknown token depends on the route and the version; a Spawner's message differs.
  if (text === null || text === 'Forbidden' || text === 'Missing or invalid credentials.') {
    const origin = tokenOrigin === null ? '' : ` from ${tokenOrigin}`;
    return make('unauthorized', 'invalid_token', {
      said: 'the token was refused',
      hint: `The token${origin} is invalid or has expired. ${newToken}`,
    });
  }
  return make('unauthorized', 'forbidden', { hint: null });
}

interface Words {
  /** The Hub's own message, or the first line of a plain text. */
  text: string | null;
  /** Whether the body has the shape of an API error. */
  isHubs: boolean;
}

function hubWords(answer: HttpResponse): Words {
  if (!isJson(answer)) return { text: plainText(answer), isHubs: false };
  // The body is missing or incomplete, so only the header can be used.
  if (!answer.whole) return { text: null, isHubs: isFromHub(answer) };
  let json: unknown;
  try {
    json = parseJson(answer.body);
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
function plainText(answer: HttpResponse): string | null {
  if (mediaType(answer) !== 'text/plain') return null;
  const [line = ''] = answer.body.trim().split('\n');
  return line === '' || line === STATUS_CODES[answer.status] ? null : line.slice(0, 1000);
}

interface Extra {
  said?: string | null;
  hint: string | null;
  passing?: boolean;
  /** Whether the response came from something other than a Hub. */
  another?: boolean;
}

type FailureMaker = (kind: Failure['kind'], type: string, extra: Extra) => Failure;

function failureMaker({ asked }: RefusalContext, answer: HttpResponse, text: string | null): FailureMaker {
  return (kind, type, { said = null, hint, passing = false, another = false }) => {
    const unreadable = compression(answer) === null ? null : `the response is ${describeCompression(answer)}`;
    const quoted = text === null ? unreadable : answer.redact(text);
    const reason = `HTTP ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim();
    const detail = said ?? quoted;
    const wait = retryAfter(answer);
    return {
      kind,
      error: {
        type,
        message: `could not ${asked}: ${detail === null || detail === STATUS_CODES[answer.status] ? reason : `${detail} (${reason})`}`,
        status: answer.status,
        hint,
      },
      retry: !passing && !another ? 'never' : wait === null || another ? 'later' : { afterMs: wait },
      effect: answer.status >= 500 || answer.status === 408 ? 'possible' : 'none',
      from: another ? 'other' : 'server',
    };
  };
}
