/**
 * The bytes of a progress stream, and whether the frame that is being decoded was the last one.
 *
 * Owns the look-ahead. The Hub ends the stream after its own `failed`, but a Spawner may write `failed` into any event and
 * continue. So the newline that completes such a frame is passed on with the bytes that follow it, or at the end.
 */

/** As the Hub writes it: it serialises every value that a Spawner yields. */
const failed = Buffer.from('"failed": true');
const blankLine = Buffer.from('\n\n');
const newline = Buffer.from('\n');

export interface ProgressBody {
  body: AsyncIterable<Uint8Array>;
  /** Whether the bytes passed on last complete a `failed` that ended the stream. */
  isLast(): boolean;
}

/**
 * `confirm` is called if a stream ended cleanly after a `failed`: a bug in a Spawner can also end it like that while the
 * spawn continues.
 */
export function progressBody(
  source: AsyncIterable<Uint8Array>,
  confirm: () => Promise<boolean>,
): ProgressBody {
  let last = false;
  return { body: chunks(), isLast: () => last };

  async function* chunks(): AsyncGenerator<Uint8Array> {
    /** `complete`: the frame with the `failed` lacks only its last newline. */
    let place: 'before' | 'inside' | 'complete' = 'before';
    /** The end of the previous bytes, in which the wanted text may have begun. */
    let tail = Buffer.alloc(0);
    for await (const chunk of source) {
      let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      while (rest.length > 0) {
        if (place === 'complete') {
          yield newline;
          place = 'before';
        }
        const wanted: Buffer = place === 'before' ? failed : blankLine;
        const found: number = Buffer.concat([tail, rest]).indexOf(wanted);
        // After the text, or at the end of the available bytes.
        const end = found === -1 ? rest.length : found + wanted.length - tail.length;
        const isComplete: boolean = found !== -1 && place === 'inside';
        const passed = rest.subarray(0, isComplete ? end - newline.length : end);
        if (passed.length > 0) yield passed;
        tail = found === -1 ? Buffer.concat([tail, rest]).subarray(1 - wanted.length) : Buffer.alloc(0);
        if (found !== -1) place = isComplete ? 'complete' : 'inside';
        rest = rest.subarray(end);
      }
    }
    if (place !== 'complete') return;
    last = await confirm();
    yield newline;
  }
}
