/**
 * Delivers inputs that arrive while a generator waits for something else.
 */
import type { Input } from '../model/reducer.js';

/** Inputs that arrived together. */
export type Batch = readonly Input[];

/** A generator that yields batches to its consumer before it returns a result. */
export type Yielding<T> = AsyncGenerator<Batch, T, undefined>;

export class Arrivals {
  #inputs: Input[] = [];
  #onArrival: () => void = () => undefined;

  /** Whether the consumer has not taken everything yet. */
  get areWaiting(): boolean {
    return this.#inputs.length > 0;
  }

  add(input: Input): void {
    this.#inputs.push(input);
    this.#onArrival();
  }

  /** Waits for the work, and yields what arrives in the meantime. */
  async *during<T>(work: Promise<T>): Yielding<T> {
    const progress = { isDone: false };
    const onDone = (): void => {
      progress.isDone = true;
      this.#onArrival();
    };
    work.then(onDone, onDone);
    for (;;) {
      if (this.#inputs.length > 0) {
        const arrived = this.#inputs;
        this.#inputs = [];
        yield arrived;
      } else if (progress.isDone) {
        return work;
      } else {
        await new Promise<void>((resolve) => {
          this.#onArrival = resolve;
        });
      }
    }
  }
}
