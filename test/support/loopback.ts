/**
 * A dispatcher for which every host name is this machine, so that per-user hosts need no name server.
 */
import { connect } from 'node:net';
import { Agent, type buildConnector } from 'undici';

/** `portOf` chooses the port for a host; default the one of the URL. */
export function loopbackAgent(portOf = (_host: string, port: number): number => port): Agent {
  return new Agent({
    connect: ({ hostname, port }: buildConnector.Options, callback: buildConnector.Callback) => {
      const socket = connect(portOf(hostname, Number(port)), '127.0.0.1');
      socket.once('connect', () => {
        callback(null, socket);
      });
      socket.once('error', (error) => {
        callback(error, null);
      });
    },
  });
}
