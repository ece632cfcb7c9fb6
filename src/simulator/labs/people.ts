/**
 * Users as Gafaelfawr knows them, and their tokens.
 *
 * Owns the look-ups. The ingress (ingress.ts) decides what a token may do, the routes what its owner may spawn.
 */

export interface Person {
  username: string;
  name: string | null;
  /** A user without a UID cannot spawn. */
  uid: number | null;
  gid: number | null;
  groups: readonly { name: string; id: number }[];
  /** Null for no limit. */
  quota: Quota | null;
}

export interface Quota {
  cpu: number;
  /** In bytes. */
  memory: number;
  /** Whether the user may spawn labs at all. */
  spawn: boolean;
}

/** The scopes that the ingress knows (contract, "Base and authentication"). */
export const scopes = ['exec:notebook', 'admin:jupyterlab', 'exec:admin'] as const;
export type Scope = (typeof scopes)[number];

/** The user and scopes of a token. */
export interface Grant {
  user: string;
  /** Default: all. */
  scopes?: readonly Scope[];
  /**
   * Gafaelfawr's response when the controller looks up the token's owner, after the ingress has accepted the token.
   * `mismatch`: another user's name; `down`: no response. Default `valid`.
   */
  delegated?: 'valid' | 'revoked' | 'mismatch' | 'down';
  /** When the token was created and when it expires, in seconds since the epoch. Default: at the start, and never. */
  created?: number;
  expires?: number;
}

export const gibibyte = 2 ** 30;

export class Directory {
  /** When the directory was created, in seconds since the epoch. */
  readonly opened: number;
  readonly #people: ReadonlyMap<string, Person>;
  readonly #tokens: ReadonlyMap<string, Grant>;
  readonly #now: () => number;

  /** `now` returns the time in milliseconds since the epoch. */
  constructor(people: readonly Person[], tokens: Readonly<Record<string, Grant>>, now: () => number) {
    this.#people = new Map(people.map((person) => [person.username, person]));
    this.#tokens = new Map(Object.entries(tokens).map(([token, grant]) => [token, { ...grant }]));
    this.#now = now;
    this.opened = Math.floor(now() / 1000);
  }

  /** Every name is a user; those not in the table are ordinary. */
  person(username: string): Person {
    return this.#people.get(username) ?? ordinary(username);
  }

  /** Undefined if the token is unknown or has expired. */
  grant(token: string): Grant | undefined {
    const grant = this.#tokens.get(token);
    return grant?.expires !== undefined && grant.expires * 1000 <= this.#now() ? undefined : grant;
  }

  /** From now on, no token is valid. */
  expireAll(): void {
    for (const grant of this.#tokens.values()) grant.expires = Math.floor(this.#now() / 1000);
  }
}

function ordinary(username: string): Person {
  return {
    username,
    name: null,
    uid: 60001,
    gid: 60001,
    groups: [{ name: username, id: 60001 }],
    quota: { cpu: 9, memory: 27 * gibibyte, spawn: true },
  };
}
