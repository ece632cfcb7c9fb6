import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobControl } from '../../src/runtime/context.js';
import { startDeadline } from '../../src/runtime/deadline.js';
import { watchForWake } from '../../src/runtime/wake.js';
import { FakeClock } from '../support/clock.js';
import { fakeContext } from '../support/context.js';

/** A clock whose process can be suspended: time continues, and timers fire when the process wakes. */
class SleepyClock extends FakeClock {
  #slept = 0;
  #frozen = 0;

  override now(): number {
    return super.now() + this.#slept + this.#frozen;
  }
  override monotonic(): number {
    return super.monotonic() + this.#frozen;
  }
  /** With the whole machine: the monotonic clock stands still. */
  sleepWithMachine(ms: number): void {
    this.#slept += ms;
  }
  /** Stopped by the shell: the monotonic clock continues, and no timer fires. */
  freeze(ms: number): void {
    this.#frozen += ms;
  }
}

describe('a sleep', () => {
  it('is noticed when the machine wakes, and when the shell continues the process', () => {
    const clock = new SleepyClock();
    let resume = (): void => undefined;
    const jobs: JobControl = {
      ...fakeContext().jobs,
      subscribe: (handlers) => {
        resume = () => {
          handlers.resume?.();
        };
        return () => undefined;
      },
    };
    const slept: number[] = [];
    const stop = watchForWake({ clock, jobs }, (ms) => slept.push(ms));
    clock.advance(60_000);
    assert.deepEqual(slept, []);
    clock.sleepWithMachine(600_000);
    clock.advance(5_000);
    assert.deepEqual(slept, [600_000]);
    clock.freeze(30_000);
    resume();
    assert.deepEqual(slept, [600_000, 30_000]);
    clock.advance(5_000);
    assert.equal(slept.length, 2);
    // A busy machine is late by as much as that, but not by more.
    clock.sleepWithMachine(2_000);
    clock.advance(5_000);
    assert.equal(slept.length, 2);
    clock.sleepWithMachine(2_001);
    clock.advance(5_000);
    assert.deepEqual(slept, [600_000, 30_000, 2_001]);
    stop();
    assert.equal(clock.pending, 0);
  });
});

describe('a deadline that was slept through', () => {
  it('leaves a second to read what arrived meanwhile, once', () => {
    const clock = new SleepyClock();
    const deadline = startDeadline(clock, 10_000, new AbortController().signal);
    clock.freeze(60_000);
    assert.equal(deadline.left(), 0);
    clock.advance(10_000);
    assert.equal(deadline.expired, false);
    clock.advance(1_000);
    assert.equal(deadline.expired, true);
  });

  it('continues if data arrived in that second', () => {
    const clock = new SleepyClock();
    const deadline = startDeadline(clock, 10_000, new AbortController().signal);
    clock.freeze(60_000);
    clock.advance(10_000);
    deadline.touch();
    clock.advance(9_000);
    assert.equal(deadline.expired, false);
    clock.advance(1_000);
    assert.equal(deadline.expired, true);
  });

  it('leaves as much as somebody still needs', () => {
    const clock = new SleepyClock();
    const deadline = startDeadline(clock, 10_000, new AbortController().signal);
    clock.advance(5_000);
    deadline.atLeast(1_000);
    assert.equal(deadline.left(), 5_000);
    clock.after(3_000, () => {
      deadline.atLeast(1_000);
    });
    // Stopped from before that timer until after the deadline, by less than would be noticed.
    clock.freeze(5_100);
    clock.advance(3_000);
    assert.equal(deadline.left(), 1_000);
    clock.advance(999);
    assert.equal(deadline.expired, false);
    clock.advance(1);
    assert.equal(deadline.expired, true);
  });

  it('can be shortened until it is touched', () => {
    const clock = new FakeClock();
    const deadline = startDeadline(clock, 10_000, new AbortController().signal);
    deadline.shorten(2_000);
    clock.advance(1_999);
    deadline.touch();
    clock.advance(9_999);
    assert.equal(deadline.expired, false);
    deadline.shorten(5_000);
    clock.advance(1);
    assert.equal(deadline.expired, true);
  });
});
