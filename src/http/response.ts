/**
 * Reads responses within limits: the headers, and as much of the body as is needed, within the time allowed.
 */
import type { Dispatcher } from 'undici';
import type { Clock } from '../runtime/context.js';
import { startDeadline } from '../runtime/deadline.js';
import type { Redact } from '../model/redactor.js';

/** A response: its head, and as much of its body as was read. */
export interface HttpResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  /** Whether the body is longer than what was read. */
  more: boolean;
  /** The maximum of bytes that was read; omitted without a body. */
  limit?: number;
  /** Whether `body` is complete: false if it was late, cut off, too long, or compressed. */
  whole: boolean;
  /** The URL that responded, after this many redirects. */
  url: string;
  redirects: number;
  /** Must be applied to all text of the response that is shown. */
  redact: Redact;
}

/** A response whose body is still to be read. */
export interface UnreadResponse {
  response: Dispatcher.ResponseData;
  url: URL;
  redirects: number;
  /** Whether the request was sent twice, because the connection was cut the first time. */
  repeated: boolean;
  redact: Redact;
  /** The response with its body, if somebody has read that already. */
  read?: HttpResponse;
}

/** Maximum size of a body, in bytes; a LabState has under a thousand. */
const bodyLimit = 1024 * 1024;

/** A body without a byte for this long has stalled, in milliseconds. */
const stall = 10_000;

/** The response without its body. */
export function headersOf({ response, url, redirects, redact }: UnreadResponse): HttpResponse {
  const { statusCode: status, headers } = response;
  return { status, headers, body: '', more: false, whole: false, url: url.href, redirects, redact };
}

/** The response with its body; throws if the body is cut off or stalls. */
export async function readWhole(
  reply: UnreadResponse,
  clock: Clock,
  limit = bodyLimit,
): Promise<HttpResponse> {
  const chunks: Buffer[] = [];
  await collect(reply, chunks, clock, stall, 'since the last byte', limit);
  return withBody(reply, chunks, true, limit);
}

/** The response with the part of its body that arrives within `ms` milliseconds from now. */
export async function readWithin(reply: UnreadResponse, clock: Clock, ms: number): Promise<HttpResponse> {
  if (reply.read !== undefined) return reply.read;
  const chunks: Buffer[] = [];
  const whole = await collect(reply, chunks, clock, ms, 'in all').then(
    () => true,
    () => false,
  );
  return withBody(reply, chunks, whole);
}

/** Collects the body up to the limit, and closes the connection if the body is longer or takes too long. */
async function collect(
  { response: { body } }: UnreadResponse,
  chunks: Buffer[],
  clock: Clock,
  ms: number,
  counted: 'in all' | 'since the last byte',
  most = bodyLimit,
): Promise<void> {
  let size = 0;
  const limit = startDeadline(clock, ms, new AbortController().signal);
  limit.signal.addEventListener('abort', () => {
    body.destroy(Object.assign(new Error('the body stopped'), { code: 'STALLED' }));
  });
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (counted === 'since the last byte') limit.touch();
      chunks.push(chunk);
      size += chunk.length;
      if (size > most) return;
    }
  } finally {
    limit.cancel();
  }
}

function withBody(
  reply: UnreadResponse,
  chunks: readonly Buffer[],
  ended: boolean,
  limit = bodyLimit,
): HttpResponse {
  const bytes = Buffer.concat(chunks);
  const more = bytes.length > limit;
  const body = bytes.subarray(0, limit).toString('utf8');
  return { ...headersOf(reply), body, more, limit, whole: ended && !more };
}

/** Describes what a response contains instead of the requested content. */
export function describeContent(response: HttpResponse): string {
  if (compression(response) !== null) return describeCompression(response);
  if (response.more) return `longer than ${response.limit ?? bodyLimit} bytes`;
  if (isPage(response)) return 'a web page';
  const type = mediaType(shown(response, 'content-type'));
  return type === '' ? 'without a content type' : type;
}

export function describeCompression(response: HttpResponse): string {
  return `compressed (${compression(shown(response, 'content-encoding')) ?? ''}), which was not requested`;
}

/** A header value that may be quoted. Redacted before it is lower-cased: a lower-cased secret would not be found. */
function shown({ headers, redact }: HttpResponse, name: string): Headers {
  return { headers: { [name]: redact([headers[name] ?? ''].flat().join(',')) } };
}

type Headers = Pick<HttpResponse, 'headers'>;

/** The media type without its parameters, in lower case (RFC 9110, section 8.3.1); empty if there is none. */
export function mediaType(response: Headers): string {
  const [type = ''] = (header(response, 'content-type') ?? '').split(';');
  return type.trim().toLowerCase();
}

export function isPage(response: Headers): boolean {
  return mediaType(response) === 'text/html';
}

/** JSON, or a format based on it, like application/problem+json. */
export function isJson(response: Headers): boolean {
  return /^(application|text)\/json$|^[^/]+\/[^/]+\+json$/.test(mediaType(response));
}

export function isEventStream(response: Headers): boolean {
  return mediaType(response) === 'text/event-stream';
}

/** Values that some servers send although the body is not compressed: no coding, or a character encoding. */
const noCompression = new Set(['', 'identity', 'none', 'utf-8', 'binary', '8bit']);

/**
 * The compression of the body; null if it is not compressed. No compression was requested, and decompressing risks a
 * body that expands without limit.
 */
export function compression({ headers }: Headers): string | null {
  const codings = [headers['content-encoding'] ?? ''].flat().join(',').toLowerCase().split(',');
  const real = codings.map((coding) => coding.trim()).filter((coding) => !noCompression.has(coding));
  return real.length === 0 ? null : real.join(', ');
}

/** Maximum depth of JSON; a LabState has four levels. Serialising recurses, so the depth is limited. */
const depthLimit = 100;

/** The value of a JSON text; throws a SyntaxError if the text is not JSON. */
export function parseJson(text: string): unknown {
  let depth = 0;
  let inString = false;
  // Not a regular expression for strings: it would rescan an unterminated string from each of its quotes.
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (inString && char === '\\') at++;
    else if (char === '"') inString = !inString;
    else if (inString) continue;
    else if (char === '[' || char === '{') depth++;
    else if (char === ']' || char === '}') depth--;
    if (depth > depthLimit) throw new SyntaxError(`nested deeper than ${depthLimit}`);
  }
  return JSON.parse(text);
}

export function header({ headers }: Pick<HttpResponse, 'headers'>, name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
