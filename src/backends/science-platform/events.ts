/**
 * The events of a spawn through a platform's Hub: the progress from the controller's stream, the end from the Hub's.
 *
 * The Hub sends its progress in one burst at the end, so the controller's stream is shown instead (contract, "The Rubin
 * way"). Only the Hub's `ready` or `failed` ends the operation: exactly one terminal event is passed on. The Hub's progress
 * is shown where the controller's stream cannot be read. Owns how the two streams become one.
 */
import type { Decoded } from '../../model/frame.js';
import type { Event } from '../../model/event.js';
import type { Clock } from '../../runtime/context.js';
import { isAborted, startDeadline, unlessAborted } from '../../runtime/deadline.js';
import type { EventStream } from '../../stream/event-stream.js';
import { createFrameReader, type FrameItem } from '../../stream/frames.js';
import { Channel } from './channel.js';
import { glanceAtQueue } from './queue.js';
import { Feed, tooLarge, type FramePart, type Open, type Part } from './feed.js';

export interface PlatformStream {
  /** The Hub's progress stream, which is open already; null if only the controller's is read, as during a deletion. */
  hub: EventStream | null;
  /** Opens the controller's event stream. */
  controller: Open;
  clock: Clock;
  signal: AbortSignal;
  /** The user's own limit for a connection without a byte, in milliseconds; null for none, omitted for the defaults. */
  idleTimeout?: number | null | undefined;
}

/** Both streams send a sign of life more often than this: the Hub every 8 s, the controller every 15 s (ms). */
const idleTimeouts = { hub: 20_000, controller: 45_000 };

/** The most events of the Hub that are kept until it is known whether the controller's are shown. */
const mostHeld = 1_000;

/** The most text of them, in UTF-16 units. */
const mostText = 1024 * 1024;

export function platformStream({ hub, controller, clock, signal, idleTimeout }: PlatformStream): EventStream {
  const limits = idleTimeout === undefined ? idleTimeouts : { hub: idleTimeout, controller: idleTimeout };
  /** What was decoded and not yet requested, in the order of the body's frames. */
  const decoded: Decoded[] = [];
  return {
    body: body(),
    decode: () => decoded.shift() ?? { kind: 'invalid', reason: 'not a frame of this stream', type: null },
    replay: 'unknown',
    heartbeat: 'bytes',
    ...(idleTimeout === undefined
      ? { idleTimeout: hub === null ? idleTimeouts.controller : idleTimeouts.hub }
      : {}),
  };

  async function* body(): AsyncGenerator<Uint8Array> {
    const leaving = new AbortController();
    const inner = AbortSignal.any([signal, leaving.signal]);
    const channel = new Channel<readonly Part[]>();
    const held = new Held();
    const feed = new Feed({
      open: controller,
      clock,
      signal: inner,
      idleTimeout: limits.controller,
      once: hub === null,
      async onParts(parts) {
        // The controller's events are shown, so the same ones from the Hub are not.
        if (parts.some(({ kind }) => kind === 'frame')) held.drop();
        await channel.put(parts);
      },
      onAway() {
        held.release();
      },
    });
    const lookUpReason = async (): Promise<string | null> => {
      const { ended, reason } = await glanceAtQueue(controller, clock, inner);
      return ended === 'failed' ? reason : null;
    };
    const feeding = feed.run().then(() => {
      if (hub === null) channel.close();
    });
    const reading =
      hub === null
        ? null
        : readHub(hub, {
            channel,
            held,
            feed,
            lookUpReason,
            clock,
            signal: inner,
            idleTimeout: limits.hub,
          });
    // It is awaited below; until then, nothing else must report it.
    reading?.catch(() => undefined);
    try {
      for (;;) {
        const parts = await channel.take(signal);
        if (parts === null) break;
        const text = parts.map((part) => shown(part, decoded)).join('');
        if (text !== '') yield Buffer.from(text);
      }
      if (isAborted(signal)) throw new Error('aborted');
      await reading;
    } finally {
      leaving.abort();
      channel.close();
      await Promise.allSettled([feeding, reading]);
    }
  }
}

/** The frame in the body, whose decoded form is kept for the reader. A blank line is a sign of life. */
function shown(part: Part, decoded: Decoded[]): string {
  if (part.kind === 'comment') return part.text === '' ? '\n' : `:${part.text}\n\n`;
  decoded.push(part.decoded);
  const lines = part.data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  const name = part.decoded.kind === 'event' ? `event: ${part.decoded.event.type}\n` : '';
  return `${name}${lines.join('')}\n`;
}

interface HubReading {
  channel: Channel<readonly Part[]>;
  held: Held;
  feed: Feed;
  /** The reason in a queue that had ended before it could be followed. */
  lookUpReason: () => Promise<string | null>;
  clock: Clock;
  signal: AbortSignal;
  idleTimeout: number | null;
}

/** Reads the Hub's stream to its end, and closes the channel. Rejects if the connection is lost. */
async function readHub(
  { body, decode }: EventStream,
  { channel, held, feed, lookUpReason, clock, signal, idleTimeout }: HubReading,
): Promise<void> {
  const reader = createFrameReader();
  const idle = startDeadline(clock, idleTimeout, signal);
  const chunks = body[Symbol.asyncIterator]();
  const pass = async (items: readonly FrameItem[]): Promise<void> => {
    for (const item of items) {
      if (item.kind === 'comment') continue;
      const part: FramePart =
        item.kind === 'oversized'
          ? tooLarge(item.limit)
          : { kind: 'frame', data: item.frame.data, decoded: decode(item.frame) };
      const { event } = part.decoded.kind === 'event' ? part.decoded : { event: null };
      if (event?.type !== 'complete' && event?.type !== 'failed') {
        if (held.isPassing) await channel.put([part]);
        else held.keep(part);
        continue;
      }
      held.release();
      await channel.put(held.take());
      const reason = feed.ended === null && event.type === 'failed' ? await lookUpReason() : feed.reason;
      const end = withReason(event, feed.ended, reason);
      await channel.put([{ ...part, decoded: { kind: 'event', event: end } }]);
    }
  };
  try {
    for (;;) {
      const next = await unlessAborted(chunks.next(), idle.signal);
      idle.touch();
      const items = next.done === true ? reader.end() : reader.push(next.value);
      await pass(items);
      if (held.isPassing) await channel.put(held.take());
      if (next.done === true) return;
      if (items.length === 0) await channel.put([{ kind: 'comment', text: '' }]);
    }
  } catch (error) {
    throw idle.expired ? new Error(`no byte from the Hub for ${(idleTimeout ?? 0) / 1000} s`) : error;
  } finally {
    idle.cancel();
    channel.close();
    void Promise.resolve(chunks.return?.()).catch(() => undefined);
  }
}

/** The end of a spawn with what the controller knows about it. */
function withReason(event: Event, ended: Feed['ended'], reason: string | null): Event {
  if (event.type !== 'failed') return event;
  const message = ended === 'complete' ? `Jupyter did not answer: ${event.message}` : event.message;
  const isSaid = reason === null || message.includes(reason);
  return { ...event, message: isSaid ? message : `${message}: ${reason}` };
}

/** The Hub's own progress, kept until it is known whether the controller's is shown instead. */
class Held {
  /** Whether the Hub's events are passed on as they come. */
  isPassing = false;
  #isDropped = false;
  #parts: Part[] = [];
  #size = 0;

  keep(part: Part): void {
    const size = part.kind === 'frame' ? part.data.length : 0;
    if (this.#isDropped || this.#parts.length >= mostHeld || this.#size + size > mostText) return;
    this.#parts.push(part);
    this.#size += size;
  }

  /** The controller's events are shown instead. */
  drop(): void {
    this.#parts = [];
    this.#isDropped = true;
    this.isPassing = false;
  }

  /** The controller's stream cannot be read, or the operation is over. */
  release(): void {
    this.#isDropped = false;
    this.isPassing = true;
  }

  take(): Part[] {
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }
}
