/**
 * The failure of the last spawn, which the Hub sends on every new progress stream until the next spawn.
 */
import type { Clock } from '../../runtime/context.js';
import { startDeadline } from '../../runtime/deadline.js';
import { createFrameReader } from '../../stream/frames.js';
import type { EventStream } from '../../stream/event-stream.js';

/** How long to wait (ms). The Hub sends it at once; a stream that stays open belongs to a spawn that has not failed. */
const patience = 2_000;

/** The message of the `failed` that ends the stream; null for a stream that ends without one or stays open. */
export async function failureIn(
  open: (signal: AbortSignal) => Promise<EventStream | null>,
  clock: Clock,
  parent: AbortSignal,
): Promise<string | null> {
  const limit = startDeadline(clock, patience, parent);
  try {
    const stream = await open(limit.signal);
    if (stream === null) return null;
    const reader = createFrameReader();
    for await (const chunk of stream.body) {
      for (const item of reader.push(chunk)) {
        if (item.kind !== 'frame') continue;
        const decoded = stream.decode(item.frame);
        if (decoded.kind === 'event' && decoded.event.type === 'failed') return decoded.event.message;
      }
    }
    return null;
  } catch {
    // The connection was lost, or the time limit was reached.
    return null;
  } finally {
    limit.cancel();
  }
}
