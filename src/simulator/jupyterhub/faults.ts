/**
 * The ways in which the Hub, or what stands before it, can be made difficult, beside what its stories do.
 *
 * Owns their names and what holds where nobody asked for any. The modules that they concern read them.
 */

/** Read with every request, so a test may change them at any time. */
export interface HubFaults {
  /** The next POSTs find the Hub full, one each: with so many seconds as `Retry-After`, or null for none. */
  full: (number | null)[];
  /** So many requests are answered by the proxy, as though the Hub were away. */
  away: number;
  /** The next POSTs lose their responses, one each: cut before the Hub has looked at them, or when they are decided. */
  lostCreates: ('before' | 'after')[];
  /** So many spawns of the platform's find a lab that the Hub does not know. */
  orphans: number;
}

/** A copy, filled up. */
export function withDefaults(faults: Readonly<Partial<HubFaults>> = {}): HubFaults {
  return {
    away: faults.away ?? 0,
    orphans: faults.orphans ?? 0,
    full: [...(faults.full ?? [])],
    lostCreates: [...(faults.lostCreates ?? [])],
  };
}
