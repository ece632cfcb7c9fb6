/**
 * Decodes a frame into an Event, or explains why it is not one.
 *
 * The inverse of `toSse` in `model/event.ts`. The frame comes from outside, so nothing about it is trusted
 * and nothing here throws.
 */
import { isEventType } from '../../model/event-types.js';
import { parseEvent } from '../../model/event.js';
import type { Decoded, RawFrame } from '../../model/frame.js';
import { skim } from '../../stream/skim.js';

/**
 * Data longer than this, in UTF-16 units, is not parsed as a whole: it may contain any amount of data in addition to
 * the Event.
 */
const largeData = 64 * 1024;

/** Decodes a frame. The event's name is its type, regardless of the payload (contract, "The event stream"). */
export function decode(frame: RawFrame): Decoded {
  const name = frame.event;
  if (name === null) return { kind: 'invalid', reason: 'the frame has no event name', type: null };
  // The heartbeat of older controllers.
  if (name === 'ping') return { kind: 'ping' };
  if (!isEventType(name))
    return { kind: 'invalid', reason: `unknown event type "${name.slice(0, 100)}"`, type: null };

  let payload: unknown;
  try {
    payload = parse(frame.data);
  } catch {
    return { kind: 'invalid', reason: 'the data is not JSON', type: name };
  }
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    return { kind: 'invalid', reason: 'the data is not a JSON object', type: name };
  }
  const parsed = parseEvent(Object.assign(payload, { type: name }));
  return parsed.ok
    ? { kind: 'event', event: parsed.value }
    : { kind: 'invalid', reason: parsed.reason, type: name };
}

/** Throws a SyntaxError if the data is not JSON, or is too large to be parsed and not an object. */
function parse(data: string): unknown {
  return data.length <= largeData ? JSON.parse(data) : skim(data, ['message', 'progress']);
}
