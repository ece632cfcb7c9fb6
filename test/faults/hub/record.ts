/**
 * What really happened to the server of a story: the simulated Hub's own record of it, sampled at every moment at which
 * anything happens. The client's code has no part in it.
 */
import type { LocalHub } from '../../../src/simulator/jupyterhub/hub.js';
import type { Server } from '../../../src/simulator/jupyterhub/server.js';
import type { Spawn, SpawnOutcome } from '../../../src/simulator/jupyterhub/spawn.js';
import type { ServerKind } from '../../../src/simulator/jupyterhub/story.js';

/** The server at one moment. */
export interface Moment {
  at: number;
  pending: 'spawn' | 'stop' | null;
  /** What the Hub says, which may be false. */
  ready: boolean;
  isAlive: boolean;
  /** Whether a request to the server's address reaches it. */
  isReachable: boolean;
  kind: ServerKind;
  spawn: Spawn | null;
  hubIsUp: boolean;
}

/** `forgotten`: the Hub restarted. `adopted`: it did, and found the server. */
export type SpawnEnd = SpawnOutcome | { kind: 'forgotten' } | { kind: 'adopted' };

/** A spawn, and how it ended. */
export interface Begun {
  spawn: Spawn;
  at: number;
  /** Whether it was there before the command began. */
  isEarlier: boolean;
  outcome: SpawnEnd | null;
  endedAt: number | null;
}

/** Servers that respond to a probe in a way that proves it. */
const responsive: readonly ServerKind[] = ['standin', 'jupyter', 'jupyterlab', 'rstudio', 'page'];

/** Whether a server responds at its own address. */
export function responds({ isAlive, isReachable, kind }: Moment): boolean {
  return isAlive && isReachable && responsive.includes(kind);
}

/** Whether the Hub lists the server. */
export function isListed({ pending, ready }: Moment): boolean {
  return pending !== null || ready;
}

export class Record {
  readonly moments: Moment[] = [];
  readonly spawns: Begun[] = [];
  readonly #hub: LocalHub;
  readonly #name: string;
  readonly #now: () => number;
  hubIsUp = true;

  constructor(hub: LocalHub, name: string, now: () => number) {
    this.#hub = hub;
    this.#name = name;
    this.#now = now;
  }

  get server(): Server {
    return this.#hub.server(this.#name);
  }

  /** The server as it is now. */
  moment(): Moment {
    const { pending, ready, isAlive, routed, reachable, spawn } = this.server;
    return {
      at: this.#now(),
      pending,
      ready,
      isAlive,
      isReachable: routed && reachable,
      kind: spawn?.story.server ?? 'standin',
      spawn,
      hubIsUp: this.hubIsUp,
    };
  }

  /** To be called whenever something may have happened. */
  sample(isEarlier = false): void {
    const now = this.moment();
    const last = this.moments.at(-1);
    if (last === undefined || !isSame(last, now)) this.moments.push(now);
    const { spawn } = now;
    if (spawn !== null && !this.spawns.some((each) => each.spawn === spawn)) {
      this.spawns.push({ spawn, at: now.at, isEarlier, outcome: null, endedAt: null });
    }
    for (const each of this.spawns) {
      each.outcome ??= endOf(each.spawn, now);
      if (each.outcome !== null) each.endedAt ??= now.at;
    }
  }

  /** The server at a time. */
  at(time: number): Moment | null {
    return this.moments.findLast(({ at }) => at <= time) ?? null;
  }

  /** Every moment from one time to another, the one that was in force at the beginning included. */
  during(from: number, to: number): Moment[] {
    const first = this.at(from);
    const later = this.moments.filter(({ at }) => at > from && at <= to);
    return first === null ? later : [first, ...later];
  }

  /** When anything changed for the last time. */
  get changedAt(): number {
    return this.moments.at(-1)?.at ?? 0;
  }
}

function endOf(spawn: Spawn, now: Moment): SpawnEnd | null {
  if (now.spawn === spawn || !now.hubIsUp) return spawn.outcome;
  if (spawn.outcome !== null) return spawn.outcome;
  return { kind: now.ready && now.isAlive ? 'adopted' : 'forgotten' };
}

function isSame(one: Moment, other: Moment): boolean {
  return (Object.keys(one) as (keyof Moment)[]).every((key) => key === 'at' || one[key] === other[key]);
}
