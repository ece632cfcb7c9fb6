/**
 * `followEvents`: a lab's events and everything else that happens to its stream, up to the outcome, for other Node programs.
 *
 * Does what `lab spawn` and `lab events` do, without a display: it reopens a lost stream, yields each event once, and takes
 * the outcome from a terminal event or from the lab's state.
 */
import { decodeFrame } from '../backends/nublado/operation.js';
import type { LabState } from '../backends/nublado/schemas.js';
import { labOf } from '../backends/nublado/state.js';
import { stamp, type Clock } from '../runtime/context.js';
import { errorInfo, type Outcome } from '../model/outcome.js';
import type { Result } from '../model/result.js';
import { advance, initialRun, type Input } from '../model/reducer.js';
import { Pace, stateInterval } from '../runtime/pace.js';
import { follow, type AfterEnd } from '../stream/follow.js';
import { systemClock } from '../runtime/system-clock.js';

/**
 * What is followed: a LabClient, or any other object with a stream and a state. Both methods, and the iteration over the
 * stream, must end when the signal aborts, because leaving the loop waits for them.
 */
export interface EventSource {
  events(signal: AbortSignal): Promise<Result<AsyncIterable<Uint8Array>>>;
  state(signal: AbortSignal): Promise<Result<LabState | null>>;
  /** Removes secrets from the texts of the stream. A LabClient removes its token and the values of the lab's environment. */
  redact?(text: string): string;
}

/** Inputs that were yielded before, or that matter only inside this program. */
const internal = ['repeated', 'bytes', 'look', 'following', 'lab', 'response', 'polling', 'decided'] as const;
type Internal = Input & { kind: (typeof internal)[number] };

/** The lab's state; null if there is no lab. */
type StateUpdate = Omit<Input & { kind: 'state' }, 'lab'> & { lab: LabState | null };

/** What is yielded: every input as it arrives, and last the outcome. */
export type Update =
  Exclude<Input, Internal | { kind: 'state' }> | StateUpdate | { kind: 'outcome'; outcome: Outcome };

export interface FollowEventsOptions {
  /**
   * `spawn` (the default) continues until the outcome for the lab is known; `events` until the stream has ended, which the
   * stream of a deletion does without a terminal event.
   */
  goal?: 'spawn' | 'events';
  /** Stops following, without an outcome. For a deadline, use `AbortSignal.timeout(ms)`. */
  signal?: AbortSignal;
  /** Reconnect after this long without a byte, in milliseconds; null for never. Default 45 s, three pings. */
  idleTimeout?: number | null;
  /** Request the state after this long without an event, in milliseconds; null for never. Default 10 s. */
  quiet?: number | null;
  /** Default: the real clock. */
  clock?: Clock;
  /** Uniform in [0, 1), for the jitter of the back-off. Default: Math.random. */
  random?: () => number;
}

const afterEnd: Record<'spawn' | 'events', AfterEnd> = { spawn: 'reopen', events: 'stop' };

/**
 * Follows a lab's events. Leaving the loop closes the connection.
 *
 * Yields nothing more after the outcome. Expected endings are outcomes, never exceptions.
 */
export async function* followEvents(
  source: EventSource,
  options: FollowEventsOptions = {},
): AsyncGenerator<Update, void, undefined> {
  const { goal = 'spawn', signal, clock = systemClock, random = Math.random } = options;
  const { idleTimeout = 45_000, quiet = goal === 'spawn' ? 10_000 : null } = options;
  let state = initialRun(goal, stamp(clock));
  const pace = new Pace(clock, stateInterval);
  const batches = follow({
    source: {
      events: async (each) => {
        const opened = await source.events(each);
        if (!opened.ok) return opened;
        const stream = {
          body: opened.value,
          decode: decodeFrame,
          replay: 'whole',
          heartbeat: 'comment',
        } as const;
        return { ok: true, value: stream };
      },
      state: async (each) => {
        await pace.turn(each);
        const answer = await source.state(each);
        if (!answer.ok) return answer;
        return { ok: true, value: answer.value === null ? null : labOf(answer.value) };
      },
      redact: (text) => source.redact?.(text) ?? text,
    },
    clock,
    retry: { clock, random, contact: { reached: false }, left: () => null },
    signal: signal ?? new AbortController().signal,
    idleTimeout,
    silence: quiet,
    afterEnd: afterEnd[goal],
  });
  for await (const batch of batches) {
    for (const input of batch) {
      state = advance(state, input);
      if (input.kind === 'state') yield { ...input, lab: input.lab?.raw ?? null };
      else if (input.kind === 'event')
        yield { at: input.at, time: input.time, kind: 'event', event: input.event };
      else if (!isInternal(input)) yield input;
      if (state.outcome === null) continue;
      yield { kind: 'outcome', outcome: state.outcome };
      return;
    }
  }
  if (signal?.aborted === true) return;
  const message = state.trouble?.message ?? 'the event stream ended without an outcome';
  const error = state.trouble ?? errorInfo('lost', message);
  yield { kind: 'outcome', outcome: { kind: 'unknown', message, error } };
}

function isInternal(input: Input): input is Internal {
  return (internal as readonly string[]).includes(input.kind);
}
