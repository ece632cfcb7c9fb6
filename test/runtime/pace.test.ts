import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pace } from '../../src/runtime/pace.js';
import { FakeClock } from '../support/clock.js';

function setUp() {
  const clock = new FakeClock();
  const pace = new Pace(clock, 1000);
  const taken: number[] = [];
  const take = (signal = new AbortController().signal): Promise<void> =>
    pace.turn(signal).then(() => {
      taken.push(clock.monotonic());
    });
  /** Moves on, a quarter of a second at a time, and lets happen what follows. */
  const goOn = async (ms: number): Promise<void> => {
    for (let passed = 0; passed <= ms; passed += 250) {
      await new Promise(setImmediate);
      if (passed < ms) clock.advance(250);
    }
  };
  return { clock, pace, taken, take, goOn };
}

describe('a pace', () => {
  it('gives the first turn at once, and each that is wanted a second after the one before', async () => {
    const { taken, take, goOn, pace } = setUp();
    void take();
    void take();
    void take();
    await goOn(5000);
    assert.deepEqual(taken, [0, 1000, 2000]);
    assert.equal(pace.wait, 0);
    void take();
    await goOn(250);
    assert.deepEqual(taken, [0, 1000, 2000, 5000]);
    assert.equal(pace.wait, 750);
  });

  it('does not count a turn that was given up', async () => {
    const { taken, take, goOn, clock } = setUp();
    void take();
    const abort = new AbortController();
    void take(abort.signal);
    await goOn(500);
    abort.abort();
    await goOn(0);
    assert.deepEqual(taken, [0, 500]);
    void take();
    await goOn(1000);
    assert.deepEqual(taken, [0, 500, 1000]);
    assert.equal(clock.pending, 0);
  });
});
