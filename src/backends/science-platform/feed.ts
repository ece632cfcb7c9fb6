/**
 * The controller's events about a lab that its Hub creates or stops, across as many streams as that takes.
 *
 * Owns when the controller's stream is opened again, and which of its events belong to the current operation. A queue that
 * is over as soon as it is opened belongs to the previous operation (contract, "What a client must survive", 4): it is
 * discarded, and the stream is opened again a second later. Nothing here decides how the operation ends: that is for the
 * Hub. Never throws.
 */
import type { Decoded } from '../../model/frame.js';
import type { Operation } from '../../model/operation.js';
import { isFinal, type Result } from '../../model/result.js';
import type { Clock } from '../../runtime/context.js';
import { isAborted, sleep, startDeadline } from '../../runtime/deadline.js';
import type { EventStream } from '../../stream/event-stream.js';
import { createFrameReader, type FrameItem } from '../../stream/frames.js';
import { Seen } from '../../stream/seen.js';

/** Opens an event stream. */
export type Open = (signal: AbortSignal) => Promise<Result<EventStream>>;

/** A frame that was decoded with its own stream's decoder, or a comment of the stream. */
export type Part = FramePart | { kind: 'comment'; text: string };

export interface FramePart {
  kind: 'frame';
  data: string;
  decoded: Decoded;
}

/** In place of a frame that is too large to be kept. */
export function tooLarge(limit: number): FramePart {
  const reason = `a frame above ${limit} bytes`;
  return { kind: 'frame', data: '{}', decoded: { kind: 'invalid', reason, type: null } };
}

export interface FeedOptions {
  open: Open;
  clock: Clock;
  signal: AbortSignal;
  /** A connection without a byte for this long is considered lost, in milliseconds; null for never. */
  idleTimeout: number | null;
  /** Whether to end with the queue that was followed to its end, although it has no terminal event. */
  once: boolean;
  /** Receives the events of the operation; reading waits for it. */
  onParts: (parts: readonly Part[]) => Promise<void>;
  /** Called when the stream cannot be read: at once if it was refused, or when it is lost and not yet open again. */
  onAway: () => void;
}

/** The delay before the stream is opened again, in milliseconds. */
const reopenAfter = 1_000;

/** The same after a terminal event, in milliseconds. */
const reopenAfterEnd = 3_000;

/** A queue that is repeated arrives at once; a pause of this length is its end, in milliseconds. */
const burstPause = 100;

/** The most that is kept of a burst, in UTF-16 units. A larger one is passed on. */
const burstLimit = 1024 * 1024;

/** What the controller's terminal event says of the pod, which is not yet the end of the spawn. */
const started = 'Pod started, waiting for Jupyter';

export class Feed {
  /** The type of the last terminal event that was passed on; null before that. */
  ended: 'complete' | 'failed' | null = null;
  /** The message of the last `error` event. */
  reason: string | null = null;
  readonly #options: FeedOptions;
  #seen = new Seen();
  #operation: Operation | null = null;
  /** Whether the queue that is read continues the one before. */
  #isSame = false;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Resolves when there is nothing more to read, or the signal aborts. */
  async run(): Promise<void> {
    const { open, clock, signal, onAway } = this.#options;
    while (!isAborted(signal)) {
      const opened = await open(signal);
      if (isAborted(signal)) return;
      if (opened.ok) {
        if ((await this.#read(opened.value)) === 'over' && this.#options.once) return;
      } else if (opened.failure.kind !== 'not-found') {
        onAway();
        if (isFinal(opened.failure)) return;
      }
      // Nothing more is expected of an operation that is over, but a lab may be deleted and created again.
      await sleep(clock, this.ended === null ? reopenAfter : reopenAfterEnd, signal);
    }
  }

  /** Reads one connection; `over` if a terminal event was passed on. */
  async #read({ body, decode }: EventStream): Promise<'over' | 'again'> {
    const { clock, signal, idleTimeout, once, onParts, onAway } = this.#options;
    const reader = createFrameReader();
    const chunks = body[Symbol.asyncIterator]();
    this.#seen.rewind();
    this.#isSame = !this.#seen.isEmpty;
    /** The beginning of the queue, until it is known not to be over. */
    let burst: Part[] | null = [];
    let size = 0;
    const idle = startDeadline(clock, idleTimeout, signal);
    let next = settled(chunks.next());
    try {
      for (;;) {
        const waited = burst !== null && size > 0 ? burstPause : null;
        const got = await within(next, waited, clock, idle.signal);
        if (isAborted(signal)) return 'again';
        if (got === 'late') {
          await onParts(burst ?? []);
          burst = null;
          continue;
        }
        if (got === 'stopped' || got === 'lost') {
          onAway();
          return 'again';
        }
        if (got.done === true) {
          // The queue was over when it was opened.
          if (burst !== null) return this.#isSame ? 'again' : this.#forget();
          return once ? 'over' : 'again';
        }
        idle.touch();
        next = settled(chunks.next());
        const parts = reader.push(got.value).flatMap((item) => this.#partsOf(item, decode));
        const isOver = parts.some(isTerminal);
        if (burst === null) {
          if (parts.length > 0) await onParts(parts.map((part) => this.#mapped(part)));
          if (isOver) return 'over';
          continue;
        }
        if (isOver && !this.#isSame) return this.#forget();
        burst.push(...parts.map((part) => this.#mapped(part)));
        size += got.value.byteLength;
        if (size <= burstLimit && !isOver) continue;
        await onParts(burst);
        if (isOver) return 'over';
        burst = null;
      }
    } finally {
      idle.cancel();
      void Promise.resolve(chunks.return?.()).catch(() => undefined);
    }
  }

  /** The queue was that of an operation that is over: nothing of it counts. */
  #forget(): 'again' {
    this.#seen = new Seen();
    this.#operation = null;
    this.reason = null;
    return 'again';
  }

  #partsOf(item: FrameItem, decode: EventStream['decode']): Part[] {
    if (item.kind === 'comment') return [item];
    const frame = item.kind === 'frame' ? item.frame : null;
    const judged = this.#seen.judge(frame);
    if (judged === 'repeated') return [];
    if (judged === 'replaced') {
      this.#operation = this.ended = this.reason = null;
      this.#isSame = false;
    }
    if (item.kind === 'oversized') return [tooLarge(item.limit)];
    if (frame === null) return [];
    const decoded = decode(frame);
    if (decoded.kind === 'event') this.#operation ??= decoded.operation ?? null;
    return decoded.kind === 'ping'
      ? [{ kind: 'comment', text: 'ping' }]
      : [{ kind: 'frame', data: frame.data, decoded }];
  }

  /** The part as it is shown: a terminal event becomes an ordinary one, and a deletion's events have no progress. */
  #mapped(part: Part): Part {
    if (part.kind === 'comment' || part.decoded.kind !== 'event') return part;
    const { event } = part.decoded;
    const progress = this.#operation === 'deletion' ? null : event.progress;
    switch (event.type) {
      case 'complete':
        this.ended = 'complete';
        return { ...part, decoded: { kind: 'event', event: { type: 'info', message: started, progress } } };
      case 'failed':
        this.ended = 'failed';
        return {
          ...part,
          decoded: { kind: 'event', event: { ...event, type: 'error', progress }, isSummary: true },
        };
      case 'error':
        this.reason = event.message;
        return { ...part, decoded: { kind: 'event', event: { ...event, progress } } };
      case 'info':
        return { ...part, decoded: { kind: 'event', event: { ...event, progress } } };
    }
  }
}

function isTerminal(part: Part): boolean {
  if (part.kind === 'comment') return false;
  const type = part.decoded.kind === 'event' ? part.decoded.event.type : 'info';
  return type === 'complete' || type === 'failed';
}

type Next = IteratorResult<Uint8Array>;

/** A lost connection as a value. */
function settled(next: Promise<Next>): Promise<Next | 'lost'> {
  return next.catch(() => 'lost' as const);
}

/** The next bytes; `late` if they take longer than `ms`, `stopped` if the signal aborts first. */
async function within(
  next: Promise<Next | 'lost'>,
  ms: number | null,
  clock: Clock,
  signal: AbortSignal,
): Promise<Next | 'lost' | 'late' | 'stopped'> {
  const limit = startDeadline(clock, ms, signal);
  try {
    return await new Promise((resolve) => {
      const stop = (): void => {
        resolve(isAborted(signal) ? 'stopped' : 'late');
      };
      if (limit.signal.aborted) stop();
      limit.signal.addEventListener('abort', stop, { once: true });
      void next.then(resolve);
    });
  } finally {
    limit.cancel();
  }
}
