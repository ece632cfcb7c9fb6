/**
 * The last look before the deadline: when it is due, and what it shows.
 *
 * At the deadline, the exit code depends on whether the controller is reachable. It must not depend on whether a stream
 * happened to be lost at that moment. So one request for the lab's state is sent shortly before, on a new connection
 * (`state-requests.ts`): the controller is reachable if it responds, or if the stream delivers anything, from then on.
 */
import type { Clock } from '../../runtime/context.js';
import type { Deadline } from '../../runtime/deadline.js';
import { isFromHealthyServer } from '../../model/result.js';
import type { RunState } from '../../model/reducer.js';

/** The last look is due this long before the deadline (ms), or after half of the time if that is later. */
const lead = 2_000;

/** If it starts late, as after a suspend, the deadline still leaves it this long, in milliseconds. */
const least = 1_000;

/** Calls back when the last look is due; returns a function that cancels it. `timeout` is the deadline's total time. */
export function scheduleLook(
  clock: Clock,
  deadline: Deadline,
  timeout: number | null,
  onDue: () => void,
): () => void {
  const left = deadline.left();
  if (timeout === null || left === null) return () => undefined;
  const before = Math.min(lead, timeout / 2);
  return clock.after(Math.max(0, left - before), () => {
    deadline.atLeast(Math.min(least, before));
    onDue();
  });
}

/** What shows at the deadline whether the controller is reachable. */
export type Evidence = Pick<RunState, 'look' | 'lastByteAt' | 'stream'>;

/** Whether the last look got a response, or the stream has delivered something since it began. */
export function isReachable({ look = null, lastByteAt = null, stream = null }: Partial<Evidence>): boolean {
  if (look === null) return false;
  if (lastByteAt !== null && lastByteAt >= look.at) return true;
  if (look.result === null) return false;
  if (look.result.ok) return true;
  const { failure } = look.result;
  // A gateway's response for an unreachable server proves nothing, unless the stream is still open.
  return isFromHealthyServer(failure) || (failure.from === 'server' && stream === 'open');
}
