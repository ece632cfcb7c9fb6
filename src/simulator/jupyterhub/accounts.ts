/**
 * The accounts of the Hub: its users, and the tokens of users and services with their scopes.
 *
 * Owns the look-ups, and whether a scope applies to a user. Which scopes a route requires belongs to the routes.
 */
import { randomBytes } from 'node:crypto';
import type { Release } from './releases.js';
import { Server, type ServerWorld } from './server.js';

export class User {
  readonly name: string;
  readonly admin: boolean;
  readonly created: number;
  lastActivity: number | null = null;
  /** The state that the login stored, if any. */
  authState: { token: unknown } | null = null;
  readonly servers = new Map<string, Server>();
  readonly #world: ServerWorld;

  constructor(name: string, admin: boolean, world: ServerWorld) {
    this.name = name;
    this.admin = admin;
    this.created = world.timers.now();
    this.#world = world;
    this.servers.set('', new Server(name, '', world));
  }

  /** The server of that name; undefined if there is none. */
  find(name: string): Server | undefined {
    const server = this.servers.get(name);
    return server && (name === '' || server.recorded) ? server : undefined;
  }

  /** The server of that name; created if there is none. */
  server(name: string): Server {
    const server = this.servers.get(name) ?? new Server(this.name, name, this.#world);
    this.servers.set(name, server);
    return server;
  }

  /** The time of the last activity of the user or of the user's servers. */
  get lastSeen(): number | null {
    const times = [this.lastActivity, ...[...this.servers.values()].map((server) => server.lastActivity)];
    const known = times.filter((time) => time !== null);
    return known.length === 0 ? null : Math.max(...known);
  }
}

/** The rights of a token. A scope that ends in `!user=NAME` applies to that user only. */
export interface HubGrant {
  owner: { kind: 'user' | 'service'; name: string };
  scopes: readonly string[];
  /** Null if the grant does not belong to a token. */
  id: string | null;
}

export type Access =
  | 'granted'
  /** The scope is missing entirely: 403. */
  | 'no scope'
  /** The scope applies to another user only: 404, as if the user did not exist. */
  | 'other user';

export class Accounts {
  readonly users = new Map<string, User>();
  readonly #grants = new Map<string, HubGrant>();
  readonly #world: ServerWorld;
  #ids = 0;

  constructor(world: ServerWorld) {
    this.#world = world;
  }

  addUser(name: string, admin = false): User {
    const user = new User(name, admin, this.#world);
    this.users.set(name, user);
    return user;
  }

  servers(): Server[] {
    return [...this.users.values()].flatMap((user) => [...user.servers.values()]);
  }

  /** What a user may do in a session. */
  sessionGrant(name: string): HubGrant {
    const owner = { kind: 'user', name } as const;
    const { release } = this.#world;
    return { owner, scopes: expand(ownScopes(release), owner, release), id: null };
  }

  /** Without scopes, the token has all rights of its user. */
  addToken(
    owner: HubGrant['owner'],
    scopes: readonly string[] = ownScopes(this.#world.release),
    token = randomBytes(16).toString('hex'),
  ): { token: string; grant: HubGrant & { id: string } } {
    this.#ids += 1;
    const grant = { owner, scopes: expand(scopes, owner, this.#world.release), id: `a${this.#ids}` };
    this.#grants.set(token, grant);
    return { token, grant };
  }

  /** The grant of an `Authorization` header; undefined if the header is invalid or the token unknown. */
  grantOf(authorization: string | undefined): HubGrant | undefined {
    const token = /^(?:token|bearer) +(\S+)$/i.exec(authorization ?? '')?.[1];
    return token === undefined ? undefined : this.#grants.get(token);
  }

  revoke(id: string): boolean {
    for (const [token, grant] of this.#grants) if (grant.id === id) return this.#grants.delete(token);
    return false;
  }
}

/** Whether the grant holds a scope for a user. */
export function access({ scopes }: HubGrant, wanted: string, user: string): Access {
  const held = scopes.filter((scope) => scope === wanted || scope.startsWith(`${wanted}!`));
  if (held.length === 0) return 'no scope';
  return held.some((scope) => scope === wanted || scope === `${wanted}!user=${user}`)
    ? 'granted'
    : 'other user';
}

/** The scopes of a user for their own resources. */
function ownScopes({ shares }: Release): string[] {
  return [
    'access:servers!user',
    'read:tokens!user',
    'read:users!user',
    'servers!user',
    'tokens!user',
    'users:activity!user',
    ...(shares ? ['read:shares!user', 'read:users:shares!user', 'users:shares!user'] : []),
  ];
}

/** The scopes that a scope contains in addition to itself. */
const contained: Readonly<Record<string, readonly string[]>> = {
  servers: ['delete:servers', 'read:servers', 'start:servers'],
  'read:users': ['read:users:activity', 'read:users:groups', 'read:users:name'],
  'admin:users': ['admin:auth_state', 'read:users', 'list:users', 'users:activity'],
  'admin:servers': ['admin:server_state', 'servers'],
  tokens: ['read:tokens'],
};

/** The scopes with all that they contain, in order; `!user` gets the owner's name. */
function expand(scopes: readonly string[], { name }: HubGrant['owner'], { startScope }: Release): string[] {
  const all = new Set<string>();
  const add = (scope: string, filter: string): void => {
    if (scope === 'start:servers' && startScope !== scope) return;
    all.add(scope + filter);
    for (const each of contained[scope] ?? []) add(each, filter);
  };
  for (const scope of scopes) {
    const [plain = '', filter] = scope.split('!');
    add(plain, filter === undefined ? '' : `!${filter === 'user' ? `user=${name}` : filter}`);
  }
  return [...all].sort();
}
