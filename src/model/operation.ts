/**
 * Which operation a queue of events belongs to, as far as they show it: nothing on the wire names it (contract, "What each
 * operation sends").
 */
export type Operation = 'spawn' | 'deletion';

/** A spawn begins with smaller steps than this first one of every deletion, in percent. */
const firstOfDeletion = 25;

export function operationThatBeginsWith(progress: number): Operation | null {
  if (progress === firstOfDeletion) return 'deletion';
  return progress < firstOfDeletion ? 'spawn' : null;
}

/** By the message of its `failed` event. */
export function operationThatFailed(message: string): Operation | null {
  if (/\bspawn/i.test(message)) return 'spawn';
  return /\bdelet/i.test(message) ? 'deletion' : null;
}
