/**
 * Who exists: people as Gafaelfawr knows them, and the tokens that act for them.
 *
 * Owns the look-ups. What a token opens is decided at the ingress (ingress.ts), what its owner may spawn in
 * the routes.
 */

export interface Person {
  username: string;
  name: string | null;
  /** Without a UID nobody can spawn. */
  uid: number | null;
  gid: number | null;
  groups: readonly { name: string; id: number }[];
  /** Null where nothing limits the labs. */
  quota: Quota | null;
}

export interface Quota {
  cpu: number;
  /** In bytes. */
  memory: number;
  /** Whether labs may be spawned at all. */
  spawn: boolean;
}

/** The scopes that the ingress knows (contract, "Base and authentication"). */
export const scopes = ['exec:notebook', 'admin:jupyterlab', 'exec:admin'] as const;
export type Scope = (typeof scopes)[number];

/** What a token is good for. */
export interface Grant {
  user: string;
  /** All of them, where left out. */
  scopes?: readonly Scope[];
  /**
   * What the controller hears when it asks Gafaelfawr who owns the token; the ingress has let it pass
   * before. `mismatch` is another user's name, `down` no answer at all. Default `valid`.
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

  /** Everybody exists: whoever is not in the table is an ordinary user. */
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
