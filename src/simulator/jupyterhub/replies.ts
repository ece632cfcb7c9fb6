/**
 * Complete responses as values, in the formats of the Hub (Tornado) and of the proxy in front of it.
 *
 * Owns headers, their order and the encoding. What a response says belongs to the routes.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pythonJson } from './python-json.js';

export interface HubReply {
  status: number;
  /** The reason phrase, if it is not the standard one of the status. */
  reason?: string;
  /** In their order on the wire. `date` is filled in, and `content-length` if the body is not chunked. */
  headers: readonly (readonly [name: string, value: string | null])[];
  body: string;
  chunked?: boolean;
}

/** The settings that every response of the Hub needs. */
export interface Tornado {
  /** As in `X-JupyterHub-Version`. */
  version: string;
  /** The Hub's own prefix, such as `/nb/hub/`. */
  hubPrefix: string;
}

type Extra = readonly (readonly [name: string, value: string])[];

/** The headers of an API route. Null for no content type. */
export function apiHeaders(
  { version, hubPrefix }: Tornado,
  type: string | null,
  { open = false, extra = [] }: { open?: boolean; extra?: Extra } = {},
): HubReply['headers'] {
  return [
    ['server', 'TornadoServer/6.6.1'],
    ...(type === null ? [] : [['content-type', type] as const]),
    ['date', null],
    ...(open ? [['access-control-allow-origin', '*'] as const] : []),
    ['x-jupyterhub-version', version],
    ['access-control-allow-headers', 'accept, content-type, authorization'],
    [
      'content-security-policy',
      `frame-ancestors 'none'; report-uri ${hubPrefix}security/csp-report; default-src 'none'`,
    ],
    ...extra,
  ];
}

export function apiJson(
  tornado: Tornado,
  status: number,
  value: unknown,
  options: { open?: boolean; etag?: boolean } = {},
): HubReply {
  const body = pythonJson(value);
  const extra: Extra = options.etag === true ? [['etag', etag(body)]] : [];
  return { status, headers: apiHeaders(tornado, 'application/json', { ...options, extra }), body };
}

/** The 201 and 202 responses for a server: an empty text. */
export function apiEmpty(tornado: Tornado, status: 201 | 202): HubReply {
  return { status, headers: apiHeaders(tornado, 'text/plain'), body: '' };
}

export function apiGone(tornado: Tornado): HubReply {
  return { status: 204, headers: apiHeaders(tornado, null), body: '' };
}

/** The headers of the Hub's pages. */
export function pageHeaders(
  { version, hubPrefix }: Tornado,
  type: string,
  extra: Extra = [],
): HubReply['headers'] {
  return [
    ['server', 'TornadoServer/6.6.1'],
    ['content-type', type],
    ['date', null],
    ['x-jupyterhub-version', version],
    ['access-control-allow-headers', 'accept, content-type, authorization'],
    ['content-security-policy', `frame-ancestors 'none'; report-uri ${hubPrefix}security/csp-report`],
    ...extra,
  ];
}

export function redirect(
  tornado: Tornado,
  location: string,
  { status = 302, cookies = [] }: { status?: 302 | 303; cookies?: readonly string[] } = {},
): HubReply {
  const headers = pageHeaders(tornado, 'text/html', [['location', location]]);
  return { status, headers: withCookies(headers, cookies), body: '' };
}

/** A page of the Hub. Its text and images differ from the real ones. */
export function page(
  tornado: Tornado,
  status: number,
  body: string,
  cookies: readonly string[] = [],
): HubReply {
  const extra: Extra = status === 200 ? [['etag', etag(body)]] : [];
  return { status, headers: withCookies(pageHeaders(tornado, 'text/html', extra), cookies), body };
}

function withCookies(headers: HubReply['headers'], cookies: readonly string[]): HubReply['headers'] {
  if (cookies.length === 0) return headers;
  // Tornado writes them last.
  return [...headers, ['content-length', null], ...cookies.map((cookie) => ['set-cookie', cookie] as const)];
}

/** Tornado's ETag: the SHA-1 of the body. */
export function etag(body: string): string {
  return `"${createHash('sha1').update(body).digest('hex')}"`;
}

/** The proxy's response while the Hub is down. */
export const hubAway: HubReply = {
  status: 503,
  headers: [['date', null]],
  body: 'Service Unavailable',
  chunked: true,
};

/** The Hub's error page as the proxy passes it on, without any header of the Hub's. */
export function proxyPage(status: number): HubReply {
  const headers = [
    ['content-type', 'text/html'],
    ['date', null],
  ] as const;
  return { status, headers, body: htmlPage(`${status}`), chunked: true };
}

export function htmlPage(text: string): string {
  return (
    '\n<!DOCTYPE HTML>\n<html lang="en">\n  <head>\n    <meta charset="utf-8">\n    <title>JupyterHub</title>\n' +
    `  </head>\n  <body>${text}</body>\n</html>\n`
  );
}

export function send(request: IncomingMessage, response: ServerResponse, reply: HubReply, now: number): void {
  response.sendDate = false;
  const length = reply.status === 204 || reply.chunked === true ? null : Buffer.byteLength(reply.body);
  const headers: [string, string][] = [];
  for (const [name, value] of reply.headers) {
    if (name === 'content-length') headers.push([name, String(length ?? '')]);
    else headers.push([name, value ?? httpDate(now)]);
  }
  if (length !== null && !headers.some(([name]) => name === 'content-length')) {
    headers.push(['content-length', String(length)]);
  }
  headers.push(['connection', connectionOf(request)]);
  if (reply.chunked === true) headers.push(['transfer-encoding', 'chunked']);
  const flat = headers.flat();
  if (reply.reason === undefined) response.writeHead(reply.status, flat);
  else response.writeHead(reply.status, reply.reason, flat);
  response.end(request.method === 'HEAD' ? '' : reply.body);
}

/** The proxy responds with the `Connection` header that the client requested. */
export function connectionOf(request: IncomingMessage): string {
  return request.headers.connection ?? 'keep-alive';
}

export function httpDate(time: number): string {
  return new Date(time).toUTCString();
}
