/**
 * The library face: what another Node program may import.
 *
 * Owns the types that such a program sees. They name no other package's types: what is bundled is not
 * installed, so there would be none to find.
 */
import {
  Event as EventSchema,
  EventType as EventTypeSchema,
  type Event as EventData,
  type EventType as EventTypeName,
} from './model/event.js';
import { LabState as LabStateSchema, type LabState as LabStateData } from './model/lab.js';

export { eventJsonSchema, isDone, toSse } from './model/event.js';
export { decode } from './backends/nublado/decode.js';
export type { Decoded } from './model/frame.js';
export { createFrameReader, type FrameItem, type FrameReader } from './stream/frames.js';
export { UsageError } from './model/usage-error.js';
export { exitCode, type ErrorInfo, type Outcome } from './model/outcome.js';
export type { Failure, Result } from './model/result.js';
export type { Input } from './model/reducer.js';
export {
  LabClient,
  type CreateOptions,
  type HttpDispatcher,
  type LabClientOptions,
} from './library/lab-client.js';
export {
  followEvents,
  type EventSource,
  type FollowEventsOptions,
  type Update,
} from './library/follow-events.js';

/** Why a value did not fit: an Error that says for each fault where it is and what it is. */
export interface SchemaError extends Error {
  issues: readonly { path: readonly PropertyKey[]; message: string }[];
}

/** Checks values from outside. */
export interface Schema<T> {
  /** The value as it should be, defaults filled in; throws a SchemaError. */
  parse(value: unknown): T;
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: SchemaError };
}

/** Checks that a value is one of some words, and tells which they are. */
export interface ChoiceSchema<T extends string> extends Schema<T> {
  options: readonly T[];
}

export type EventType = EventTypeName;
export const EventType: ChoiceSchema<EventType> = EventTypeSchema;

export type Event = EventData;
export const Event: Schema<Event> = EventSchema;

export type LabState = LabStateData;
export const LabState: Schema<LabState> = LabStateSchema;
