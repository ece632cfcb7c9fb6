/**
 * What has been seen of an operation's queue, so that a repetition is known as one.
 *
 * Every connection gets the whole queue from its first frame (contract, "The event stream"). A frame is remembered
 * by four bytes, whatever its size; two different frames pass for the same once in four thousand million times.
 */
import type { RawFrame } from '../model/frame.js';

export type Judgement =
  | 'new'
  /** It stood at this place before. */
  | 'repeated'
  /** Another frame stood at this place: the queue is another operation's. */
  | 'replaced';

/** Frames in a block: memory grows by this much, and is never copied. */
const blockSize = 1024;

export class Seen {
  readonly #blocks: Uint32Array[] = [];
  #length = 0;
  #position = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** A new connection begins: the queue comes from its first frame. */
  rewind(): void {
    this.#position = 0;
  }

  /** What the next frame of this connection is; null stands for one that was too large to keep. */
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
