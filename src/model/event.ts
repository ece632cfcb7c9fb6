/**
 * The Event model: what the Nublado controller says about an operation, one step at a time.
 *
 * Owns the schema, the meaning of "done", and the encoding to the controller's exact frame bytes. Decoding
 * a frame belongs to the stream floor (`stream/decode.ts`), which may meet frames that are no Event.
 */
import * as z from 'zod';
import { eventTypes, type EventType as TypeName } from './event-types.js';
import { toAsciiJson } from './json.js';

export const EventType = z.enum(eventTypes).meta({ id: 'EventType', title: 'EventType' });
export type EventType = TypeName;

export const Event = z
  .object({
    type: EventType,
    message: z.string(),
    /** Percent, 1 to 100. It says that something happened, not how much time is left. */
    progress: z.int().gt(0).lte(100).nullable().default(null),
  })
  .meta({ title: 'Event' });

/** One step of an operation. `progress` is in percent, and null where the controller sent none. */
export interface Event {
  type: EventType;
  message: string;
  progress: number | null;
}

/** Whether this is the last event of its operation: `error` is not, a `failed` follows it. */
export function isDone(event: Event): boolean {
  return event.type === 'complete' || event.type === 'failed';
}

/**
 * Encodes an Event as the frame the controller sends for it, byte for byte (the result is ASCII).
 *
 * The event name is the type; the data is one line of JSON with the message and, only where there is one,
 * the progress; separators are `", "` and `": "`; lines end in CRLF.
 */
export function toSse(event: Event): string {
  const progress = event.progress === null ? '' : `, "progress": ${event.progress}`;
  return `event: ${event.type}\r\ndata: {"message": ${toAsciiJson(event.message)}${progress}}\r\n\r\n`;
}

/** The JSON Schema (2020-12) of an Event as a producer may write it: `progress` may be left out. */
export function eventJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(Event, { io: 'input' });
}
