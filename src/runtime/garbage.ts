/**
 * Keeps the process small while it reads a large event stream. Only `main` uses it: a flag of V8 is the whole process's.
 *
 * V8 lets garbage grow to hundreds of megabytes before it looks for any, as long as the machine has them: a few
 * frames of several megabytes are enough, or a million small ones. A collection takes some milliseconds, so a stream
 * that is worth it must be megabytes long.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Decoder } from '../model/frame.js';

/** Garbage is collected behind so many bytes. */
const collectEvery = 2 * 1024 * 1024;

/** The first time it is sooner, before the space for young objects has grown large. */
const firstCollection = 512 * 1024;

/** Behind a frame with more data than this, in UTF-16 units, there is garbage at once. */
const largeFrame = 1024 * 1024;

/** What is read of an event stream. */
interface Readable {
  body: AsyncIterable<Uint8Array>;
  decode: Decoder;
}

/** The same stream, but what was made of its bytes is collected when the reader comes back for more. */
export function collectBehind<S extends Readable>(stream: S, collectNow: () => void = collectGarbage): S {
  let uncollected = collectEvery - firstCollection;
  const collect = (): void => {
    collectNow();
    uncollected = 0;
  };
  return {
    ...stream,
    body: {
      [Symbol.asyncIterator]() {
        const chunks = stream.body[Symbol.asyncIterator]();
        return {
          async next() {
            if (uncollected > collectEvery) collect();
            const next = await chunks.next();
            if (next.done !== true) uncollected += next.value.length;
            return next;
          },
        };
      },
    },
    decode(frame) {
      if (frame.data.length > largeFrame) {
        // Now the pieces that the frame was put together from, and what becomes of it when it has gone its way.
        collect();
        uncollected = Infinity;
      }
      return stream.decode(frame);
    },
  };
}

let gc: (() => void) | null = null;

function collectGarbage(): void {
  gc ??= exposed();
  gc();
}

/** The collector is a global of contexts that are made after the flag is set. */
function exposed(): () => void {
  setFlagsFromString('--expose-gc');
  // By now the space for young objects has grown as far as it wins time; from here on it only takes memory.
  setFlagsFromString('--semi-space-growth-factor=1');
  const found: unknown = runInNewContext('typeof gc === "function" ? gc : null');
  return typeof found === 'function' ? (found as () => void) : () => undefined;
}
