import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Failure } from '../../src/model/result.js';
import { Retry } from '../../src/runtime/retry.js';
import { FakeClock } from '../support/clock.js';

const failure = (over: Partial<Failure>): Failure => ({
  kind: 'unknown',
  error: { type: 't', message: 'm', status: null, hint: null },
  retry: 'later',
  effect: 'none',
  from: 'nobody',
  ...over,
});
const nobody = failure({});
const cut = failure({ effect: 'possible' });
const certificate = failure({ from: 'other' });
const overloaded = failure({ from: 'server' });
const refusal = failure({ kind: 'unauthorized', from: 'server', retry: 'never' });

function setUp({ reached = false, left = null as number | null, random = 1 } = {}) {
  const clock = new FakeClock();
  return { clock, retry: new Retry({ clock, random: () => random, contact: { reached }, left: () => left }) };
}

describe('retries', () => {
  it('wait from 0.5 s, doubling to 15 s, with full jitter', () => {
    const { retry } = setUp({ reached: true });
    const waits = Array.from({ length: 8 }, () => retry.after(nobody));
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    assert.equal(setUp({ reached: true, random: 0 }).retry.after(nobody), 0);
    retry.reset();
    assert.deepEqual([retry.attempts, retry.after(nobody), retry.attempts], [0, 500, 1]);
  });

  it('are none after a refusal, reached before or not', () => {
    for (const reached of [true, false]) assert.equal(setUp({ reached }).retry.after(refusal), null);
  });

  it('look for a controller that was never reached for five seconds in all', () => {
    const { clock, retry } = setUp();
    let wait = retry.after(nobody);
    while (wait !== null) {
      clock.advance(wait);
      wait = retry.after(nobody);
    }
    assert.equal(clock.monotonic(), 5000);
  });

  it('count a gateway whose controller is away as somebody who is there', () => {
    for (const status of [502, 503, 504]) {
      const { clock, retry } = setUp();
      assert.equal(retry.after({ ...overloaded, error: { ...overloaded.error, status } }), 500);
      assert.equal(retry.after(nobody), 1000);
      clock.advance(60_000);
      assert.equal(retry.after(nobody), 2000);
    }
    // A response from an intermediate proxy is not a response from the controller.
    const { clock, retry } = setUp();
    const proxy = failure({ error: { ...nobody.error, status: 503 } });
    assert.equal(retry.after(proxy), 500);
    clock.advance(60_000);
    assert.equal(retry.after(proxy), null);
  });

  it('give up at once on a bad certificate or another server, unless the controller was there before', () => {
    assert.equal(setUp().retry.after(certificate), null);
    assert.equal(setUp({ reached: true }).retry.after(certificate), 500);
  });

  it('retry a server that responds with errors', () => {
    for (const trouble of [overloaded, cut]) {
      const { clock, retry } = setUp();
      clock.advance(60_000);
      assert.equal(retry.after(trouble), 500);
    }
  });

  it('heed Retry-After, and end where it lies past the deadline', () => {
    const { retry } = setUp({ left: 10_000 });
    assert.equal(retry.after({ ...overloaded, retry: { afterMs: 7000 } }), 7000);
    assert.equal(retry.after({ ...overloaded, retry: { afterMs: 10 } }), 1000);
    assert.equal(retry.after({ ...overloaded, retry: { afterMs: 10_001 } }), null);
    assert.equal(setUp().retry.after({ ...overloaded, retry: { afterMs: 1e9 } }), 1e9);
  });
});
