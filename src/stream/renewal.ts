/**
 * When an open stream is given up for a new one, although nothing is wrong with the connection: the lab's state is
 * `failed`, and the stream neither shows an end nor anything new.
 *
 * A stream may be open and yet bring nothing any more. Every connection repeats the whole queue, so a new one decides. Owns
 * also what is known of a stream that sends nothing at all.
 */
import type { Clock } from '../runtime/context.js';
import type { Phase } from '../model/lab.js';

/** Nothing new for this long contradicts a `failed` state, in milliseconds. */
const silence = 30_000;

/** A queue that has events sends them at once; without one for this long it has none, in milliseconds. */
const settled = 2_000;

export class Renewal {
  readonly #clock: Clock;
  /** Gives up the stream; null while none is open. */
  #giveUp: (() => void) | null = null;
  #isDue = false;
  #isRenewed = false;
  #openedAt = 0;
  #newsAt = 0;
  /** Since when streams have been open that sent no frame; null once one has. */
  #emptySince: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the stream was given up for a new one. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** A stream is open, which `giveUp` closes. Returns whether it only renews another one, which concerns nobody. */
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

  /** The new stream could not be opened: the next one is opened for another reason. */
  cancel(): void {
    this.#isDue = false;
  }

  /** For how long the stream has been open without a single frame, in milliseconds; null where that is not so. */
  get emptyFor(): number | null {
    if (this.#giveUp === null || this.#emptySince === null) return null;
    const now = this.#clock.monotonic();
    const isSure = this.#isRenewed && now - this.#openedAt >= settled;
    return isSure ? now - this.#emptySince : Math.min(now - this.#emptySince, silence - 1);
  }

  /**
   * The lab's state is this: gives up a stream that contradicts it for too long. Returns in how many milliseconds the
   * state will matter again; null where nobody knows.
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
