/**
 * Refusals and network errors to typed failures, each with the server's own words and a hint.
 *
 * Owns the reading of statuses, error bodies and `WWW-Authenticate` (contract, "Refusals"). The server's
 * words are kept as they came: whoever shows them makes them harmless.
 */
import { STATUS_CODES } from 'node:http';
import { ErrorBody } from '../model/lab.js';
import type { Failure } from '../model/result.js';

/** An answer that was not what was asked for, with as much of its body as was read. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

interface Words {
  /** The controller's machine-readable error type, where it sent one. */
  type: string | null;
  text: string | null;
}

/** The failure that an answer means. `asked` says what was asked, as in "create a lab for NAME". */
export function refusal(asked: string, answer: Answer, base: string): Failure {
  const { status } = answer;
  const words = serverWords(answer);
  const make = failureMaker(asked, answer, words);

  if (status >= 300 && status < 400) {
    const target = header(answer, 'location') ?? 'elsewhere';
    return make('unauthorized', 'redirect', {
      said: `the answer was a redirect to ${target}`,
      hint: 'Not signed in, probably: check the token, and that the controller URL is right.',
    });
  }
  if (words.type === 'insufficient_quota') {
    return make('refused', words.type, { hint: 'Ask for a smaller --size.' });
  }
  if (status === 401) return make('unauthorized', words.type ?? 'unauthorized', { hint: hint401(words) });
  if (status === 403)
    return make('unauthorized', words.type ?? 'forbidden', { hint: hint403(answer, words) });
  if (status === 404) {
    if (words.type === null) {
      return make('unknown', 'not_a_controller', { hint: wrongAddress(base), reached: false });
    }
    return make('not-found', words.type, { hint: null });
  }
  if (status === 409) return make('conflict', words.type ?? 'conflict', { hint: null });
  if (status === 400 || status === 422) {
    return make('refused', words.type ?? 'refused', { hint: hintRefused(words) });
  }
  if (status === 500 && words.type === 'delete_failed') return make('failed', words.type, { hint: null });
  if (status >= 500 || status === 408 || status === 425 || status === 429) {
    return make('unknown', words.type ?? 'unavailable', {
      hint: status === 429 ? hint429(answer) : 'The controller or its ingress is in trouble; try again.',
      transient: true,
    });
  }
  return make('unknown', words.type ?? 'unexpected_status', { hint: wrongAddress(base), reached: false });
}

/** The failure of an answer that is a success by its status but no controller's by its content. */
export function notAController(asked: string, answer: Answer, base: string, why: string): Failure {
  const make = failureMaker(asked, answer, { type: null, text: null });
  return make('unknown', 'not_a_controller', { said: why, hint: wrongAddress(base), reached: false });
}

/** Errors that come before anything was sent. */
const unsent = /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)$/;

/** The failure of a question that got no answer. `hintIfSent` is for a question that may have had its effect all the same. */
export function networkFailure(asked: string, error: unknown, base: string, hintIfSent?: string): Failure {
  const { code, text } = describeNetworkError(error);
  const maybeSent = !unsent.test(code) && !isTlsCode(code);
  return {
    kind: 'unknown',
    error: {
      type: 'network',
      message: `could not ${asked}: ${text}`,
      status: null,
      hint: isTlsCode(code)
        ? 'The certificate is not trusted here: NODE_EXTRA_CA_CERTS names a file with the certificate authority.'
        : maybeSent && hintIfSent !== undefined
          ? hintIfSent
          : `Is ${base} right, and reachable from here?`,
    },
    transient: !isTlsCode(code),
    reached: false,
    maybeDone: maybeSent,
    retryAfter: null,
  };
}

interface Extra {
  said?: string;
  hint: string | null;
  transient?: boolean;
  reached?: boolean;
}

function failureMaker(asked: string, answer: Answer, words: Words) {
  return (kind: Failure['kind'], type: string, extra: Extra): Failure => {
    const said = extra.said ?? words.text;
    const reason = `HTTP ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim();
    return {
      kind,
      error: {
        type,
        message: `could not ${asked}: ${said === null ? reason : `${said} (${reason})`}`,
        status: answer.status,
        hint: extra.hint,
      },
      transient: extra.transient ?? false,
      reached: extra.reached ?? true,
      maybeDone: answer.status >= 500 || answer.status === 408,
      retryAfter: retryAfter(answer),
    };
  };
}

/** The server's own words, from any of the five shapes of its bodies; null where it said nothing useful. */
function serverWords(answer: Answer): Words {
  const challenge = authenticateParameters(answer);
  const fromHeader = challenge.get('error_description') ?? plainText(answer);
  if (!contentType(answer).includes('json'))
    return { type: challenge.get('error') ?? null, text: fromHeader };
  let json: unknown;
  try {
    json = JSON.parse(answer.body);
  } catch {
    return { type: null, text: fromHeader };
  }
  const parsed = ErrorBody.safeParse(json);
  if (!parsed.success) return { type: null, text: fromHeader };
  const { detail } = parsed.data;
  if (typeof detail === 'string') return { type: null, text: detail === '' ? null : detail };
  const text = detail.map(({ msg, loc }) => (loc === undefined ? msg : `${msg} (${loc.join('.')})`));
  return { type: detail[0]?.type ?? null, text: text.length === 0 ? null : text.join('; ') };
}

/** The first line of a text/plain body, unless it merely repeats the status. */
function plainText(answer: Answer): string | null {
  if (!contentType(answer).startsWith('text/plain')) return null;
  const line = answer.body.trim().split('\n')[0]?.slice(0, 200) ?? '';
  return line === '' || line === STATUS_CODES[answer.status] ? null : line;
}

function hint401({ type }: Words): string {
  return type === 'invalid_token'
    ? 'The token is not valid (any more): make a new one and name its file in LAB_TOKEN_FILE.'
    : 'Name a file that holds a valid token in --token-file or LAB_TOKEN_FILE.';
}

function hint429(answer: Answer): string {
  const wait = retryAfter(answer);
  return `Too many requests; try again ${wait === null ? 'later' : `in ${Math.ceil(wait / 1000)} s`}.`;
}

function hint403(answer: Answer, words: Words): string | null {
  const challenge = authenticateParameters(answer);
  if (challenge.get('error') === 'insufficient_scope') {
    return `The token lacks the scope ${challenge.get('scope') ?? 'that this needs'}.`;
  }
  if (words.type !== 'permission_denied') return 'The ingress refused this token.';
  // Where the controller says more than this, it says it better.
  return words.text === 'Permission denied'
    ? "A token opens its own user's lab only: is --user right?"
    : null;
}

function hintRefused(words: Words): string | null {
  switch (words.type) {
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
  return `Is there really a Nublado controller at ${base}?`;
}

/** The parameters of a Bearer challenge (RFC 6750, section 3). */
function authenticateParameters(answer: Answer): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [, name, value] of (header(answer, 'www-authenticate') ?? '').matchAll(/(\w+)="([^"]*)"/g)) {
    if (name !== undefined && value !== undefined) parameters.set(name, value);
  }
  return parameters;
}

/** `Retry-After` in milliseconds: seconds, or a date (RFC 9110, section 10.2.3). */
function retryAfter(answer: Answer): number | null {
  const value = header(answer, 'retry-after');
  if (value === null) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  const sent = Date.parse(header(answer, 'date') ?? '');
  return Number.isNaN(date) || Number.isNaN(sent) ? null : Math.max(0, date - sent);
}

export function contentType(answer: Answer): string {
  return (header(answer, 'content-type') ?? '').toLowerCase();
}

function header(answer: Answer, name: string): string | null {
  const value = answer.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

const plainWords: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  EHOSTUNREACH: 'the host is unreachable',
  ENETUNREACH: 'the network is unreachable',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the name server does not answer',
  EPIPE: 'the connection was cut',
  EPROTO: 'the server does not speak TLS there, or none that is known here',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  UND_ERR_SOCKET: 'the connection was cut',
};

/** A network error's code and plain words for it, looking through causes and bundles of attempts. */
export function describeNetworkError(error: unknown): { code: string; text: string } {
  const inner = innermost(error);
  const code = 'code' in inner && typeof inner.code === 'string' ? inner.code : '';
  return { code, text: plainWords[code] ?? (inner.message === '' ? code : inner.message) };
}

function innermost(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  if (error.cause instanceof Error && !('code' in error)) return innermost(error.cause);
  return error;
}

function isTlsCode(code: string): boolean {
  return /CERT|^ERR_TLS|^ERR_SSL|UNABLE_TO_|^EPROTO$/.test(code);
}
