/**
 * A peer on loopback that responds to every request with the same bytes, valid or not, and keeps the connection open.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

export interface Saying extends AsyncDisposable {
  origin: string;
  /** The first line of each request. */
  asked: string[];
}

export async function saying(answer: string | Buffer): Promise<Saying> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (data) => {
      const [line = ''] = data.toString('latin1').split('\r\n');
      // The body of a request may arrive separately.
      if (!line.endsWith(' HTTP/1.1')) return;
      asked.push(line);
      socket.write(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
