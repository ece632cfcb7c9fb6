/**
 * The events of one operation, kept for everybody who will ever watch it.
 *
 * Owns the frames and who is told of new ones. Whoever reads it, from the first frame on and at their own
 * pace, keeps their own place in it.
 */

/** What one write puts on the wire: a whole frame. */
export type Frame = string | Uint8Array;

export class EventQueue {
  readonly frames: Frame[] = [];
  ended = false;
  readonly #listeners = new Set<() => void>();

  push(frame: Frame): void {
    this.frames.push(frame);
    this.#tell();
  }

  /** There will be no more: streams end when they have sent what there is. */
  end(): void {
    this.ended = true;
    this.#tell();
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
