/**
 * The floor that hostile bytes reach first: frames and their decoding, fed with anything.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { eventTypes } from '../../src/model/event-types.js';
import { decode } from '../../src/backends/nublado/decode.js';
import { createFrameReader, type FrameItem } from '../../src/stream/frames.js';
import { slicings } from '../support/arbitraries.js';
import { bodyOf, streamCaptures } from '../support/captures.js';

function read(chunks: Iterable<Uint8Array>, limit?: number): FrameItem[] {
  const reader = createFrameReader(limit);
  const items: FrameItem[] = [];
  for (const chunk of chunks) for (const item of reader.push(chunk)) items.push(item);
  return [...items, ...reader.end()];
}

/** Bytes of which many mean something: pieces of frames, pieces of UTF-8, and anything. */
const anyBytes: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'data',
        'event',
        'id',
        'retry',
        ':',
        ': ',
        '\r',
        '\n',
        '\r\n',
        '\n\n',
        '{"message": "',
        '"}',
      ),
      fc.constantFrom(
        'data: {"message": "m", "progress": 5}\r\n',
        'event: failed\r\n',
        '\ufeff',
        '€',
        '😀',
        '\0',
      ),
      fc.uint8Array({ maxLength: 12 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part as string))));

/** A captured stream in which a few bytes were changed, lost, doubled or put in. */
const mutated: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.constantFrom(...streamCaptures.map((capture) => Buffer.from(bodyOf(capture)))),
    fc.array(
      fc.record({
        how: fc.constantFrom('change', 'lose', 'double', 'put in'),
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        length: fc.integer({ min: 1, max: 40 }),
        byte: fc.integer({ min: 0, max: 255 }),
      }),
      { minLength: 1, maxLength: 8 },
    ),
  )
  .map(([body, mutations]) =>
    mutations.reduce<Buffer>((bytes, { how, at, length, byte }) => {
      const place = Math.floor(at * bytes.length);
      const before = bytes.subarray(0, place);
      const behind = bytes.subarray(place);
      switch (how) {
        case 'change':
          return Buffer.concat([before, Buffer.of(byte), behind.subarray(1)]);
        case 'lose':
          return Buffer.concat([before, behind.subarray(length)]);
        case 'double':
          return Buffer.concat([before, behind.subarray(0, length), behind]);
        default:
          return Buffer.concat([before, Buffer.alloc(length, byte), behind]);
      }
    }, body),
  );

const sliced = (bytes: fc.Arbitrary<Uint8Array>) =>
  bytes.chain((body) => fc.tuple(fc.constant(body), slicings(body)));

/** Holds for every decoded frame: either an Event as the model defines it, or a reason why it is invalid. */
function assertDecodes(items: readonly FrameItem[]): void {
  for (const item of items) {
    if (item.kind !== 'frame') continue;
    const decoded = decode(item.frame);
    if (decoded.kind === 'invalid') {
      assert.notEqual(decoded.reason, '');
    } else if (decoded.kind === 'event') {
      const { type, message, progress } = decoded.event;
      assert.ok(eventTypes.includes(type));
      assert.equal(typeof message, 'string');
      assert.ok(progress === null || (Number.isInteger(progress) && progress >= 1 && progress <= 100));
    }
  }
}

describe('the frame reader and the decoder, on anything', () => {
  for (const [name, bytes, limit] of [
    ['bytes', anyBytes, undefined],
    ['bytes, with a small limit', anyBytes, 30],
    ['mutated captures', mutated, undefined],
    ['mutated captures, with a small limit', mutated, 60],
  ] as const) {
    it(`never throw, and read the same from every slicing: ${name}`, () => {
      fc.assert(
        fc.property(sliced(bytes), ([body, chunks]) => {
          const items = read([body], limit);
          assert.deepEqual(read(chunks, limit), items);
          assertDecodes(items);
        }),
        { numRuns: 2000 },
      );
    });
  }

  it('read every byte alone as they read all together', () => {
    fc.assert(
      fc.property(fc.oneof(anyBytes, mutated), (body) => {
        assert.deepEqual(read([...body].map((byte) => Uint8Array.of(byte))), read([body]));
      }),
      { numRuns: 500 },
    );
  });

  it('continue after any earlier input', () => {
    const frame = { kind: 'frame', frame: { event: 'info', data: '{"message": "m"}' } };
    const behind = Buffer.from('\r\n\r\nevent: info\r\ndata: {"message": "m"}\r\n\r\n');
    fc.assert(
      fc.property(fc.oneof(anyBytes, mutated), (body) => {
        assert.deepEqual(read([body, behind]).at(-1), frame);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the memory of a frame reader', () => {
  const limit = 1024 * 1024;
  const chunk = 64 * 1024;
  const total = 48 * limit;

  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };

  const endless: [string, string, string][] = [
    ['a line of data', 'data: ', 'x'],
    ['a comment', ': ', 'x'],
    ['an event name', 'event: ', 'x'],
    ['a field that nobody knows', '', 'x'],
    ['an id', 'id: ', '1'],
    ['lines of data', '', 'data: x\n'],
    ['empty lines of data', '', 'data\n'],
    ['event names', '', 'event: info\n'],
    ['comments', '', ': ping\n'],
    ['empty lines', '', '\r\n'],
    ['frames', '', 'event: info\ndata: {"message": "m"}\n\n'],
    ['broken UTF-8', 'data: ', '\xff\xfe'],
  ];
  for (const [name, beginning, part] of endless) {
    it(`is bounded for ${name} without end`, () => {
      const reader = createFrameReader(limit);
      const body = Buffer.alloc(chunk, part, 'latin1');
      reader.push(Buffer.from(beginning));
      const before = used();
      let most = 0;
      for (let sent = 0, round = 0; sent < total; sent += chunk, round++) {
        reader.push(body);
        if (round % 128 === 127) most = Math.max(most, used() - before);
      }
      // Strings of two bytes per unit, and the parser's own copy of what it has not parsed yet.
      assert.ok(most < 8 * limit, `${Math.round(most / 1024)} KiB`);
      reader.end();
    });
  }
});
