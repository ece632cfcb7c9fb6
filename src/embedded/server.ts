/**
 * The embedded controller: a real HTTP server on loopback that speaks the controller's contract.
 *
 * Owns the socket's life, and which of the rooms answers a path: the ingress, Gafaelfawr, or the controller's
 * routes. It shares no code with the client's side of the protocol; tests rely on that.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../context.js';
import { recommended, small } from './images.js';
import { admit, userInfo } from './ingress.js';
import { Labs } from './labs.js';
import { Directory, type Grant, type Person } from './people.js';
import { EventQueue } from './queue.js';
import { internalError } from './refusals.js';
import { page, send } from './reply.js';
import { dispatch, type Answer, type Site } from './routes.js';
import { findScenario } from './scenarios.js';
import type { LabRequest } from './state.js';
import { stream } from './stream.js';

export type { Grant, Person, Quota, Scope } from './people.js';

export interface EmbeddedOptions {
  clock: Clock;
  /** What a create sets off; default `happy`. */
  scenario?: string;
  /** Stories' pauses are divided by it; default 1. Pings keep their time. */
  speed?: number;
  /** Seconds between the pings of a stream; default 15. */
  pingSeconds?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
  /** Owner of the token; default `demo`. */
  user?: string;
  /** People beside the ordinary ones; whoever is not among them is an ordinary user. */
  people?: readonly Person[];
  /** Tokens that are known beside the controller's own. */
  tokens?: Readonly<Record<string, Grant>>;
}

export interface EmbeddedController {
  /** The base URL, with the path prefix. */
  url: string;
  origin: string;
  /** Acts for `user` with every scope. */
  token: string;
  user: string;
  /** Begins a spawn for `user` as though it had been POSTed. */
  beginSpawn(): void;
  /** Ends all connections and timers at once; resolves when the port is free. */
  close(): Promise<void>;
}

const base = '/nublado';

/** Throws a RangeError where the scenario is unknown; rejects with the system's error where it cannot listen. */
export async function startController(options: EmbeddedOptions): Promise<EmbeddedController> {
  const { clock, scenario: name = 'happy', speed = 1, pingSeconds = 15 } = options;
  const { host = '127.0.0.1', port = 0, user = 'demo', people = [], tokens = {} } = options;
  const scenario = findScenario(name);
  if (!scenario) throw new RangeError(`no scenario is called ${JSON.stringify(name)}`);

  const token = newToken();
  const directory = new Directory(people, { ...tokens, [token]: { user } });
  const site: Site = { labs: new Labs(clock, speed), directory, scenario };
  const person = directory.person(user);
  const streams = new Set<() => void>();
  let asked = false;

  const server = createServer({ noDelay: true }, (request, response) => {
    // What stood there before stood there before anybody asked, and its time begins now.
    if (!asked && scenario.before) site.labs.register(user).arrange(person, defaultRequest(user), scenario);
    asked = true;
    answer(site, request).then(
      (reply) => {
        if (!(reply instanceof EventQueue)) {
          send(response, reply);
          return;
        }
        const stop = stream(response, reply, clock, pingSeconds * 1000);
        streams.add(stop);
        response.on('close', () => streams.delete(stop));
      },
      () => {
        send(response, internalError);
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const origin = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;

  return {
    url: origin + base,
    origin,
    token,
    user,
    beginSpawn: () => void site.labs.register(user).create(person, defaultRequest(user), scenario),
    close: () =>
      new Promise((resolve) => {
        site.labs.close();
        for (const stop of streams) stop();
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer(site: Site, request: IncomingMessage): Promise<Answer> {
  const [path = ''] = (request.url ?? '').split('?');
  if (path === '/auth/api/v1/user-info') return userInfo(request, site.directory);
  if (path !== base && !path.startsWith(`${base}/`)) return page(404, 'Not Found');
  const below = path.slice(base.length);
  const admitted = admit(request, below, site.directory);
  if ('refusal' in admitted) return admitted.refusal;
  return dispatch(site, {
    method: request.method ?? '',
    path: below,
    base: `http://${request.headers.host ?? ''}${base}`,
    caller: admitted.caller,
    request,
  });
}

/** What is asked for where nobody asks. */
function defaultRequest(user: string): LabRequest {
  const prefix = `/nb/user/${user}/`;
  return { image: recommended, size: small, enable_debug: false, reset_user_env: false, prefix };
}

/** In the form of a real one (contract, "Base and authentication"). */
function newToken(): string {
  const part = () => randomBytes(16).toString('base64url');
  return `gt-${part()}.${part()}`;
}
