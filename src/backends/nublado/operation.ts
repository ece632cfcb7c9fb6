/**
 * Infers which operation a queue of events belongs to: the protocol does not name it (contract, "What each operation
 * sends").
 */
import type { Event } from '../../model/event.js';
import type { Decoded, RawFrame } from '../../model/frame.js';
import type { Operation } from '../../model/operation.js';
import { decode } from './decode.js';

/** The first progress of every deletion, in percent; a spawn begins with a smaller one. */
const firstOfDeletion = 25;

/** Decodes a frame of the controller's event stream, and adds the operation that its event identifies. */
export function decodeFrame(frame: RawFrame): Decoded {
  const decoded = decode(frame);
  if (decoded.kind !== 'event') return decoded;
  const operation = operationShownBy(decoded.event);
  return operation === null ? decoded : { ...decoded, operation };
}

/** The operation identified by its first event with a progress, or by its `failed` event. */
export function operationShownBy({ type, message, progress }: Event): Operation | null {
  if (type === 'failed') {
    if (/\bspawn/i.test(message)) return 'spawn';
    return /\bdelet/i.test(message) ? 'deletion' : null;
  }
  if (type !== 'info' || progress === null || progress > firstOfDeletion) return null;
  return progress === firstOfDeletion ? 'deletion' : 'spawn';
}
