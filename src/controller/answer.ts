/**
 * What came back, read within bounds: its headers, and as much of its body as anybody needs.
 */
import type { Dispatcher } from 'undici';

/** An answer with as much of its body as was read. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  /** Whether the body is longer than what was read. */
  more: boolean;
  /** The URL that answered, after this many redirects. */
  url: string;
  redirects: number;
}

/** An answer whose body is still to be read. */
export interface Reply {
  response: Dispatcher.ResponseData;
  url: URL;
  redirects: number;
  /** Whether the request was sent twice, because the first time the connection was cut. */
  repeated: boolean;
}

/** Bodies are read up to this many bytes; a LabState has under a thousand. */
const bodyLimit = 1024 * 1024;

/**
 * Reads the body up to the bound, and cuts the connection where there is more. Unless `strict`, a body that breaks
 * off counts as far as it came.
 */
export async function readAnswer({ response, url, redirects }: Reply, strict = false): Promise<Answer> {
  const { statusCode: status, headers } = response;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > bodyLimit) break;
    }
  } catch (error) {
    if (strict) throw error;
  }
  // A compressed body was not asked for, and is not worth the risk of one that swells.
  const bytes = encoding({ headers }) === null ? Buffer.concat(chunks) : Buffer.alloc(0);
  const body = bytes.subarray(0, bodyLimit).toString('utf8');
  return { status, headers, body, more: size > bodyLimit, url: url.href, redirects };
}

/** In words, what an answer holds instead of what was asked for. */
export function describeContent(answer: Answer): string {
  const coding = encoding(answer);
  if (coding !== null) return `compressed (${coding}), which was not asked for`;
  if (answer.more) return `longer than ${bodyLimit} bytes`;
  if (isPage(answer)) return 'a web page';
  const type = contentType(answer).split(';')[0]?.trim() ?? '';
  return type === '' ? 'of no type' : type;
}

export function isPage(answer: Pick<Answer, 'headers'>): boolean {
  return contentType(answer).startsWith('text/html');
}

export function isJson(answer: Answer): boolean {
  return contentType(answer).includes('json') && !answer.more && encoding(answer) === null;
}

export function isEventStream(answer: Pick<Answer, 'headers'>): boolean {
  return contentType(answer).startsWith('text/event-stream') && encoding(answer) === null;
}

/** JSON is nested this deep at most; a LabState is four deep. Who writes it again does so recursively. */
const depthLimit = 100;

/** The value of a JSON text; throws a SyntaxError where it is none. */
export function parseJson(text: string): unknown {
  let depth = 0;
  let inString = false;
  // Not a regular expression for strings: one that has no end would be looked at anew from each of its quotes.
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

export function contentType(answer: Pick<Answer, 'headers'>): string {
  return (header(answer, 'content-type') ?? '').toLowerCase();
}

export function header({ headers }: Pick<Answer, 'headers'>, name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

function encoding(answer: Pick<Answer, 'headers'>): string | null {
  const coding = (header(answer, 'content-encoding') ?? '').toLowerCase();
  return coding === '' || coding === 'identity' ? null : coding;
}
