/**
 * The ways in which the controller, or what stands between it and its clients, can be made difficult.
 *
 * Owns their names and what holds where nobody asked for any. The rooms that they concern read them.
 */
import type { IngressAnswer } from '../nublado/ingress.js';

/**
 * Read with every request, so a test may change them at any time. Times are in milliseconds and divided by the
 * controller's speed; the numbers are those of the contract, "What a client must survive".
 */
export interface Faults {
  /** How long Kubernetes thinks before a create is decided, which it is though its client may have left (9). */
  createDelayMs: number;
  /** When the ingress answers a create with 504. The create is decided all the same (13). Null: it waits for ever. */
  createTimeoutMs: number | null;
  /** The next creates lose their answers, one each: cut before they are looked at, or when they are decided (9). */
  lostCreates: ('before' | 'after')[];
  /** When the ingress answers a DELETE with 504. The deletion goes on (8). Null: it waits for ever. */
  deleteTimeoutMs: number | null;
  /** What the ingress answers to the next requests to the controller, one each, instead of passing them on. */
  ingress: IngressAnswer[];
  /** A create is answered with 303, and pings are events named `ping`. */
  olderController: boolean;
}

/** A copy, filled up. */
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
