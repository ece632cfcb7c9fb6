/**
 * The events of one operation, kept for every client that reads them, now or later.
 *
 * Owns the frames, and notifies its subscribers of new ones. A batch of events is stored as a function that creates
 * each of them, so that a million cost no more memory than one. Every reader has its own position.
 */
import type { Event } from '../../model/event.js';
import type { Delivery } from '../http/delivery.js';

/** A whole frame, sent by one write. */
export type Frame = string | Uint8Array;

/** Frames that were pushed together. `frame` can be called many times and returns the same frame each time. */
interface Batch {
  count: number;
  frame: (index: number) => Frame;
}

export class EventQueue {
  ended = false;
  /** Whether the controller has restarted, so that nothing follows and every connection is cut. */
  lost = false;
  /** The events in the frames, for a reader in this process. Invalid frames and batches above 100 are left out. */
  readonly events: Event[] = [];
  /** Number of connections that have read the queue. */
  readers = 0;
  /** Number of frames so far. */
  length = 0;
  readonly delivery: Delivery;
  readonly #batches: Batch[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(delivery: Delivery = { kind: 'plain' }) {
    this.delivery = delivery;
  }

  push(frame: Frame, event: Event | null = null): void {
    this.pushMany(1, () => frame, event === null ? [] : [event]);
  }

  /** `frame` creates the frame at an index from 0 to `count - 1`, once for every reader. */
  pushMany(count: number, frame: (index: number) => Frame, events: readonly Event[] = []): void {
    this.events.push(...events);
    this.#batches.push({ count, frame });
    this.length += count;
    this.#notify();
  }

  /** No more frames follow: streams end after the last one. */
  end(): void {
    this.ended = true;
    this.#notify();
  }

  /** The controller that wrote it has exited. */
  lose(): void {
    this.lost = true;
    this.#notify();
  }

  /** Reads from the first frame. The returned function returns the next frame, or undefined if there is none yet. */
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

  /** Calls `listener` after every change. The returned function unsubscribes. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
