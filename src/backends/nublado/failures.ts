/**
 * Converts refusals to typed failures, each with the server's own text and a hint.
 *
 * Owns the reading of statuses, error bodies and `WWW-Authenticate` (contract, "Refusals"). Removes secrets from the
 * server's text and otherwise leaves it unchanged; the displays sanitise it.
 */
import { STATUS_CODES } from 'node:http';
import type { Failure } from '../../model/result.js';
import { ErrorBody } from './schemas.js';
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
import { isPassing, proxyCredentialsHint } from '../../http/network.js';
import { challengeParameters, isRedirect, isUpgrade, retryAfter } from '../../http/refusal.js';

/** The server's text in an error response. */
interface ServerText {
  /** The controller's machine-readable error type, if it sent one. */
  type: string | null;
  /** Must be sanitised before it is shown. */
  text: string | null;
}

/**
 * Converts a refusal to a failure. `asked` is what was requested, as in "create a lab for NAME"; `tokenOrigin` is the
 * origin of the token that was sent.
 */
export function refusal(
  asked: string,
  response: HttpResponse,
  base: string,
  tokenOrigin: string | null = null,
): Failure {
  const { status } = response;
  const words = serverWords(response);
  const make = failureMaker(asked, response, words);

  if (isRedirect(status)) {
    const target = header(response, 'location') ?? 'elsewhere';
    const others = response.redirects;
    const times = others === 0 ? '' : `, after ${others} other ${others === 1 ? 'redirect' : 'redirects'}`;
    return make('unauthorized', 'redirect', {
      said: `redirected to ${response.redact(target)}${times}`,
      hint: isUpgrade(base, target) ? 'The controller URL should begin with https://.' : signInHint,
    });
  }
  if (words.type === 'insufficient_quota') {
    return make('refused', words.type, { hint: 'Choose a smaller --size.' });
  }
  if (status === 401)
    return make('unauthorized', words.type ?? 'unauthorized', { hint: hint401(words, tokenOrigin) });
  if (status === 407) {
    return make('unauthorized', 'proxy', {
      said: 'the proxy requires a user name and password',
      hint: proxyCredentialsHint('HTTP_PROXY'),
    });
  }
  if (status === 403)
    return make('unauthorized', words.type ?? 'forbidden', { hint: hint403(response, words) });
  if (status === 404) {
    if (words.type !== null) return make('not-found', words.type, { hint: null });
    // Only a controller sends this status with JSON; its reason is missing because the body is incomplete.
    if (isJson(response) && !response.whole) return make('not-found', 'not_found', { hint: null });
    if (response.redirects > 0) return signIn(make, response);
    return make('unknown', 'not_a_controller', { hint: wrongAddress(base), ...another });
  }
  if (status === 409) return make('conflict', words.type ?? 'conflict', { hint: null });
  if (isRefusedRequest(status)) {
    return make('refused', words.type ?? 'refused', { hint: hintRefused(status, words) });
  }
  if (status === 500 && words.type === 'delete_failed') return make('failed', words.type, { hint: null });
  if (isPassing(status)) {
    return make('unknown', words.type ?? 'unavailable', {
      hint: status === 429 ? hint429(response) : 'The controller or its ingress is failing; try again.',
      retry: 'later',
    });
  }
  return make('unknown', words.type ?? 'unexpected_status', { hint: wrongAddress(base), ...another });
}

/** The failure of a response with a success status whose content is not from a controller. */
export function notAController(asked: string, response: HttpResponse, base: string, why: string): Failure {
  const make = failureMaker(asked, response, { type: null, text: null });
  if (response.redirects > 0 && isPage(response)) return signIn(make, response);
  return make('unknown', 'not_a_controller', { said: why, hint: wrongAddress(base), ...another });
}

/**
 * Maximum time for the body of a refusal, in milliseconds: if the exit code depends on it, and if it only adds text.
 */
const decidingTime = 10_000;
const textTime = 2_000;

/**
 * Maximum time from the headers to the end of a refusal's body, in milliseconds; null if the body is not needed.
 * `method` identifies the request: only a POST creates, and only a DELETE deletes.
 */
export function bodyTime(method: 'GET' | 'POST' | 'DELETE', response: HttpResponse): number | null {
  const { status } = response;
  if (isRedirect(status) || compression(response) !== null) return null;
  const decides =
    status === 404 || (status === 403 && method === 'POST') || (status === 500 && method === 'DELETE');
  if (isJson(response) && decides) return decidingTime;
  return isPassing(status) || !(isJson(response) || isText(response)) ? null : textTime;
}

/** Whether the request was rejected as invalid, too long, or of an unsupported type. */
function isRefusedRequest(status: number): boolean {
  return [400, 413, 414, 415, 422, 431].includes(status);
}

const signInHint = 'Probably not signed in. Check the token and the controller URL.';

/** The failure of a redirect to a login page, or of one that cannot be followed. */
function signIn(make: FailureMaker, { url, redact }: HttpResponse): Failure {
  return make('unauthorized', 'redirect', {
    said: `redirected to ${redact(url)}`,
    hint: signInHint,
  });
}

/** The response may come from another server, perhaps temporarily. */
const another = { retry: 'later', from: 'other' } as const;

interface Extra {
  said?: string;
  hint: string | null;
  retry?: 'never' | 'later';
  from?: 'server' | 'other';
}

type FailureMaker = (kind: Failure['kind'], type: string, extra: Extra) => Failure;

function failureMaker(asked: string, reply: HttpResponse, words: ServerText): FailureMaker {
  return (kind, type, extra) => {
    const unreadable = compression(reply) === null ? null : `the response is ${describeCompression(reply)}`;
    const said = extra.said ?? (words.text === null ? unreadable : reply.redact(words.text));
    const retry = extra.retry ?? 'never';
    const afterMs = retryAfter(reply);
    const choice = kind === 'refused' ? refusedChoice(type, said ?? '') : null;
    const phrase = STATUS_CODES[reply.status] ?? '';
    const reason = `HTTP ${reply.status} ${phrase}`.trim();
    // Text that only repeats the status is omitted, so that the status is not printed twice.
    const adds = said !== null && said.toLowerCase() !== phrase.toLowerCase();
    return {
      kind,
      error: {
        type,
        message: `could not ${asked}: ${adds ? `${said} (${reason})` : reason}`,
        status: reply.status,
        hint: extra.hint,
      },
      retry: afterMs === null || retry === 'never' ? retry : { afterMs },
      effect: reply.status >= 500 || reply.status === 408 ? 'possible' : 'none',
      from: extra.from ?? 'server',
      ...(choice === null ? {} : { refusedChoice: choice }),
      // A controller that fails internally responds in plain text, an ingress with an HTML page.
      stumbled: reply.status === 500 && mediaType(reply) === 'text/plain',
    };
  };
}

/** Which choice was refused, from the error type or from the place in the request that the text names. */
function refusedChoice(type: string, said: string): 'size' | 'image' | null {
  const about = `${type} ${said}`;
  if (/lab_size|options\.size|insufficient_quota/.test(about)) return 'size';
  return /unknown_image|docker_reference/.test(about) ? 'image' : null;
}

/** The server's own text, from any of the five shapes of its bodies; null if it has nothing useful. */
function serverWords(response: HttpResponse): ServerText {
  const challenge = challengeParameters(response);
  const fromHeader = challenge.get('error_description') ?? plainText(response);
  if (!isJson(response)) return { type: challenge.get('error') ?? null, text: fromHeader };
  let json: unknown;
  try {
    json = parseJson(response.body);
  } catch {
    return { type: null, text: fromHeader };
  }
  const parsed = ErrorBody.safeParse(json);
  if (!parsed.success) return { type: null, text: fromHeader };
  const { detail } = parsed.data;
  if (typeof detail === 'string') return { type: null, text: detail === '' ? null : detail };
  // Places in the path are omitted: the user did not enter the path.
  const place = (loc: readonly (string | number)[] | undefined): string =>
    loc === undefined || loc[0] === 'path' ? '' : ` (${loc.join('.')})`;
  const text = detail.map(({ msg, loc }) => `${msg}${place(loc)}`);
  return { type: detail[0]?.type ?? null, text: text.length === 0 ? null : text.join('; ') };
}

/** The first line of a text/plain body, unless it merely repeats the status. */
function plainText(response: HttpResponse): string | null {
  if (!isText(response)) return null;
  const line = response.body.trim().split('\n')[0] ?? '';
  // Redacted before it is cut: half a secret would not be found later.
  return line === '' || line === STATUS_CODES[response.status] ? null : response.redact(line).slice(0, 200);
}

function isText(response: HttpResponse): boolean {
  return mediaType(response) === 'text/plain';
}

function hint401({ type }: ServerText, tokenOrigin: string | null): string {
  if (type !== 'invalid_token')
    return 'Name a file that holds a valid token in --token-file or LAB_TOKEN_FILE.';
  const origin = tokenOrigin === null ? '' : ` from ${tokenOrigin}`;
  return `The token${origin} is invalid or has expired. Create a new one.`;
}

function hint429(response: HttpResponse): string {
  const wait = retryAfter(response);
  return `Too many requests; try again ${wait === null ? 'later' : `in ${Math.ceil(wait / 1000)} s`}.`;
}

function hint403(response: HttpResponse, words: ServerText): string | null {
  const challenge = challengeParameters(response);
  if (challenge.get('error') === 'insufficient_scope') {
    const scope = challenge.get('scope');
    return `The token lacks ${scope === undefined ? 'a required scope' : `the scope ${response.redact(scope)}`}.`;
  }
  // A JSON refusal is the controller's, even if its reason is missing or unreadable, so the ingress is not blamed.
  if (words.type === null && isJson(response)) return null;
  if (words.type !== 'permission_denied') return 'The ingress refused this token.';
  // A more specific message from the controller needs no hint.
  return words.text === 'Permission denied'
    ? "This token can manage only its own user's lab. Check --user."
    : null;
}

function hintRefused(status: number, { type }: ServerText): string | null {
  if (status === 413) return 'The request is too large: give fewer or shorter --env values.';
  switch (type) {
    case 'unknown_image':
      return 'Choose another image with --image, --tag or --class.';
    case 'invalid_docker_reference':
      return '--image takes a full reference with a tag, as in registry/repository:tag.';
    case 'invalid_lab_size':
      return 'Choose another --size.';
    default:
      return null;
  }
}

function wrongAddress(base: string): string {
  return `Check that ${base} is a Nublado controller.`;
}
