/**
 * Converts the bytes of one connection to inputs, and omits events that were reported before.
 *
 * Owns what counts as new, and what resets the back-off. Leaves framing to `frames.ts`, comparing frames to `seen.ts`,
 * and the meaning of a frame to `input.ts`.
 */
import { stamp, type Clock } from '../runtime/context.js';
import type { Retry } from '../runtime/retry.js';
import type { Decoder, RawFrame } from '../model/frame.js';
import type { Redact } from '../model/redactor.js';
import type { EventInput, Input, SkippedInput } from '../model/reducer.js';
import type { EventStream } from './event-stream.js';
import { createFrameReader, type FrameItem, type FrameReader } from './frames.js';
import { inputOf } from './input.js';
import type { Seen } from './seen.js';

export interface StreamReaderOptions {
  decode: Decoder;
  /** See `EventStream.replay`. */
  replay: EventStream['replay'];
  /** See `EventStream.heartbeat`. */
  heartbeat: EventStream['heartbeat'];
  redact: Redact;
  clock: Clock;
  seen: Seen;
  retry: Retry;
  /** Whether a frame is repeated although it is at another position; default never. */
  isOld?: (frame: RawFrame) => boolean;
}

/** A stream that still sends anything at this age counts as a success, in milliseconds. */
const steady = 5_000;

/** Of a blank line: a server without comments sends some as a sign of life. */
const lineFeed = 0x0a;

/** The result of reading a chunk of the stream. */
export interface Reading {
  inputs: Input[];
  /** `new` if at least one frame was; null without any frame. */
  frames: 'new' | 'repeated' | null;
  /** Whether there was an unreadable `complete`, so that the lab's state decides. */
  inDoubt: boolean;
}

export class StreamReader {
  readonly #options: StreamReaderOptions;
  readonly #frames: FrameReader = createFrameReader();
  readonly #openedAt: number;

  constructor(options: StreamReaderOptions) {
    this.#options = options;
    this.#openedAt = options.clock.monotonic();
    options.seen.rewind();
  }

  /** The inputs that these bytes complete; at least one, because any bytes show that the connection is alive. */
  push(bytes: Uint8Array): Reading {
    const { clock, retry, heartbeat } = this.#options;
    if (clock.monotonic() - this.#openedAt >= steady) retry.reset();
    const reading = this.#readingOf(this.#frames.push(bytes));
    if (reading.inputs.length > 0) return reading;
    const isBeat = heartbeat === 'bytes' && bytes.every((byte) => byte === lineFeed);
    const { at, time } = stamp(clock);
    reading.inputs.push(isBeat ? { at, time, kind: 'heartbeat', comment: '' } : { at, time, kind: 'bytes' });
    return reading;
  }

  /** The inputs that the end of the stream completes. */
  end(): Reading {
    return this.#readingOf(this.#frames.end());
  }

  #readingOf(items: readonly FrameItem[]): Reading {
    const { clock, decode, replay, redact, seen, retry, isOld = () => false } = this.#options;
    const reading: Reading = { inputs: [], frames: null, inDoubt: false };
    // All inputs of one chunk have the same time.
    const at = stamp(clock);
    for (const item of items) {
      const input = inputOf(item, at, decode, redact);
      if (input.kind === 'heartbeat') {
        reading.inputs.push(input);
        continue;
      }
      if (input.kind === 'skipped' && input.type === 'complete') reading.inDoubt = true;
      const frame = item.kind === 'frame' ? item.frame : null;
      const judgement = frame !== null && isOld(frame) ? 'repeated' : seen.judge(frame);
      if (judgement === 'repeated') {
        reading.frames ??= 'repeated';
        // The frame is not shown again, but still decides: the consumer may not have received it yet, or another frame
        // had the same hash.
        if (decides(input)) reading.inputs.push({ ...at, kind: 'repeated', frame: input });
        continue;
      }
      // Different frames mean a new operation only if the server repeats the whole operation.
      if (judgement === 'replaced' && replay === 'whole') {
        const attempt = Math.max(1, retry.attempts);
        reading.inputs.push({ ...at, kind: 'connection', state: 'replaced', attempt, reason: null });
      }
      reading.inputs.push(input);
      reading.frames = 'new';
    }
    if (reading.frames === 'new') retry.reset();
    return reading;
  }
}

/** Whether a frame says how the operation ended, or why it will. */
function decides(input: Input): input is EventInput | SkippedInput {
  if (input.kind === 'event') return input.event.type !== 'info';
  return input.kind === 'skipped' && (input.type === 'complete' || input.type === 'failed');
}
