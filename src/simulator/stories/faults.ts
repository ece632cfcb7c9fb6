/**
 * Faults of the controller, and of what stands between it and its clients.
 *
 * Owns their names and defaults. The modules that they affect apply them.
 */
import type { IngressResponse } from '../nublado/ingress.js';

/**
 * Read at every request, so a test can change them at any time. Times are in milliseconds and divided by the
 * controller's speed. The numbers refer to the contract, "What a client must survive".
 */
export interface Faults {
  /** Time before a create takes effect, which it does even if its client has disconnected (9). */
  createDelayMs: number;
  /** Time before the ingress responds to a create with 504. The create still takes effect (13). Null: never. */
  createTimeoutMs: number | null;
  /** The next creates, one per entry, get no response: they are cut before or after they take effect (9). */
  lostCreates: ('before' | 'after')[];
  /** Time before the ingress responds to a DELETE with 504. The deletion continues (8). Null: never. */
  deleteTimeoutMs: number | null;
  /** The ingress's own responses to the next requests to the controller, one per entry. */
  ingress: IngressResponse[];
  /** Responds to a create with 303, and sends pings as events named `ping`. */
  olderController: boolean;
}

/** A copy with the defaults filled in. */
export function withDefaults(faults: Readonly<Partial<Faults>> = {}): Faults {
  return {
    createDelayMs: 0,
    createTimeoutMs: null,
    deleteTimeoutMs: null,
    olderController: false,
    ...faults,
    lostCreates: [...(faults.lostCreates ?? [])],
    ingress: [...(faults.ingress ?? [])],
  };
}
