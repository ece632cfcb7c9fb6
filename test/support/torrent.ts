/**
 * An HTTP server on loopback whose event stream is generated while it is read, so that it may have any size.
 */
import { Readable } from 'node:stream';
import { answering, type Answering } from './answering.js';

export type Bytes = string | Uint8Array;

/** Serves a stream to clients that request events, and a running lab to clients that request its state. */
export function torrent(stream: () => Iterable<Bytes>): Promise<Answering> {
  return answering((response, { url }) => {
    if (url.endsWith('/events')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      pour(response, stream());
    } else {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"status": "running", "internal_url": "http://lab.example/"}');
    }
  });
}

/** Writes a body at the pace of its reader, which may leave early. */
export function pour(response: NodeJS.WritableStream, body: Iterable<Bytes>): void {
  const source = Readable.from(body, { objectMode: true });
  response.on('close', () => source.destroy());
  source.on('error', () => undefined);
  source.pipe(response);
}

export function* times(count: number, make: (index: number) => Bytes): Generator<Bytes> {
  for (let index = 0; index < count; index++) yield make(index);
}

export function* inTurn(...parts: (Bytes | Iterable<Bytes>)[]): Generator<Bytes> {
  for (const part of parts) {
    if (typeof part === 'string' || part instanceof Uint8Array) yield part;
    else yield* part;
  }
}
