/**
 * Notices a create that can never succeed: the controller answers it with a bare 500, for ever, where it cannot parse the
 * reference of the image (contract, "Refusals").
 */
import type { Clock } from '../../runtime/context.js';
import type { Lab } from '../../model/lab.js';
import type { Outcome } from '../../model/outcome.js';
import { outcomeOf, type Failure } from '../../model/result.js';
import type { ImageChoice } from '../../model/lab-request.js';

/** A create that is answered like this so often, for so long in milliseconds, is not worth repeating. */
const hopelessResponses = 5;
const hopelessAfter = 60_000;

export class HopelessCreate {
  readonly #clock: Clock;
  readonly #image: ImageChoice;
  /** How many such responses there were, when the first and the last one came. */
  #responses = 0;
  #firstAt = 0;
  #lastAt = 0;

  constructor(clock: Clock, image: ImageChoice) {
    this.#clock = clock;
    this.#image = image;
  }

  /** Takes a failed create as it comes, and returns the wait after it: none where it is one too many, as far as this knows. */
  note(failure: Failure, wait: number): number {
    if (!isBareError(failure)) {
      this.#responses = 0;
      return wait;
    }
    this.#lastAt = this.#clock.monotonic();
    if (this.#responses === 0) this.#firstAt = this.#lastAt;
    this.#responses += 1;
    if (this.#isHopeless()) return 0;
    const left = this.#firstAt + hopelessAfter - this.#lastAt;
    return failure.retryAfter === null && left > 0 ? Math.min(wait, left) : wait;
  }

  /** Takes the state after it; an outcome where there is no use in trying again. */
  verdict(failure: Failure, lab: Lab | null): Outcome | null {
    if (lab !== null) this.#responses = 0;
    if (!this.#isHopeless()) return null;
    const [image] = Object.values(this.#image) as [string];
    const seconds = Math.round((this.#lastAt - this.#firstAt) / 1000);
    const message =
      `${failure.error.message}, ${this.#responses} times in ${seconds} s, and there is no lab. ` +
      `The image was ${image}`;
    const hint = 'The controller may be unable to parse the image reference. Check it, or try another image.';
    return outcomeOf({ ...failure, error: { ...failure.error, type: 'create_failed', message, hint } });
  }

  #isHopeless(): boolean {
    return this.#responses >= hopelessResponses && this.#lastAt - this.#firstAt >= hopelessAfter;
  }
}

function isBareError({ error, isPlainText }: Failure): boolean {
  return error.status === 500 && isPlainText === true;
}
