/**
 * Which operation a queue of events belongs to, as far as they show it: nothing on the wire names it (contract, "What each
 * operation sends").
 */
import type { Event } from '../../model/event.js';
import type { Decoded, RawFrame } from '../../model/frame.js';
import type { Operation } from '../../model/operation.js';
import { decode } from './decode.js';

/** A spawn begins with smaller steps than this first one of every deletion, in percent. */
const firstOfDeletion = 25;

/** Decodes a frame of the controller's event stream, and says which operation its event shows. */
export function decodeFrame(frame: RawFrame): Decoded {
  const decoded = decode(frame);
  if (decoded.kind !== 'event') return decoded;
  const operation = operationShownBy(decoded.event);
  return operation === null ? decoded : { ...decoded, operation };
}

/** What the first event with a progress, or the `failed` event, of an operation shows. */
export function operationShownBy({ type, message, progress }: Event): Operation | null {
  if (type === 'failed') {
    if (/\bspawn/i.test(message)) return 'spawn';
    return /\bdelet/i.test(message) ? 'deletion' : null;
  }
  if (type !== 'info' || progress === null || progress > firstOfDeletion) return null;
  return progress === firstOfDeletion ? 'deletion' : 'spawn';
}
