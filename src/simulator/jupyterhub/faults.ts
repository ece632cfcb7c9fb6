/**
 * Faults of the Hub and of the proxy in front of it, in addition to those of its stories.
 *
 * Owns their names and defaults. The modules that they affect apply them.
 */

/** Read at every request, so a test can change them at any time. */
export interface HubFaults {
  /** The next POSTs, one per entry, find the Hub full. An entry is the `Retry-After` in seconds, or null for none. */
  full: (number | null)[];
  /** The number of requests to which the proxy responds as if the Hub were down. */
  away: number;
  /** The next POSTs, one per entry, get no response: they are cut before or after the Hub has handled them. */
  lostCreates: ('before' | 'after')[];
  /** The number of platform spawns that find a lab unknown to the Hub. */
  orphans: number;
}

/** A copy with the defaults filled in. */
export function withDefaults(faults: Readonly<Partial<HubFaults>> = {}): HubFaults {
  return {
    away: faults.away ?? 0,
    orphans: faults.orphans ?? 0,
    full: [...(faults.full ?? [])],
    lostCreates: [...(faults.lostCreates ?? [])],
  };
}
