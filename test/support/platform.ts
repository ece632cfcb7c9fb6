/**
 * The simulated Science Platform on one origin: an ingress with the Hub below `/nb/` and the controller below `/nublado`.
 *
 * Owns the ingress in front of the Hub, which knows the users by their tokens. The one in front
 * of the controller is the controller's own.
 */
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startHub, type HubOptions, type SimulatedHub } from '../../src/simulator/jupyterhub/hub.js';
import {
  startSimulator,
  type SimulatedController,
  type SimulatorOptions,
} from '../../src/simulator/server.js';
import type { Clock } from '../../src/runtime/context.js';
import './closing.js';

export interface PlatformOptions {
  clock: Clock;
  hub?: Partial<HubOptions>;
  controller?: Partial<SimulatorOptions>;
  /** Called for every request; true if it has sent the response itself. */
  answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface Platform extends AsyncDisposable {
  origin: string;
  /** The public prefix of the Hub. */
  hubUrl: string;
  hub: SimulatedHub;
  controller: SimulatedController;
  /** The token of an ordinary user. */
  token: string;
  /** The requests below the Hub's prefix: the method, the path, and the headers that the client has sent. */
  asked: { method: string; url: string; headers: IncomingMessage['headers'] }[];
  /** Ends all sessions at the Hub. */
  endSessions(): Promise<void>;
  /** Ends everything; resolves when the ports are free. */
  close(): Promise<void>;
}

export async function openPlatform({
  clock,
  hub: hubOptions,
  ...options
}: PlatformOptions): Promise<Platform> {
  const controller = await startSimulator({ clock, ...options.controller });
  const { user, tokens } = controller;
  const hub = await startHub({ clock, version: 5, prefix: '/nb/', platform: true, user, ...hubOptions });
  const asked: Platform['asked'] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const isHubs = url.startsWith('/nb/');
    if (isHubs) asked.push({ method, url, headers });
    if (options.answer?.(request, response) === true) return;
    if (!isHubs) {
      pass(request, response, controller.origin, {});
      return;
    }
    const token = /^bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    if (token === undefined || !Object.values(tokens).includes(token)) {
      const origin = `http://${headers.host ?? ''}`;
      response.writeHead(302, { location: `${origin}/login?rd=${encodeURIComponent(origin + url)}` }).end();
      return;
    }
    pass(request, response, hub.origin, { 'x-auth-request-user': user, 'x-auth-request-token': token });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await Promise.all([closed, hub.close(), controller.close()]);
  };
  return {
    origin,
    hubUrl: `${origin}/nb/`,
    hub,
    controller,
    token: tokens.user,
    asked,
    async endSessions() {
      const from = (path: string, headers: Record<string, string>): Promise<Response> =>
        fetch(hub.origin + path, { headers, redirect: 'manual' });
      const login = await from('/nb/hub/gafaelfawr/login', { 'x-auth-request-user': user });
      const cookie = login.headers
        .getSetCookie()
        .map((each) => each.split(';')[0])
        .join('; ');
      await from('/nb/hub/logout', { cookie });
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Passes a request on, with more headers, and its response back. */
function pass(
  request: IncomingMessage,
  response: ServerResponse,
  origin: string,
  more: Record<string, string>,
): void {
  const { method, url, headers } = request;
  const onward = forward(origin + (url ?? ''), { method, headers: { ...headers, ...more } }, (reply) => {
    response.writeHead(reply.statusCode ?? 502, reply.rawHeaders);
    response.flushHeaders();
    reply.pipe(response);
    reply.on('error', () => response.destroy());
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}
