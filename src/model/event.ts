/**
 * The Event model: one step of an operation, as the Nublado controller reports it.
 *
 * Owns the schema, the meaning of "done", and the encoding to the controller's exact frame bytes. Leaves decoding to
 * `backends/nublado/decode.ts`.
 */
import * as z from 'zod';
import { eventTypes, type EventType } from './event-types.js';
import { toAsciiJson } from './json.js';
import { parseWith, type Parsed } from './parsed.js';

/**
 * Names and descriptions for JSON Schema. Not in zod's global registry: the whole process shares it, so a program that
 * uses this library and zod would find them among its own.
 */
export const metadata = z.registry<{ id?: string; title?: string; description?: string }>();

export const eventTypeSchema = z.enum(eventTypes).register(metadata, { id: 'EventType', title: 'EventType' });

export const eventSchema = z
  .object({
    type: eventTypeSchema,
    message: z.string(),
    /** Percent, 1 to 100. It shows that something happened, not how much time is left. */
    progress: z.int().gt(0).lte(100).nullable().default(null),
  })
  .register(metadata, { title: 'Event' });

/** One step of an operation. `progress` is in percent; null if the controller sent none. */
export interface Event {
  type: EventType;
  message: string;
  progress: number | null;
}

/** Checks that a value is an Event. A missing `progress` becomes null; unknown keys are dropped. */
export function parseEvent(value: unknown): Parsed<Event> {
  return parseWith(eventSchema, value);
}

/** Whether this is the last event of its operation: `error` is not, a `failed` follows it. */
export function isDone(event: Event): boolean {
  return event.type === 'complete' || event.type === 'failed';
}

/**
 * Encodes an Event as the frame the controller sends for it, byte for byte (the result is ASCII).
 *
 * The event name is the type; the data is one line of JSON with the message and, if there is one, the progress;
 * separators are `", "` and `": "`; lines end in CRLF.
 */
export function toSse(event: Event): string {
  const progress = event.progress === null ? '' : `, "progress": ${event.progress}`;
  return `event: ${event.type}\r\ndata: {"message": ${toAsciiJson(event.message)}${progress}}\r\n\r\n`;
}

/** The JSON Schema (2020-12) of an Event as a producer may write it: `progress` may be left out. */
export function eventJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(eventSchema, { io: 'input', metadata });
}
