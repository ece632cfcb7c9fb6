/**
 * A dispatcher for which every host name is this machine, so that per-user hosts need no name server.
 */
import { connect } from 'node:net';
import { Agent, type buildConnector } from 'undici';

export function loopbackAgent(): Agent {
  return new Agent({
    connect: ({ port }: buildConnector.Options, callback: buildConnector.Callback) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.once('connect', () => {
        callback(null, socket);
      });
      socket.once('error', (error) => {
        callback(error, null);
      });
    },
  });
}
