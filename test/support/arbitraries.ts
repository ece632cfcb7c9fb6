/**
 * Generators of possible wire data, for property-based tests.
 */
import fc from 'fast-check';
import type { Event } from '../../src/model/event.js';
import { eventTypes } from '../../src/model/event-types.js';

/** Any string of UTF-16 units: control characters, lone surrogates and all. */
export const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);

export const anyEvent: fc.Arbitrary<Event> = fc.record(
  {
    type: fc.constantFrom(...eventTypes),
    message: anyText,
    progress: fc.option(fc.integer({ min: 1, max: 100 })),
  },
  { noNullPrototype: true },
);

/** Bytes cut at random places. */
export function slicings(bytes: Uint8Array): fc.Arbitrary<Uint8Array[]> {
  return fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 20 }).map((cuts) => {
    const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
    return places.slice(1).map((place, i) => bytes.subarray(places[i], place));
  });
}
