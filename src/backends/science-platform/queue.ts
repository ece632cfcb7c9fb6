/**
 * What the controller's queue of events shows at a glance: how its operation ended, and why.
 */
import type { Clock } from '../../runtime/context.js';
import { startDeadline } from '../../runtime/deadline.js';
import { createFrameReader } from '../../stream/frames.js';
import type { Open } from './feed.js';

export interface Glance {
  /** `open`: an operation is in progress. `none`: there are no events. Null if the stream cannot be read now. */
  ended: 'complete' | 'failed' | 'clean' | 'open' | 'none' | null;
  /** The message of the last `error` event. */
  reason: string | null;
}

/** A queue arrives at once; this is how long to wait for its end, in milliseconds. */
const patience = 2_000;

export async function glanceAtQueue(open: Open, clock: Clock, signal: AbortSignal): Promise<Glance> {
  const limit = startDeadline(clock, patience, signal);
  let reason: string | null = null;
  let isEmpty = true;
  try {
    const opened = await open(limit.signal);
    if (!opened.ok) return { ended: opened.failure.kind === 'not-found' ? 'none' : null, reason };
    const reader = createFrameReader();
    for await (const chunk of opened.value.body) {
      for (const item of reader.push(chunk)) {
        if (item.kind !== 'frame') continue;
        isEmpty = false;
        const decoded = opened.value.decode(item.frame);
        if (decoded.kind !== 'event') continue;
        const { type, message } = decoded.event;
        if (type === 'error') reason = message;
        if (type === 'complete' || type === 'failed') return { ended: type, reason };
      }
    }
    return { ended: 'clean', reason };
  } catch {
    if (!limit.expired) return { ended: null, reason };
    return { ended: isEmpty ? 'none' : 'open', reason };
  } finally {
    limit.cancel();
  }
}
