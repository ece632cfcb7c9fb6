/**
 * Remembers the frames of an operation's queue, to recognise repeated frames.
 *
 * Every connection receives the whole queue from its first frame (contract, "The event stream"). A frame of any size is
 * remembered as a hash of four bytes; two different frames have the same hash once in four thousand million times.
 */
import type { RawFrame } from '../model/frame.js';

export type Judgement =
  | 'new'
  /** The same frame was at this position before. */
  | 'repeated'
  /** Another frame was at this position: the queue belongs to another operation. */
  | 'replaced';

/** Frames per block: memory grows by whole blocks, which are never copied. */
const blockSize = 1024;

export class Seen {
  readonly #blocks: Uint32Array[] = [];
  #length = 0;
  #position = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Whether the last frame that was seen is this one. */
  endsWith(frame: RawFrame): boolean {
    return this.#length > 0 && this.#at(this.#length - 1) === hashOf(frame);
  }

  /** A new connection begins: the queue starts again from its first frame. */
  rewind(): void {
    this.#position = 0;
  }

  /** Compares the next frame of this connection with those seen; null is a frame that was too large to keep. */
  judge(frame: RawFrame | null): Judgement {
    const hash = frame === null ? 0 : hashOf(frame);
    if (this.#position < this.#length) {
      if (this.#at(this.#position) === hash) {
        this.#position += 1;
        return 'repeated';
      }
      this.#length = this.#position;
      this.#append(hash);
      return 'replaced';
    }
    this.#append(hash);
    return 'new';
  }

  #at(index: number): number | undefined {
    return this.#blocks[Math.floor(index / blockSize)]?.[index % blockSize];
  }

  #append(hash: number): void {
    const block = Math.floor(this.#length / blockSize);
    const target = (this.#blocks[block] ??= new Uint32Array(blockSize));
    target[this.#length % blockSize] = hash;
    this.#length += 1;
    this.#position = this.#length;
  }
}

/** FNV-1a over the UTF-16 units of the name and the data. */
function hashOf({ event, data }: RawFrame): number {
  let hash = 0x811c9dc5;
  const take = (text: string): void => {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  };
  take(event ?? '');
  take('\n');
  take(data);
  return hash >>> 0;
}
