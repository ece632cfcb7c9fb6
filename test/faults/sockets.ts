/**
 * A story's world behind a real HTTP server, whose door is shut while the story's controller is down.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Connection } from './connection.js';
import type { Route } from './story.js';
import type { World } from './world.js';
import '../support/closing.js';

export interface Served extends AsyncDisposable {
  origin: string;
}

export async function serve(world: World): Promise<Served> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    void answer(world, request, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  const shut = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  world.onDoor = (open) => {
    if (open) void listen(server, port);
    else shut();
  };
  return {
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => {
      world.onDoor = () => undefined;
      if (server.listening) shut();
      return Promise.resolve();
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
}

function routeOf({ method, url }: IncomingMessage): Route {
  if (method === 'POST') return 'create';
  if (method === 'DELETE') return 'remove';
  if (url?.endsWith('/events') === true) return 'events';
  return url?.endsWith('/user-info') === true ? 'who' : 'state';
}

async function answer(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const left = new AbortController();
  response.on('close', () => {
    left.abort();
  });
  request.resume();
  const whose = request.url?.endsWith('/user-status') === true ? 'own' : 'named';
  const told = await world.ask(routeOf(request), left.signal, whose);
  switch (told.kind) {
    case 'none':
      request.socket.destroy();
      return;
    case 'status':
      response.writeHead(told.status, told.headers).end(told.body);
      return;
    case 'stream':
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.flushHeaders();
      pour(told.connection, response);
  }
}

/** Writes the available bytes, as soon as there are any. */
function pour(connection: Connection, response: ServerResponse): void {
  const more = (): void => {
    for (;;) {
      const taken = connection.take();
      if (taken === null) return;
      if (taken === 'end') {
        response.end();
        return;
      }
      if (taken === 'cut') {
        // A normal FIN in the middle of a chunked body, as from a server that is shutting down.
        response.socket?.end();
        return;
      }
      response.write(taken);
    }
  };
  connection.wake = more;
  response.on('close', () => {
    connection.wake = () => undefined;
    connection.close();
  });
  more();
}
