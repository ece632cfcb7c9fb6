/**
 * The library face: what another Node program may import.
 */
export { Event, EventType, eventJsonSchema, isDone, toSse } from './model/event.js';
export { LabState } from './model/lab.js';
export { decode, type Decoded } from './stream/decode.js';
export { createFrameReader, type FrameItem, type FrameReader } from './stream/frames.js';
