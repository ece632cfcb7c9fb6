/**
 * A queue between producers that put and one consumer that iterates, whole batches at a time.
 *
 * It bounds nothing itself; a producer that reads from a network waits for `drained()` between reads, so at
 * most one chunk's worth of items is ever held.
 */
export interface Mailbox<T> extends AsyncIterable<readonly T[]> {
  put(item: T): void;
  /** Resolves when the consumer has done with everything put so far, or the mailbox is closed. */
  drained(): Promise<void>;
  /** Ends the iteration once the queue is empty. */
  close(): void;
}

export function createMailbox<T>(): Mailbox<T> {
  let queue: T[] = [];
  let busy = false;
  let closed = false;
  let wakeConsumer: (() => void) | null = null;
  let wakeProducers: (() => void)[] = [];

  function releaseProducers(): void {
    const waiting = wakeProducers;
    wakeProducers = [];
    for (const wake of waiting) wake();
  }

  return {
    put(item) {
      queue.push(item);
      wakeConsumer?.();
    },
    drained() {
      if ((queue.length === 0 && !busy) || closed) return Promise.resolve();
      return new Promise((resolve) => wakeProducers.push(resolve));
    },
    close() {
      closed = true;
      wakeConsumer?.();
      releaseProducers();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        if (queue.length > 0) {
          const batch = queue;
          queue = [];
          busy = true;
          yield batch;
          busy = false;
          continue;
        }
        releaseProducers();
        if (closed) return;
        await new Promise<void>((resolve) => {
          wakeConsumer = resolve;
        });
        wakeConsumer = null;
      }
    },
  };
}
