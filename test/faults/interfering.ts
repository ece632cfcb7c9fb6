/**
 * Performs the story's external actions: restarts, other clients, reconciliation, tokens that expire.
 */
import type { Clock } from '../../src/runtime/context.js';
import type { Interference } from './story.js';

/** What can be done to the world. */
export interface Powers {
  stop: (forgets: boolean) => void;
  start: () => void;
  deleteLab: () => void;
  refuseCreate: () => void;
  reconcile: () => void;
  expire: () => void;
}

/** Times count from now on. */
export function interfere(story: Interference, clock: Clock, powers: Powers): void {
  const { restarts, deletedAt, othersAt, reconciledAt, expiresAt } = story;
  for (const { at, down, forgets } of restarts) {
    clock.after(at, () => {
      powers.stop(forgets);
      clock.after(down, powers.start);
    });
  }
  for (const at of othersAt) clock.after(at, powers.refuseCreate);
  if (deletedAt !== null) clock.after(deletedAt, powers.deleteLab);
  if (reconciledAt !== null) clock.after(reconciledAt, powers.reconcile);
  if (expiresAt !== null) clock.after(expiresAt, powers.expire);
}
