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
import type { Lab, Phase } from '../model/lab.js';
import { errorInfo, type Outcome } from '../model/outcome.js';
import type { Result } from '../model/result.js';
import { advance, initialRun, type Input } from '../model/reducer.js';
import { Pace, stateInterval } from '../runtime/pace.js';
import type { EventStream } from '../stream/event-stream.js';
import { follow, type AfterEnd } from '../stream/follow.js';
import type { Source } from '../stream/source.js';
import { systemClock } from '../runtime/system-clock.js';
import { confirmedState, HeldComplete } from './provisional.js';

/**
 * What is followed: a LabClient, a HubClient, or any other object with a stream and a state. Both methods, and the iteration
 * over the stream, must end when the signal aborts, because leaving the loop waits for them.
 */
export interface EventSource {
  /** The bytes of a stream, in the form of the Nublado controller; or a stream in another form, with its decoder. */
  events(signal: AbortSignal): Promise<Result<AsyncIterable<Uint8Array> | EventStream>>;
  state(signal: AbortSignal): Promise<Result<LabState | null>>;
  /** Removes secrets from the texts of the stream. The clients remove their tokens, and the secrets that they were given. */
  redact?(text: string): string;
  /** How the source differs from a Nublado controller. */
  readonly rules?: SourceRules;
}

/** How to interpret a source. The defaults are those for a Nublado controller. */
export interface SourceRules {
  /** What the server is called in messages. */
  name?: 'the controller' | 'the Hub';
  /** What a state means. */
  interpret?(state: LabState): StateMeaning;
  /**
   * Whether a `complete`, a state that says that the lab runs, and a missing lab may be false. They count once a second
   * request for the state confirms them; until then a `complete` is not yielded. Default false.
   */
  isProvisional?: boolean;
}

export interface StateMeaning {
  phase: Phase;
  /** Why the lab failed, if the state says so. */
  reason?: string | undefined;
  /** Whether nothing is left of the lab, so that its failure is final. */
  gone?: boolean;
}

/** Inputs that were yielded before, or that matter only inside this program. */
const internal = [
  'repeated',
  'bytes',
  'look',
  'following',
  'lab',
  'response',
  'polling',
  'checking',
  'confirmed',
  'decided',
] as const;
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
  /**
   * Reconnect after this long without a byte, in milliseconds; null for never. Default: that of the stream, for a HubClient
   * 20 s; otherwise 45 s, three pings of the controller.
   */
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
  const { rules = {} } = source;
  const { idleTimeout = 45_000, quiet = goal === 'spawn' ? 10_000 : null } = options;
  let state = initialRun(goal, stamp(clock), rules.name);
  const held =
    rules.isProvisional === true ? new HeldComplete((text) => source.redact?.(text) ?? text) : null;
  const batches = follow({
    source: sourceOf(source, held, clock, options.idleTimeout !== undefined),
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
      let { outcome } = state;
      if (input.kind === 'state') {
        yield { ...input, lab: input.lab?.raw ?? null };
        const confirmed = held?.confirmedBy(input) ?? null;
        if (confirmed !== null) {
          yield { at: input.at, time: input.time, kind: 'event', event: confirmed };
          outcome = { kind: 'complete', message: confirmed.message };
        }
      } else if (input.kind === 'event')
        yield { at: input.at, time: input.time, kind: 'event', event: input.event };
      else if (!isInternal(input) && held?.isMark(input) !== true) yield input;
      if (outcome === null) continue;
      yield { kind: 'outcome', outcome };
      return;
    }
  }
  if (signal?.aborted === true) return;
  const message = state.trouble?.message ?? 'the event stream ended without an outcome';
  const error = state.trouble ?? errorInfo('lost', message);
  yield { kind: 'outcome', outcome: { kind: 'unknown', message, error } };
}

/**
 * The source for `follow`: with the form and the rules of a Nublado controller where it has none of its own.
 * `hasTimeout`: whether an idle timeout was given, which replaces that of the stream.
 */
function sourceOf(source: EventSource, held: HeldComplete | null, clock: Clock, hasTimeout: boolean): Source {
  const pace = new Pace(clock, stateInterval);
  const read: Source['state'] = async (signal) => {
    await pace.turn(signal);
    const result = await source.state(signal);
    if (!result.ok) return result;
    return { ok: true, value: result.value === null ? null : meaningOf(result.value, source) };
  };
  return {
    events: async (signal) => {
      const opened = await source.events(signal);
      if (!opened.ok) return opened;
      const { value } = opened;
      const { idleTimeout, ...stream }: EventStream =
        Symbol.asyncIterator in value ? { body: value, ...nublado } : value;
      const decode = held?.decoder(stream.decode) ?? stream.decode;
      const own = hasTimeout || idleTimeout === undefined ? {} : { idleTimeout };
      return { ok: true, value: { ...stream, decode, ...own } };
    },
    state: held === null ? read : (signal) => confirmedState(read, clock, signal),
    redact: (text) => source.redact?.(text) ?? text,
  };
}

function meaningOf(state: LabState, { rules }: EventSource): Lab {
  const lab = labOf(state);
  const meaning = rules?.interpret?.(state);
  if (meaning === undefined) return lab;
  const { phase, reason, gone = false } = meaning;
  return { ...lab, phase, gone, ...(reason === undefined ? {} : { reason }) };
}

const nublado = { decode: decodeFrame, replay: 'whole', heartbeat: 'comment' } as const;

function isInternal(input: Input): input is Internal {
  return (internal as readonly string[]).includes(input.kind);
}
