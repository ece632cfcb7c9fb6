/**
 * The events of one operation, kept for everybody who will ever watch it.
 *
 * Owns the frames and who is told of new ones. A crowd of events is kept as the way to make each of them, so
 * that a million cost no more than one. Whoever reads the queue keeps a place of their own in it.
 */
import type { Delivery } from '../http/delivery.js';

/** What one write puts on the wire: a whole frame. */
export type Frame = string | Uint8Array;

/** Frames that came at once. Each may be made many times, and is the same each time. */
interface Batch {
  count: number;
  frame: (index: number) => Frame;
}

export class EventQueue {
  ended = false;
  /** How many connections have read from here. */
  readers = 0;
  /** How many frames there are by now. */
  length = 0;
  readonly delivery: Delivery;
  readonly #batches: Batch[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(delivery: Delivery = { kind: 'plain' }) {
    this.delivery = delivery;
  }

  push(frame: Frame): void {
    this.pushMany(1, () => frame);
  }

  /** `frame` makes the one at an index from 0 to `count - 1`, for every reader anew. */
  pushMany(count: number, frame: (index: number) => Frame): void {
    this.#batches.push({ count, frame });
    this.length += count;
    this.#tell();
  }

  /** There will be no more: streams end when they have sent what there is. */
  end(): void {
    this.ended = true;
    this.#tell();
  }

  /** Reads from the first frame on. The returned function gives the next, or undefined while there is none. */
  read(): () => Frame | undefined {
    this.readers += 1;
    let [batch, index] = [0, 0];
    return () => {
      const current = this.#batches[batch];
      if (current === undefined) return undefined;
      const frame = current.frame(index);
      index += 1;
      if (index === current.count) [batch, index] = [batch + 1, 0];
      return frame;
    };
  }

  /** Calls back after every change; the returned function stops that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
