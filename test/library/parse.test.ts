/**
 * Checks of values from outside, as another program does them: a typed value or a reason, and never an exception.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import * as api from '../../src/index.js';

const { eventTypes, isEventType, parseEvent, parseLabState } = api;

describe('parseEvent', () => {
  it('returns the Event, or where and why the value is not one', () => {
    assert.deepEqual(parseEvent({ type: 'complete', message: 'done' }), {
      ok: true,
      value: { type: 'complete', message: 'done', progress: null },
    });
    const reasons = [null, [], { type: 'nonsense', message: '' }, { type: 'info' }].map((value) => {
      const parsed = parseEvent(value);
      return parsed.ok ? 'ok' : parsed.reason;
    });
    assert.deepEqual(reasons, [
      'Invalid input: expected object, received null',
      'Invalid input: expected object, received array',
      'type: Invalid option: expected one of "complete"|"error"|"failed"|"info"',
      'message: Invalid input: expected string, received undefined',
    ]);
  });

  it('repeats no value in a reason, because it may be a secret', () => {
    const parsed = parseEvent({ type: 'gt-secret', message: 'gt-secret', progress: 'gt-secret' });
    assert.equal(parsed.ok, false);
    assert.doesNotMatch(parsed.reason, /secret/);
  });
});

describe('parseLabState', () => {
  it('keeps fields and statuses that are not known', () => {
    const value = { status: 'hibernating', internal_url: null, quota: { cpu: 1 } };
    assert.deepEqual(parseLabState(value), { ok: true, value });
  });

  it('says where the value does not fit', () => {
    assert.deepEqual(parseLabState({ status: 'running', user: { username: 1 } }), {
      ok: false,
      reason: 'user.username: Invalid input: expected string, received number',
    });
  });
});

describe('the public API', () => {
  it('never throws for a value from outside', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withNullPrototype: true, withSparseArray: true }),
        (value) => {
          for (const parsed of [parseEvent(value), parseLabState(value)])
            assert.equal(typeof parsed.ok, 'boolean');
        },
      ),
    );
  });

  it('lists the types of events', () => {
    assert.deepEqual(eventTypes, ['complete', 'error', 'failed', 'info']);
    assert.ok(eventTypes.every(isEventType));
    assert.ok(!isEventType('ping'));
  });

  it('exports functions and lists, and no schema', () => {
    assert.deepEqual(Object.keys(api).sort(), [
      'HubClient',
      'LabClient',
      'UsageError',
      'createFrameReader',
      'decode',
      'eventJsonSchema',
      'eventTypes',
      'exitCode',
      'followEvents',
      'isDone',
      'isEventType',
      'parseEvent',
      'parseLabState',
      'toSse',
    ]);
  });
});
