/**
 * A complete response as a value, in the formats of the controller and its ingress.
 *
 * Owns the encoding. The texts of refusals belong to refusals.ts.
 */
import type { ServerResponse } from 'node:http';

export interface Reply {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** Compact JSON, as FastAPI writes it. */
export function json(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  };
}

/** The same, but with Python's notation for the fields that are floats there: `1.0`, not `1`. */
export function jsonWithFloats(status: number, value: unknown): Reply {
  const reply = json(status, value);
  // Quotes within JSON strings are escaped, so this can only match a key.
  const body = reply.body.replace(/"(?:cpu|refresh_interval|prepull_timeout)":\d+(?=[,}])/g, '$&.0');
  return { ...reply, body };
}

export function html(body: string): Reply {
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}

/** An nginx error page. */
export function page(status: number, reason: string, headers: Record<string, string> = {}): Reply {
  const title = `${status} ${reason}`;
  return {
    status,
    headers: { 'content-type': 'text/html', ...headers },
    body:
      `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n` +
      '<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n',
  };
}

export function send(response: ServerResponse, reply: Reply): void {
  // A 204 has no body and no length, but it keeps its content type.
  const length = reply.status === 204 ? {} : { 'content-length': Buffer.byteLength(reply.body) };
  response.writeHead(reply.status, { ...length, ...reply.headers });
  response.end(reply.body);
}
