/**
 * A controller whose every response is written by the test, route by route, on loopback.
 *
 * For what the simulated controller never does: its responses must follow the contract, these need not.
 */
import type { ServerResponse } from 'node:http';
import { toSse, type Event } from '../../src/model/event.js';
import { answering, type Answering } from './answering.js';

export type Route = 'create' | 'events' | 'state' | 'remove' | 'list' | 'form' | 'who';

/** Responds to the `nth` request on its route, counted from 1. */
export type Answer = (response: ServerResponse, nth: number) => void;

export interface Peer extends Answering {
  /** The requests on a route: when each came, in milliseconds, and on which connection. */
  on(route: Route): readonly { at: number; remotePort: number }[];
  /** The settings with which the program connects to this peer as the user rachel. */
  env: Record<string, string>;
}

/** Serves the script; a route that it omits responds as if there were no lab, and `who` responds with rachel. */
export async function startPeer(script: Partial<Record<Route, Answer>>): Promise<Peer> {
  const requests: Record<Route, { at: number; remotePort: number }[]> = {
    create: [],
    events: [],
    state: [],
    remove: [],
    list: [],
    form: [],
    who: [],
  };
  const server = await answering((response, { method, url, remotePort }) => {
    const route = routeOf(method, url);
    requests[route].push({ at: performance.now(), remotePort });
    const answer = script[route] ?? (route === 'who' ? whoAmI : noLab);
    answer(response, requests[route].length);
  });
  return {
    ...server,
    on: (route) => requests[route],
    env: { LAB_CONTROLLER: server.origin, LAB_TOKEN: 'gt-peer' },
  };
}

function routeOf(method: string, url: string): Route {
  if (url.endsWith('/user-info')) return 'who';
  if (url.endsWith('/create')) return 'create';
  if (url.endsWith('/events')) return 'events';
  if (method === 'DELETE') return 'remove';
  if (url.endsWith('/labs')) return 'list';
  return url.includes('/lab-form/') ? 'form' : 'state';
}

const jsonType = { 'content-type': 'application/json' };

export const accepted: Answer = (response) => {
  response.writeHead(201, jsonType).end('null');
};

export const noLab: Answer = (response) => {
  response.writeHead(404, jsonType);
  response.end('{"detail":[{"msg":"Unknown user rachel","type":"unknown_user"}]}');
};

const whoAmI: Answer = (response) => {
  response.writeHead(200, jsonType).end('{"username":"rachel"}');
};

/** Never responds, and keeps the connection open. */
export const silence: Answer = () => undefined;

export const lab =
  (status: string, internal_url: string | null = 'http://lab/'): Answer =>
  (response) => {
    response.writeHead(200, jsonType).end(JSON.stringify({ status, internal_url }));
  };

export const status =
  (code: number): Answer =>
  (response) => {
    response.writeHead(code, { 'content-type': 'text/html' }).end(`<html>${code}</html>`);
  };

export const cut: Answer = (response) => {
  response.destroy();
};

/** The responses in turn; the last one repeats. */
export const inTurn =
  (...answers: Answer[]): Answer =>
  (response, nth) => {
    answers[Math.min(nth, answers.length) - 1]?.(response, nth);
  };

/** Opens an event stream with these events, and leaves it open, ends it, or cuts the connection. */
export const stream =
  (after: 'open' | 'end' | 'cut', ...events: Event[]): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    response.write(events.map(toSse).join(''), () => {
      if (after === 'end') response.end();
      if (after === 'cut') response.destroy();
    });
  };

export const info = (message: string, progress: number | null = null): Event => ({
  type: 'info',
  message,
  progress,
});
export const event = (type: Event['type'], message: string): Event => ({ type, message, progress: null });
