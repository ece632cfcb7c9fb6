/**
 * Detects a create that can never succeed: the server fails on it each time, for example on an image reference that it
 * cannot parse (contract, "Refusals"). Which response means that is decided in the backend.
 */
import type { Clock } from '../../runtime/context.js';
import type { Lab } from '../../model/lab.js';
import type { Outcome } from '../../model/outcome.js';
import { askedWait, outcomeOf, type Failure } from '../../model/result.js';
import type { ImageChoice } from '../../model/lab-request.js';

/** A create is not repeated after this many such responses, over at least this time in milliseconds. */
const hopelessResponses = 5;
const hopelessAfter = 60_000;

export class HopelessCreate {
  readonly #clock: Clock;
  readonly #image: ImageChoice;
  /** The number of such responses, and the times of the first and the last one. */
  #responses = 0;
  #firstAt = 0;
  #lastAt = 0;

  constructor(clock: Clock, image: ImageChoice) {
    this.#clock = clock;
    this.#image = image;
  }

  /** Records a failed create. */
  note(failure: Failure): void {
    if (failure.stumbled !== true) {
      this.#responses = 0;
      return;
    }
    this.#lastAt = this.#clock.monotonic();
    if (this.#responses === 0) this.#firstAt = this.#lastAt;
    this.#responses += 1;
  }

  /** Whether the limit is reached; the state may still show that there is a lab. */
  get isDue(): boolean {
    return this.#responses >= hopelessResponses && this.#lastAt - this.#firstAt >= hopelessAfter;
  }

  /** The wait before the next create, shortened so that it is sent as soon as it may be the last one. */
  shorten(wait: number, failure: Failure): number {
    if (this.isDue) return 0;
    const left = this.#firstAt + hopelessAfter - this.#lastAt;
    return this.#responses > 0 && askedWait(failure) === null && left > 0 ? Math.min(wait, left) : wait;
  }

  /** Considers the state after the failed create; an outcome if another attempt is pointless. */
  verdict(failure: Failure, lab: Lab | null): Outcome | null {
    if (lab !== null) this.#responses = 0;
    if (!this.isDue) return null;
    const [image] = Object.values(this.#image) as [string];
    const seconds = Math.round((this.#lastAt - this.#firstAt) / 1000);
    const message =
      `${failure.error.message}, ${this.#responses} times in ${seconds} s, and there is no lab. ` +
      `The image was ${image}`;
    const hint = 'The controller may be unable to parse the image reference. Check it, or try another image.';
    return outcomeOf({ ...failure, error: { ...failure.error, type: 'create_failed', message, hint } });
  }
}
