/** Time limits on a clock that a test moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDeadline } from '../../src/runtime/deadline.js';
import { FakeClock } from '../support/clock.js';

test('a deadline is over though rounding leaves a rest that no clock can show', () => {
  const [begun, ms] = [5547.41, 59_993.123];
  const rest = ms - (begun + ms - begun);
  assert.ok(rest > 0 && begun + ms + rest === begun + ms);

  const clock = new FakeClock();
  clock.advance(begun);
  // A timer that is set again for the same moment would be set endlessly.
  let set = 0;
  const counting = {
    monotonic: () => clock.monotonic(),
    now: () => clock.now(),
    after: (left: number, callback: () => void) => {
      assert.ok(++set < 10, 'set again and again');
      return clock.after(left, callback);
    },
  };
  const deadline = startDeadline(counting, ms, new AbortController().signal);
  clock.advance(ms);
  assert.equal(deadline.expired, true);
});
