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
}

export const gibibyte = 2 ** 30;

export class Directory {
  readonly #people: ReadonlyMap<string, Person>;
  readonly #tokens: ReadonlyMap<string, Grant>;

  constructor(people: readonly Person[], tokens: Readonly<Record<string, Grant>>) {
    this.#people = new Map(people.map((person) => [person.username, person]));
    this.#tokens = new Map(Object.entries(tokens));
  }

  /** Every name is a user; those not in the table are ordinary. */
  person(username: string): Person {
    return this.#people.get(username) ?? ordinary(username);
  }

  grant(token: string): Grant | undefined {
    return this.#tokens.get(token);
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
