import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decode } from '../../../src/backends/nublado/decode.js';
import { anyText } from '../../support/arbitraries.js';

describe('decode', () => {
  it('takes the type from the event name, whatever the payload says', () => {
    assert.deepEqual(decode({ event: 'info', data: '{"type": "failed", "message": "m", "progress": 5}' }), {
      kind: 'event',
      event: { type: 'info', message: 'm', progress: 5 },
    });
  });

  it('knows the ping event of older controllers', () => {
    assert.deepEqual(decode({ event: 'ping', data: '2026-11-24' }), { kind: 'ping' });
  });

  const broken: [string, string | null, string, RegExp][] = [
    ['no name', null, '{"message": "m"}', /no event name/],
    ['an unknown type', 'progress', '{"message": "m"}', /unknown event type "progress"/],
    ['a type in another case', 'Info', '{"message": "m"}', /unknown event type "Info"/],
    ['no JSON', 'info', '{nope', /not JSON/],
    ['no data', 'info', '', /not JSON/],
    ['an array', 'info', '[]', /not a JSON object/],
    ['null', 'info', 'null', /not a JSON object/],
    ['no message', 'info', '{"progress": 5}', /^message: /],
    ['a number as the message', 'info', '{"message": 5}', /^message: /],
    ['progress 0', 'info', '{"message": "m", "progress": 0}', /^progress: /],
    ['progress 101', 'info', '{"message": "m", "progress": 101}', /^progress: /],
    ['progress 1.5', 'info', '{"message": "m", "progress": 1.5}', /^progress: /],
    ['progress as text', 'info', '{"message": "m", "progress": "50"}', /^progress: /],
    ['progress NaN', 'info', '{"message": "m", "progress": NaN}', /not JSON/],
  ];
  for (const [name, event, data, reason] of broken) {
    it(`explains why ${name} is not an Event`, () => {
      const decoded = decode({ event, data });
      assert.equal(decoded.kind, 'invalid');
      assert.match(decoded.reason, reason);
    });
  }

  it('recognises an invalid complete or failed by its name', () => {
    const decoded = decode({ event: 'failed', data: 'nope' });
    assert.deepEqual(decoded, { kind: 'invalid', reason: 'the data is not JSON', type: 'failed' });
  });

  it('takes the last of duplicate keys, as the controller does', () => {
    const decoded = decode({ event: 'info', data: '{"message": "a", "message": "b"}' });
    assert.deepEqual(decoded, { kind: 'event', event: { type: 'info', message: 'b', progress: null } });
  });

  it('takes a whole number however it is written', () => {
    for (const written of ['50', '50.0', '5e1', '500E-1']) {
      const decoded = decode({ event: 'info', data: `{"message": "m", "progress": ${written}}` });
      assert.deepEqual(decoded, { kind: 'event', event: { type: 'info', message: 'm', progress: 50 } });
    }
  });

  for (const progress of ['1e999', '-1e999', '-5', '-0', '1e-999', 'true', '[]', '{}', '""', '50.000001']) {
    it(`takes no progress of ${progress}`, () => {
      const decoded = decode({ event: 'failed', data: `{"message": "m", "progress": ${progress}}` });
      assert.equal(decoded.kind, 'invalid');
      assert.equal(decoded.type, 'failed');
    });
  }

  it('keeps every message as it is, whatever it holds', () => {
    for (const message of ['\0', '\ufeff', '\ud800', '\udc00\ud800', '__proto__', '\u2028', '"', '\\']) {
      const decoded = decode({ event: 'info', data: JSON.stringify({ message }) });
      assert.deepEqual(decoded, { kind: 'event', event: { type: 'info', message, progress: null } });
    }
  });

  it('takes nothing from the keys that objects inherit by', () => {
    const inherited = '"__proto__": {"message": "m", "progress": 5}, "constructor": {"message": "m"}';
    assert.equal(decode({ event: 'info', data: `{${inherited}}` }).kind, 'invalid');
    assert.deepEqual(decode({ event: 'info', data: `{${inherited}, "message": "own"}` }), {
      kind: 'event',
      event: { type: 'info', message: 'own', progress: null },
    });
  });

  describe('with data too large to be parsed whole', () => {
    const more = `"more": "${'x'.repeat(100_000)}"`;

    it('finds the same event', () => {
      const event = { type: 'info', message: 'a "b" \\', progress: 50 };
      for (const data of [
        `{"message": "a \\"b\\" \\\\", "progress": 50.0, ${more}}`,
        `{${more}, "message": "first", "progress": 7, "message": "a \\"b\\" \\\\", "progress": 50}`,
        ` {"more": [{"message": "nested"}, "}"], ${more}, "message" : "a \\"b\\" \\\\" , "progress" : 50 } `,
      ]) {
        assert.deepEqual(decode({ event: 'info', data }), { kind: 'event', event });
      }
    });

    it('agrees on invalid frames', () => {
      for (const [data, reason] of [
        [`{${more}`, /not JSON/],
        [`[{${more}}]`, /not JSON/],
        [`{${more}, "message": nope}`, /not JSON/],
        [`{${more}}`, /^message: /],
        [`{${more}, "message": {"a": 1}}`, /^message: /],
        [`{${more}, "message": "m", "progress": NaN}`, /not JSON/],
        [`{${more}, "message": "m", "progress": [50]}`, /^progress: /],
      ] as const) {
        const decoded = decode({ event: 'info', data });
        assert.equal(decoded.kind, 'invalid');
        assert.match(decoded.reason, reason);
      }
    });
  });

  it('survives JSON nested a million deep', () => {
    const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000);
    const decoded = decode({ event: 'info', data: `{"message": ${deep}}` });
    assert.equal(decoded.kind, 'invalid');
    assert.equal(decode({ event: 'info', data: `{"message": "m", "more": ${deep}}` }).kind, 'event');
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.option(anyText), fc.oneof(anyText, fc.json()), (event, data) => {
        decode({ event, data });
        decode({ event: 'info', data });
      }),
      { numRuns: 2000 },
    );
  });
});
