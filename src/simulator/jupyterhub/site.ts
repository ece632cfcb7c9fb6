/**
 * The data that the Hub's routes use: its settings, accounts and addresses, and the story of a spawn.
 *
 * Owns the types, and the common shape of all API errors.
 */
import { STATUS_CODES } from 'node:http';
import type { Accounts } from './accounts.js';
import type { Addresses } from './addresses.js';
import type { HubFaults } from './faults.js';
import type { Release } from './releases.js';
import { apiJson, type HubReply, type Tornado } from './replies.js';
import { Sessions } from './sessions.js';
import type { SpawnStory } from './story.js';
import type { Timers } from './timers.js';

export interface Limits {
  /** The maximum number of active servers and of pending spawns. Null: no limit. */
  active: number | null;
  concurrent: number | null;
  /** The maximum number of named servers per user. */
  named: number | null;
  /** `Retry-After` if too many spawns are pending, in seconds. */
  retryAfter: number;
}

export class Site {
  readonly release: Release;
  readonly timers: Timers;
  readonly accounts: Accounts;
  readonly addresses: Addresses;
  readonly limits: Limits;
  readonly faults: HubFaults;
  readonly namedServers: boolean;
  readonly sessions = new Sessions();
  /** The login page trusts the ingress, and the Spawner delegates its servers to a lab controller. */
  readonly platform: boolean;
  /** How long a POST and a DELETE may be held, in milliseconds. */
  readonly slowSpawnMs: number;
  readonly slowStopMs: number;
  /** The story that a server's options choose. */
  readonly storyOf: (options: unknown, user: string) => SpawnStory;

  constructor(parts: Omit<Site, 'tornado' | 'refuse' | 'sessions'>) {
    this.release = parts.release;
    this.timers = parts.timers;
    this.accounts = parts.accounts;
    this.addresses = parts.addresses;
    this.limits = parts.limits;
    this.faults = parts.faults;
    this.namedServers = parts.namedServers;
    this.platform = parts.platform;
    this.slowSpawnMs = parts.slowSpawnMs;
    this.slowStopMs = parts.slowStopMs;
    this.storyOf = parts.storyOf;
  }

  get tornado(): Tornado {
    return { version: this.release.number, hubPrefix: this.addresses.hubPrefix };
  }

  /** An API error. Without a message, it has the reason phrase of the status, or none. */
  refuse(status: number, message: string | null): HubReply {
    const words = this.release.nullMessages ? null : (STATUS_CODES[status] ?? null);
    return apiJson(this.tornado, status, { status, message: message ?? words });
  }
}
