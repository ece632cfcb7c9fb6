/**
 * Connections to the servers of a command, and the backend on them.
 *
 * Owns which backend serves which servers, and that only its code is loaded. At a platform, the Hub and the controller have a
 * connection each, because a proxy may be for only one of them, and they share one session at the Hub. Sends nothing.
 */
import type { Dispatcher } from 'undici';
import type { Backend } from '../backends/backend.js';
import type { HubSettings } from '../backends/jupyterhub/backend.js';
import type { HubSession } from '../backends/jupyterhub/login.js';
import type { UserSetting } from '../commands/session/session.js';
import type { ServerAddress } from '../display/display.js';
import type { Credentials, TransportOptions } from '../http/transport.js';
import { createGrowingRedactor, type Redactor, type Secrets } from '../model/redactor.js';
import type { ConnectSettings, Context } from '../runtime/context.js';

/** A server, and how to connect to it. */
export interface Endpoint {
  base: URL;
  way: ConnectSettings;
}

/** The servers of a command. */
export type Servers =
  | { kind: 'controller'; controller: Endpoint }
  | { kind: 'hub'; hub: Endpoint; settings: HubSettings }
  | {
      kind: 'platform';
      hub: Endpoint;
      controller: Endpoint;
      settings: HubSettings;
      /** The hosts, with their ports, that the login at the Hub may use in addition to the Hub's own. */
      hosts: readonly string[];
    };

export interface Connection {
  servers: Servers;
  credentials: Credentials;
  secrets: Secrets;
  user: UserSetting;
}

export interface Connected {
  backend: Backend;
  /** The same backend on new connections. */
  freshBackend: () => Promise<Backend>;
  address: ServerAddress;
  user: UserSetting;
  /** Removes the token and other secrets from texts, also those that a server sets. */
  redactor: Redactor;
  /** Closes every connection at once. */
  close(): Promise<void>;
}

type Options = Omit<TransportOptions, 'credentials'>;

/** Opens a new connection. */
type Open = (endpoint: Endpoint) => Promise<Options>;

export async function connect(
  context: Context,
  { servers, credentials, secrets, user }: Connection,
): Promise<Connected> {
  const dispatchers: Dispatcher[] = [];
  const redactor = createGrowingRedactor(secrets);
  const open: Open = async ({ base, way }) => {
    const dispatcher = await context.connect(way);
    dispatchers.push(dispatcher);
    return {
      base,
      dispatcher,
      turn: context.turn,
      clock: context.clock,
      redact: redactor.redact,
      trace: (message) => {
        context.trace(2, message);
      },
    };
  };
  const freshBackend = backendFor(servers, credentials, open, (values) => {
    redactor.add(values);
  });
  return {
    backend: await freshBackend(),
    freshBackend,
    address: addressOf(servers),
    user,
    redactor,
    close: async () => {
      await Promise.all(dispatchers.map((dispatcher) => dispatcher.destroy()));
    },
  };
}

/** Loads and creates a backend. Each call of the function opens new connections. */
function backendFor(
  servers: Servers,
  credentials: Credentials,
  open: Open,
  remember: (values: readonly string[]) => void,
): () => Promise<Backend> {
  switch (servers.kind) {
    case 'controller':
      return async () => {
        const [{ createNublado }, options] = await Promise.all([
          import('../backends/nublado/backend.js'),
          open(servers.controller),
        ]);
        return createNublado({ ...options, credentials });
      };
    case 'hub':
      return async () => {
        const [{ createJupyterHub }, options] = await Promise.all([
          import('../backends/jupyterhub/backend.js'),
          open(servers.hub),
        ]);
        return createJupyterHub({ ...options, credentials }, servers.settings);
      };
    case 'platform':
      return platformFor(servers, credentials, open, remember);
  }
}

function platformFor(
  { hub, controller, settings, hosts }: Servers & { kind: 'platform' },
  credentials: Credentials,
  open: Open,
  remember: (values: readonly string[]) => void,
): () => Promise<Backend> {
  const { token, origin = null } = credentials;
  if (token === null) throw new Error('a platform needs a token');
  /** All connections use it, so that a new one needs no login of its own. */
  let session: HubSession | null = null;
  return async () => {
    const [nublado, jupyterhub, login, platform, form, toHub, toController] = await Promise.all([
      import('../backends/nublado/backend.js'),
      import('../backends/jupyterhub/backend.js'),
      import('../backends/jupyterhub/login.js'),
      import('../backends/science-platform/backend.js'),
      import('../backends/science-platform/form-options.js'),
      open(hub),
      open(controller),
    ]);
    session ??= new login.HubSession({ hosts, remember });
    return platform.createSciencePlatform({
      hub: jupyterhub.createJupyterHub(
        { ...toHub, credentials: { kind: 'session', token, session, origin } },
        { ...settings, optionsFor: form.spawnerOptions },
      ),
      controller: nublado.createNublado({ ...toController, credentials }),
      userOptions: settings.userOptions,
      clock: toHub.clock,
    });
  };
}

function addressOf(servers: Servers): ServerAddress {
  switch (servers.kind) {
    case 'controller':
      return { controller: servers.controller.base.href, hub: null, name: null };
    case 'hub':
      return { controller: null, hub: servers.hub.base.href, name: servers.settings.server };
    case 'platform':
      return {
        controller: servers.controller.base.href,
        hub: servers.hub.base.href,
        name: servers.settings.server,
      };
  }
}
