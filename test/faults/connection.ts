/**
 * One event stream on its way to the client, with its faults.
 *
 * Knows which frames were transferred completely and when the client read them, which is what it can have seen.
 */
import type { Clock } from '../../src/runtime/context.js';
import type { Queue } from './controller.js';
import { encodeFrame, encodePing, slack } from './encode.js';
import type { Random } from './random.js';
import type { Frame, Story, StreamFault } from './story.js';

export interface Passage {
  frame: Frame;
  /** The frame is complete once this number of body bytes was read. */
  wholeAt: number;
  takenAt: number | null;
}

const pingEvery = 15_000;

export class Connection {
  readonly passages: Passage[] = [];
  readonly openedAt: number;
  /** When the client closed it; null if it did not. */
  closedAt: number | null = null;
  /** When the client read its last byte; null if it read none. */
  lastTakenAt: number | null = null;
  readonly queue: Queue;
  /** How it ended for the client, once the client has learned it. */
  learned: 'end' | 'cut' | null = null;
  /** When it learned that. */
  endedAt: number | null = null;
  /** Called whenever there is something to take. */
  wake: () => void = () => undefined;
  readonly #clock: Clock;
  readonly #wire: Story['wire'];
  readonly #random: Random;
  readonly #fault: StreamFault | null;
  readonly #leave: () => void;
  readonly #onFault: (kind: string) => void;
  #chunks: Buffer[] = [];
  #held: [Buffer, Frame | null][] = [];
  #sent = 0;
  #taken = 0;
  #muted = false;
  #over: 'end' | 'cut' | null = null;
  #cancelPing: () => void;
  #cancelCut: () => void = () => undefined;

  constructor(
    clock: Clock,
    wire: Story['wire'],
    random: Random,
    queue: Queue,
    fault: StreamFault | null,
    onFault: (kind: string) => void,
  ) {
    this.queue = queue;
    this.#clock = clock;
    this.#wire = wire;
    this.#random = random;
    this.#fault = fault;
    this.#onFault = onFault;
    this.openedAt = clock.monotonic();
    if (fault !== null && fault.kind === 'buffered') onFault('buffered');
    const ping = (): void => {
      this.#cancelPing = clock.after(pingEvery, ping);
      this.#send(encodePing(clock.now(), wire), null);
    };
    this.#cancelPing = clock.after(pingEvery, ping);
    if (fault?.kind === 'cut after') {
      this.#cancelCut = clock.after(fault.after, () => {
        if (this.isOver) return;
        onFault(fault.kind);
        this.cut();
      });
    }
    this.#leave = queue.read({
      frame: (frame) => {
        this.#send(encodeFrame(frame, wire), frame);
      },
      end: () => {
        this.#finish();
      },
    });
    if (this.isOver) this.#release();
  }

  get isOver(): boolean {
    return this.#over !== null;
  }

  /** The next bytes, or how it ended; null if there is nothing yet. */
  take(): Buffer | 'end' | 'cut' | null {
    const chunk = this.#nextChunk();
    if (chunk === null) {
      if (this.#over !== null) {
        this.learned = this.#over;
        this.endedAt ??= this.#clock.monotonic();
      }
      return this.#over;
    }
    this.#taken += chunk.length;
    this.lastTakenAt = this.#clock.monotonic();
    for (const passage of this.passages) {
      if (passage.takenAt === null && passage.wholeAt <= this.#taken)
        passage.takenAt = this.#clock.monotonic();
    }
    return chunk;
  }

  /** The connection is cut: bytes that were not handed over yet may or may not be lost. */
  cut(): void {
    if (this.#random.chance(0.5)) this.#chunks = [];
    this.#over ??= 'cut';
    this.#release();
    this.wake();
  }

  /** The client leaves. */
  close(): void {
    this.closedAt ??= this.#clock.monotonic();
    this.#over ??= 'cut';
    this.#release();
  }

  #nextChunk(): Buffer | null {
    const [first] = this.#chunks;
    if (first === undefined) return null;
    const { slicing } = this.#wire;
    if (slicing === 'frames') return this.#chunks.shift() ?? null;
    const length = slicing === 'bytes' ? 1 : this.#random.whole(1, 300);
    const all = Buffer.concat(this.#chunks);
    this.#chunks = length < all.length ? [all.subarray(length)] : [];
    return all.subarray(0, length);
  }

  #send(bytes: Buffer, frame: Frame | null): void {
    if (this.isOver || this.#muted) return;
    const fault = this.#fault;
    switch (fault?.kind) {
      case undefined:
      case 'cut after':
        this.#put(bytes, frame);
        return;
      case 'buffered':
        this.#held.push([bytes, frame]);
        return;
      case 'pings-only':
        if (frame === null) this.#put(bytes, null);
        else if (this.#sent + bytes.length <= fault.at && this.#held.length === 0) this.#put(bytes, frame);
        else if (this.#held.push([bytes, frame]) === 1) this.#onFault(fault.kind);
        return;
      case 'cut':
      case 'end':
      case 'silent': {
        const room = Math.max(0, fault.at - this.#sent);
        this.#put(bytes.subarray(0, room), frame, bytes.length);
        if (room > bytes.length) return;
        this.#onFault(fault.kind);
        if (fault.kind === 'silent') this.#muted = true;
        else this.#over = fault.kind;
        this.#release();
        this.wake();
      }
    }
  }

  /** `length`: of the whole frame, of which these bytes may be only the beginning. */
  #put(bytes: Buffer, frame: Frame | null, length = bytes.length): void {
    if (frame !== null && bytes.length >= length - slack(this.#wire)) {
      const wholeAt = this.#sent + length - slack(this.#wire);
      this.passages.push({ frame, wholeAt, takenAt: null });
    }
    if (bytes.length === 0) return;
    this.#sent += bytes.length;
    this.#chunks.push(bytes);
    this.wake();
  }

  /** The server has ended the stream; the client does not necessarily notice. */
  #finish(): void {
    const kind = this.#fault?.kind;
    if (this.isOver || this.#muted || (kind === 'pings-only' && this.#held.length > 0)) return;
    if (kind === 'buffered') for (const [bytes, frame] of this.#held) this.#put(bytes, frame);
    this.#over = 'end';
    this.#release();
    this.wake();
  }

  #release(): void {
    this.#cancelPing();
    this.#cancelCut();
    // Not set yet while the constructor reads what the queue already contains.
    (this.#leave as (() => void) | undefined)?.();
  }
}
