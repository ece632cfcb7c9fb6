/**
 * The library face: what another Node program may import.
 */
export { Event, EventType, eventJsonSchema, isDone, toSse } from './model/event.js';
export { LabState } from './model/lab.js';
export { decode, type Decoded } from './stream/decode.js';
export { createFrameReader, type FrameItem, type FrameReader } from './stream/frames.js';
export { exitCode, type ErrorInfo, type Outcome } from './model/outcome.js';
export type { Failure, Result } from './model/result.js';
export type { Input } from './model/run.js';
export {
  LabClient,
  type CreateOptions,
  type HttpDispatcher,
  type LabClientOptions,
} from './library/client.js';
export {
  followEvents,
  type EventSource,
  type FollowEventsOptions,
  type Update,
} from './library/follow-events.js';
