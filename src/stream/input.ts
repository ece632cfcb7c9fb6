/**
 * Converts a frame or a comment of the stream to an input of the reducer.
 *
 * Owns the removal of secrets from the text of a stream, and is the only place for it: before it, frames are compared;
 * after it, text is cut and encoded.
 */
import type { Event } from '../model/event.js';
import { isEventType } from '../model/event-types.js';
import type { Redact } from '../model/redactor.js';
import type { Decoded, Decoder, RawFrame } from '../model/frame.js';
import type { EventInput, Input, Stamp } from '../model/reducer.js';
import type { FrameItem } from './frames.js';

export function inputOf(item: FrameItem, { at, time }: Stamp, decode: Decoder, redact: Redact): Input {
  switch (item.kind) {
    case 'comment':
      return { at, time, kind: 'heartbeat', comment: redact(item.text) };
    case 'oversized': {
      const reason = `a frame above ${item.limit} bytes`;
      return { at, time, kind: 'skipped', reason, frame: null, type: null };
    }
    case 'frame': {
      const frame = { event: redactName(item.frame, redact), data: item.frame.data };
      const decoded = decode(frame);
      switch (decoded.kind) {
        case 'event':
          return eventInput(at, time, redactMessage(decoded.event, redact), decoded);
        case 'ping':
          return { at, time, kind: 'heartbeat', comment: redact(frame.data) };
        case 'invalid':
          return {
            at,
            time,
            kind: 'skipped',
            reason: decoded.reason,
            frame: { ...frame, data: redact(frame.data) },
            type: decoded.type,
          };
      }
    }
  }
}

function eventInput(
  at: number,
  time: number,
  event: Event,
  { operation, isSummary }: Decoded & { kind: 'event' },
): EventInput {
  // There may be a million events, most of them without either.
  const input: EventInput = { at, time, kind: 'event', event };
  if (operation !== undefined) input.operation = operation;
  if (isSummary !== undefined) input.isSummary = isSummary;
  return input;
}

function redactMessage(event: Event, redact: Redact): Event {
  const message = redact(event.message);
  return message === event.message ? event : { ...event, message };
}

/** A name that is a known type is kept; any other is untrusted text that will be quoted, so it is redacted. */
function redactName({ event }: RawFrame, redact: Redact): string | null {
  return event === null || isEventType(event) ? event : redact(event);
}
