import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decode } from '../../src/stream/decode.js';
import { anyText } from '../support/arbitraries.js';

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
    it(`says why ${name} is no Event`, () => {
      const decoded = decode({ event, data });
      assert.equal(decoded.kind, 'invalid');
      assert.match(decoded.reason, reason);
    });
  }

  it('tells a broken complete or failed by its name', () => {
    const decoded = decode({ event: 'failed', data: 'nope' });
    assert.deepEqual(decoded, { kind: 'invalid', reason: 'the data is not JSON', type: 'failed' });
  });

  it('takes the last of duplicate keys, as the controller does', () => {
    const decoded = decode({ event: 'info', data: '{"message": "a", "message": "b"}' });
    assert.deepEqual(decoded, { kind: 'event', event: { type: 'info', message: 'b', progress: null } });
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
