/**
 * The failure of the last spawn, which the Hub sends on every new progress stream until the next spawn.
 */
import type { Clock } from '../../runtime/context.js';
import { startDeadline } from '../../runtime/deadline.js';
import { createFrameReader } from '../../stream/frames.js';
import { isFinal, type Failure, type Result } from '../../model/result.js';
import type { EventStream } from '../../stream/event-stream.js';
import { failure } from './outcomes.js';

/** How long to wait (ms). The Hub sends it at once; a stream without an event belongs to a spawn that has not failed. */
const patience = 2_000;

/**
 * The message of the `failed` that ends the stream; null for a stream that ends without one or stays open, and for one that
 * the Hub does not have. A failure if the stream cannot be read now: then nothing is known.
 */
export async function failureIn(
  open: (signal: AbortSignal) => Promise<Result<EventStream>>,
  clock: Clock,
  parent: AbortSignal,
): Promise<Result<string | null>> {
  const limit = startDeadline(clock, patience, parent);
  let isOpen = false;
  try {
    const stream = await open(limit.signal);
    if (!stream.ok) return isFinal(stream.failure) ? none : stream;
    isOpen = true;
    const reader = createFrameReader();
    for await (const chunk of stream.value.body) {
      for (const item of reader.push(chunk)) {
        if (item.kind !== 'frame') continue;
        const decoded = stream.value.decode(item.frame);
        // The stream of a spawn that has failed consists of this one event.
        if (decoded.kind !== 'event' || decoded.event.type !== 'failed') return none;
        return { ok: true, value: decoded.event.message };
      }
    }
    return none;
  } catch {
    // The time limit was reached, or the connection was lost.
    return isOpen && limit.expired ? none : { ok: false, failure: unreadable };
  } finally {
    limit.cancel();
  }
}

const none: Result<null> = { ok: true, value: null };

const unreadable: Failure = {
  ...failure('unknown', 'network', 'could not read why the last spawn failed: the connection was cut'),
  retry: 'later',
  from: 'nobody',
};
