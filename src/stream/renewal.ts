/**
 * Decides when an open stream is replaced by a new one although its connection works: the lab's state is `failed`, and
 * the stream shows neither an end nor anything new.
 *
 * An open stream may never send anything again. Every connection repeats the whole queue, so a new one settles the
 * question. Also owns how long a stream has sent nothing at all.
 */
import type { Clock } from '../runtime/context.js';
import type { Phase } from '../model/lab.js';

/** Nothing new for this long contradicts a `failed` state, in milliseconds. */
const silence = 30_000;

/** A queue that has events sends them immediately; without one for this long it is empty, in milliseconds. */
const settled = 2_000;

export class Renewal {
  readonly #clock: Clock;
  /** Gives up the stream; null while none is open. */
  #giveUp: (() => void) | null = null;
  #isDue = false;
  #isRenewed = false;
  #openedAt = 0;
  #newsAt = 0;
  /** The time since which the open streams have sent no frame; null once one has. */
  #emptySince: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the stream was given up for a new one. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /**
   * A stream is open, which `giveUp` closes. Returns whether it only renews another one, which need not be reported.
   */
  opened(giveUp: () => void): boolean {
    this.#giveUp = giveUp;
    this.#openedAt = this.#newsAt = this.#clock.monotonic();
    this.#isRenewed = this.#isDue;
    this.#isDue = false;
    if (!this.#isRenewed || this.#emptySince === null) this.#emptySince = this.#openedAt;
    return this.#isRenewed;
  }

  frame(isNews: boolean): void {
    this.#emptySince = null;
    if (isNews) this.#newsAt = this.#clock.monotonic();
  }

  closed(): void {
    this.#giveUp = null;
  }

  /** The new stream could not be opened: the next one is not a renewal. */
  cancel(): void {
    this.#isDue = false;
  }

  /**
   * How long the stream has been open without a single frame, in milliseconds; null if it is not open, or has sent one.
   */
  get emptyFor(): number | null {
    if (this.#giveUp === null || this.#emptySince === null) return null;
    const now = this.#clock.monotonic();
    const isSure = this.#isRenewed && now - this.#openedAt >= settled;
    return isSure ? now - this.#emptySince : Math.min(now - this.#emptySince, silence - 1);
  }

  /**
   * Gives up a stream that has contradicted this state of the lab for too long. Returns in how many milliseconds the
   * state must be judged again; null if that is unknown.
   */
  judge(phase: Phase | undefined): number | null {
    if (phase !== 'failed' || this.#giveUp === null) return null;
    const now = this.#clock.monotonic();
    if (this.#isRenewed && this.#emptySince !== null && now - this.#openedAt < settled) {
      return this.#openedAt + settled - now;
    }
    if (now - this.#newsAt < silence) return this.#newsAt + silence - now;
    this.#isDue = true;
    this.#giveUp();
    return null;
  }
}
