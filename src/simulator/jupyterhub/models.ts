/**
 * Users and servers as the API shows them.
 *
 * Owns which keys exist in which release and for which scope. Their order differs from a real Hub's, which changes with
 * every start of the Hub.
 */
import type { HubGrant, User } from './accounts.js';
import { access } from './accounts.js';
import type { Addresses } from './addresses.js';
import { pythonDate } from './python-json.js';
import type { Release } from './releases.js';
import type { Server } from './server.js';

export interface ModelWorld {
  release: Release;
  addresses: Addresses;
}

export function userModel(
  user: User,
  grant: HubGrant,
  { stopped = false }: { stopped?: boolean },
  world: ModelWorld,
): Record<string, unknown> {
  const main = user.server('');
  const may = (scope: string): boolean => access(grant, scope, user.name) === 'granted';
  const shown = [...user.servers.values()].filter(
    (server) => server.active || (stopped && (server.recorded || server.name === '')),
  );
  const servers = shown.map((server) => [server.name, serverModel(server, may('admin:server_state'), world)]);
  return {
    name: user.name,
    server: main.ready ? world.addresses.server(main) : null,
    admin: user.admin,
    created: pythonDate(user.created),
    groups: [],
    roles: user.admin ? ['admin', 'user'] : ['user'],
    kind: 'user',
    ...(may('admin:auth_state') ? { auth_state: user.authState } : {}),
    pending: main.pending,
    last_activity: date(user.lastSeen),
    ...(may('read:servers') ? { servers: Object.fromEntries(servers) as unknown } : {}),
    ...(world.release.userInfo ? { user_info: null } : {}),
  };
}

export function serverModel(
  server: Server,
  withState: boolean,
  { release, addresses }: ModelWorld,
): Record<string, unknown> {
  const stateless = server.stateless || server.spawn?.story.stateless === true;
  const { pid } = (stateless ? null : (server.spawn?.child ?? server.child)) ?? {};
  return {
    name: server.name,
    ...(release.displayNames ? { display_name: server.displayName ?? server.name } : {}),
    ...(release.fullUrls ? { full_name: `${server.user}/${server.name}` } : {}),
    last_activity: date(server.lastActivity),
    started: date(server.started),
    pending: server.pending,
    ready: server.ready,
    stopped: !server.active,
    url: addresses.server(server),
    user_options: server.options ?? (server.active || !server.recorded ? {} : null),
    progress_url: addresses.progress(server),
    ...(release.fullUrls
      ? { full_url: addresses.fullServer(server), full_progress_url: addresses.fullProgress(server) }
      : {}),
    ...(withState ? { state: pid === undefined ? {} : { pid } } : {}),
  };
}

function date(time: number | null): string | null {
  return time === null ? null : pythonDate(time);
}
