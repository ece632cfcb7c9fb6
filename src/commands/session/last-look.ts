/**
 * The last look before the deadline: when it is due, and what it shows.
 *
 * Whether the controller is reachable when the time is up decides between two exit codes, and must not depend on whether a
 * stream happened to be lost in that moment. So one request for the lab's state is sent shortly before, on a new connection
 * (`state-requests.ts`): what counts is whether it is answered, or the stream brings anything, from then on.
 */
import type { Clock } from '../../runtime/context.js';
import type { Deadline } from '../../runtime/deadline.js';
import { isFromHealthyServer } from '../../model/result.js';
import type { RunState } from '../../model/reducer.js';

/** It is due this long before the deadline, or after half of the time if that is later, in milliseconds. */
const lead = 2_000;

/** Where it is late, as after a suspend, the deadline leaves it this long, in milliseconds. */
const least = 1_000;

/** Calls back when it is due; returns the way to call it off. `timeout` is the whole of the deadline's time. */
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

/** Whether the last look was answered, or the stream has brought something since it began. */
export function isReachable({ look = null, lastByteAt = null, stream = null }: Partial<Evidence>): boolean {
  if (look === null) return false;
  if (lastByteAt !== null && lastByteAt >= look.at) return true;
  if (look.answer === null) return false;
  if (look.answer.ok) return true;
  const { failure } = look.answer;
  // A gateway that answers for a server that is away shows nothing, unless it still holds the stream open.
  return isFromHealthyServer(failure) || (failure.from === 'server' && stream === 'open');
}
