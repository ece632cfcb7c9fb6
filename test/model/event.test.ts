import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { eventJsonSchema, isDone, parseEvent, toSse, type Event } from '../../src/model/event.js';
import { eventTypes } from '../../src/model/event-types.js';
import { createFrameReader } from '../../src/stream/frames.js';
import { decode } from '../../src/backends/nublado/decode.js';
import { anyEvent, anyText } from '../support/arbitraries.js';
import { bodyOf, eventSchema, streamCaptures } from '../support/captures.js';

describe('Event', () => {
  it('defaults progress to null and ignores unknown keys', () => {
    assert.deepEqual(parseEvent({ type: 'info', message: '', extra: 1 }), {
      ok: true,
      value: { type: 'info', message: '', progress: null },
    });
  });

  for (const progress of [0, -1, 101, 1.5, '50', NaN, Infinity, true, [5]]) {
    it(`refuses progress ${JSON.stringify(progress)}`, () => {
      const parsed = parseEvent({ type: 'info', message: 'm', progress });
      assert.match(parsed.ok ? '' : parsed.reason, /^progress: ./);
    });
  }

  it('accepts the ends of the range', () => {
    for (const progress of [1, 100, null]) {
      const event = { type: 'info', message: 'm', progress };
      assert.deepEqual(parseEvent(event), { ok: true, value: event });
    }
  });

  it('is done when it is complete or failed, and only then', () => {
    const done = eventTypes.filter((type) => isDone({ type, message: '', progress: null }));
    assert.deepEqual(done, ['complete', 'failed']);
  });

  it("has the controller's JSON Schema", () => {
    assert.deepEqual(bare(eventJsonSchema()), bare(eventSchema));
  });
});

describe('toSse', () => {
  it('writes ASCII, with the separators of the controller', () => {
    assert.equal(
      toSse({ type: 'info', message: 'é"\\\u007f\n😀\ud800', progress: 30 }),
      'event: info\r\ndata: {"message": "\\u00e9\\"\\\\\\u007f\\n\\ud83d\\ude00\\ud800", "progress": 30}\r\n\r\n',
    );
  });

  it('omits a missing progress', () => {
    assert.equal(
      toSse({ type: 'complete', message: '', progress: null }),
      'event: complete\r\ndata: {"message": ""}\r\n\r\n',
    );
  });

  it('is always one frame of printable ASCII, and decodes to the same Event', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const text = toSse(event);
        assert.match(text, /^event: [a-z]+\r\ndata: [ -~]*\r\n\r\n$/);
        assert.deepEqual(decodeAll(text), [event]);
      }),
      { numRuns: 2000 },
    );
  });

  it('survives whatever the message looks like inside the frame', () => {
    fc.assert(
      fc.property(fc.array(anyEvent), anyText, (events, message) => {
        const all = [...events, { type: 'failed' as const, message, progress: null }];
        assert.deepEqual(decodeAll(all.map(toSse).join('')), all);
      }),
    );
  });

  it('gives every captured event its bytes back', () => {
    let frames = 0;
    for (const capture of streamCaptures) {
      for (const frame of bodyOf(capture).match(/event: .*\r\ndata: .*\r\n\r\n/g) ?? []) {
        const [event, ...more] = decodeAll(frame);
        assert.ok(event !== undefined && more.length === 0, `${capture.name}: ${frame}`);
        assert.equal(toSse(event), frame);
        frames++;
      }
    }
    assert.ok(frames > 100, `only ${frames} frames were found`);
  });
});

function decodeAll(text: string): Event[] {
  const reader = createFrameReader();
  const items = [...reader.push(Buffer.from(text)), ...reader.end()];
  return items.map((item) => {
    assert.equal(item.kind, 'frame');
    const decoded = decode(item.frame);
    assert.equal(decoded.kind, 'event');
    return decoded.event;
  });
}

/** A schema without what says nothing about values: titles, descriptions, `$schema` and one-element `allOf`s. */
function bare(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(bare);
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key, value]) => {
    const annotation = (key === 'title' || key === 'description') && typeof value === 'string';
    return !annotation && key !== '$schema';
  });
  const [only] = kept;
  if (kept.length === 1 && only?.[0] === 'allOf' && Array.isArray(only[1]) && only[1].length === 1) {
    return bare(only[1][0]);
  }
  return Object.fromEntries(kept.map(([key, value]) => [key, bare(value)]));
}
