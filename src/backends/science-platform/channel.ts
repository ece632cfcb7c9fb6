/**
 * Passes values from several producers to one consumer, one at a time: a producer waits until its value is taken.
 */
export class Channel<T> {
  readonly #waiting: { value: T; taken: () => void }[] = [];
  #wake: () => void = () => undefined;
  #isClosed = false;

  /** Resolves when the value was taken, or the channel is closed. */
  put(value: T): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ value, taken: resolve });
      this.#wake();
    });
  }

  /** The next value; null if the channel is closed and empty, or the signal aborts. */
  async take(signal: AbortSignal): Promise<T | null> {
    while (this.#waiting.length === 0 && !this.#isClosed && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done);
          resolve();
        };
        this.#wake = done;
        signal.addEventListener('abort', done, { once: true });
      });
    }
    if (signal.aborted) return null;
    const next = this.#waiting.shift();
    next?.taken();
    return next?.value ?? null;
  }

  /** No more values are accepted; those that wait can still be taken. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
    for (const { taken } of this.#waiting) taken();
  }
}
