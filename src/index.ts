/**
 * The public API: what another Node program may import.
 *
 * Owns nothing but the list of names. Their types mention no other package, because bundled packages are not installed; so
 * values are checked by functions such as `parseEvent`, and no schema is exported.
 */
export { eventTypes, isEventType, type EventType } from './model/event-types.js';
export { eventJsonSchema, isDone, parseEvent, toSse, type Event } from './model/event.js';
export { parseLabState, type LabState } from './backends/nublado/schemas.js';
export type { Parsed } from './model/parsed.js';
export { decode } from './backends/nublado/decode.js';
export type { Decoded, Decoder, RawFrame } from './model/frame.js';
export type { Phase } from './model/lab.js';
export { createFrameReader, type FrameItem, type FrameReader } from './stream/frames.js';
export { UsageError } from './model/usage-error.js';
export { exitCode, type ErrorInfo, type Outcome } from './model/outcome.js';
export type { Failure, Result } from './model/result.js';
export type { Input } from './model/reducer.js';
export { LabClient, type CreateOptions, type LabClientOptions } from './library/lab-client.js';
export {
  HubClient,
  type HubClientOptions,
  type RemoveOptions,
  type SpawnOptions,
} from './library/hub-client.js';
export type { HubServer } from './library/hub-server.js';
export type { Removal } from './backends/backend.js';
export type { HttpDispatcher } from './library/dispatcher.js';
export {
  followEvents,
  type EventSource,
  type FollowEventsOptions,
  type SourceRules,
  type StateMeaning,
  type Update,
} from './library/follow-events.js';
export type { EventStream } from './stream/event-stream.js';
