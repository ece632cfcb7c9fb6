/**
 * One run of a command, as a pure reducer: inputs in, a state out, and in the end an outcome.
 *
 * Owns what events, connection changes and answers about the lab's state mean. Does no I/O, holds no
 * clock: every input is stamped where it enters, and elapsed time is not state.
 */
import type { EventType } from './event-types.js';
import type { Event } from './event.js';
import type { RawFrame } from './frame.js';
import type { Lab } from './lab.js';
import { errorInfo, type ErrorInfo, type Outcome } from './outcome.js';
import type { Operation } from './operation.js';
import { isFinal, outcomeOf, type Failure, type Result } from './result.js';
import { failed, onState, streamEnded } from './state-outcome.js';

export { deletionFailed, failed, removed } from './state-outcome.js';

/** When something happened: `at` in monotonic milliseconds, `time` in milliseconds since the epoch. */
export interface Stamp {
  at: number;
  time: number;
}

export type ConnectionState = 'open' | 'lost' | 'retrying' | 'resumed' | 'replaced';

/** One event; each is shown and counted once, however often the controller repeats it. */
export type EventInput = Stamp & { kind: 'event'; event: Event; operation?: Operation };

/** A frame that is no Event. `type` is its name where that much was right; `frame` is null where it was too large to keep. */
export type SkippedInput = Stamp & {
  kind: 'skipped';
  reason: string;
  frame: RawFrame | null;
  type: EventType | null;
};

export type Input =
  | EventInput
  | SkippedInput
  | (Stamp &
      /** A comment, or the event named `ping` of older controllers: the connection is alive. */
      (
        | { kind: 'heartbeat'; comment: string }
        /** Bytes of the stream that complete nothing new: the connection is alive. */
        | { kind: 'bytes' }
        /** A frame that was shown before but decides something all the same: the reason of a failure, or the end. */
        | { kind: 'repeated'; frame: EventInput | SkippedInput }
        /** What has become of the connection; `attempt` counts from 1 since the last success. */
        | { kind: 'connection'; state: ConnectionState; attempt: number; reason: string | null }
        /**
         * The lab's state as the controller reports it; null where there is no lab. `emptyFor`: for how many milliseconds
         * the stream has been open without a single frame; left out where it is not open, or has sent one.
         */
        | { kind: 'state'; lab: Lab | null; emptyFor?: number }
        /** The controller answered the question for the stream with a refusal. */
        | { kind: 'refused'; failure: Failure }
        /** The stream is over. Clean means that the server ended it properly. */
        | { kind: 'ended'; clean: boolean; reason: string | null }
        /** The last look before the deadline: it has begun, or this is the answer. */
        | { kind: 'look'; answer: Result<Lab | null> | null }
        /** A stream is followed from here on. `again`: the one that was followed last, so that its progress stays. */
        | { kind: 'following'; goal: Goal; again: boolean; known?: Partial<Known> }
      ));

export type InputKind = Input['kind'];

/**
 * What the run is waiting for: a spawn's outcome; the end of whatever keeps a lab from being created; a deletion's
 * outcome; or merely the end of the stream it shows.
 */
export type Goal = 'spawn' | 'create' | 'delete' | 'events';

/** What may be known of an operation before its stream is read. */
export interface Known {
  /** What it does; null while its events do not show it. */
  operation: Operation | null;
  /** Whether a lab is coming up: its create was accepted, or its state was `pending`. */
  expected: boolean;
  /** Whether the stream may repeat an operation that ended long ago, so that the state must confirm its `complete`. */
  mayBeOld: boolean;
}

export interface RunState extends Known {
  goal: Goal;
  started: Stamp;
  /** Events seen so far. */
  events: number;
  /** The highest progress of this operation, in percent; null while nothing numeric is known. */
  percent: number | null;
  /** The reason that an `error` event gave, for the `failed` that follows it. */
  reason: string | null;
  /** What went wrong last between here and the controller, for a run that ends without knowing more. */
  trouble: ErrorInfo | null;
  /** Whether the controller was heard last, and not missed: what a person is shown. The deadline looks for itself. */
  heard: boolean;
  /** When the last byte that means anything arrived, in monotonic milliseconds. */
  lastHeardAt: number;
  /** When the stream brought its last byte, in monotonic milliseconds; null before the first. */
  lastByteAt: number | null;
  /** When the last look before the deadline began, and its answer; null before that. */
  look: { at: number; answer: Result<Lab | null> | null } | null;
  /** When the last event arrived, or the stream was first followed, in monotonic milliseconds. */
  lastEventAt: number;
  /** The event that came last in the whole run, and when. */
  lastEvent: EventInput | null;
  /** Which attempt to reach the controller again is under way; null while none is. */
  retrying: number | null;
  /** A `complete` came with a broken payload: the lab's state decides. */
  completeInDoubt: boolean;
  /** Whether the stream ended cleanly without a terminal event. */
  endedClean: boolean;
  /** Whether the stream is open, is over (it has ended, or there is none), or neither: lost, or not opened yet. */
  stream: 'open' | 'over' | null;
  /** The last state the controller told; undefined while it was not asked. */
  lab: Lab | null | undefined;
  outcome: Outcome | null;
}

export function initialRun(goal: Goal, started: Stamp): RunState {
  return {
    goal,
    started,
    events: 0,
    percent: null,
    reason: null,
    operation: null,
    expected: goal === 'spawn',
    mayBeOld: false,
    trouble: null,
    heard: false,
    lastHeardAt: started.at,
    lastByteAt: null,
    look: null,
    lastEventAt: started.at,
    lastEvent: null,
    retrying: null,
    completeInDoubt: false,
    endedClean: false,
    stream: null,
    lab: undefined,
    outcome: null,
  };
}

/** The state after one more input. An outcome, once there, is final for what is being followed. */
export function advance(state: RunState, input: Input): RunState {
  if (input.kind === 'following') return onFollowing(state, input);
  if (input.kind === 'look') {
    return { ...state, look: { at: state.look?.at ?? input.at, answer: input.answer } };
  }
  if (state.outcome !== null) return state;
  switch (input.kind) {
    case 'event':
      return onEvent(state, input);
    case 'repeated':
      return onRepeated(state, input.frame);
    case 'heartbeat':
    case 'bytes':
      return heardFrom(state, input.at);
    case 'skipped':
      return onSkipped(heardFrom(state, input.at), input.type);
    case 'connection':
      return onConnection({ ...state, stream: isOpen(input.state) ? 'open' : null }, input);
    case 'state':
      return onState({ ...state, heard: true, lab: input.lab }, input);
    case 'refused':
      return onRefused({ ...state, ...afterFailure(input.failure) }, input.failure);
    case 'ended':
      return onEnded(state, input.clean);
    default:
      return unreachable(input);
  }
}

function onFollowing(state: RunState, { at, goal, again, known }: Input & { kind: 'following' }): RunState {
  const { started, events, heard, lastHeardAt, lastByteAt, look, lastEvent, percent, reason } = state;
  const operation = state.operation ?? known?.operation ?? null;
  return {
    ...initialRun(goal, started),
    ...known,
    ...(again ? { percent, reason, operation } : {}),
    events,
    heard,
    lastHeardAt,
    lastByteAt,
    look,
    lastEvent,
    lastEventAt: at,
  };
}

/** What a repetition decides, it decides; but it is no event more, and no news. */
function onRepeated(state: RunState, frame: EventInput | SkippedInput): RunState {
  const { events, lastEvent, lastEventAt } = state;
  return { ...advance(state, frame), events, lastEvent, lastEventAt };
}

/** The stream brought something. */
function heardFrom(state: RunState, at: number): RunState {
  return { ...state, heard: true, lastHeardAt: at, lastByteAt: at };
}

function onEvent(state: RunState, input: EventInput): RunState {
  const { at, event } = input;
  // There may be a million of them: one copy of the state for each is enough.
  const next = {
    ...state,
    events: state.events + 1,
    heard: true,
    lastHeardAt: at,
    lastByteAt: at,
    lastEventAt: at,
    lastEvent: input,
  };
  switch (event.type) {
    case 'info':
      if (event.progress !== null) {
        if (state.percent === null) next.operation ??= input.operation ?? null;
        next.percent = Math.max(state.percent ?? 0, event.progress);
      }
      return next;
    case 'error':
      next.reason = event.message;
      return next;
    case 'complete':
      if (state.mayBeOld) next.completeInDoubt = true;
      // A deletion has no `complete`: the lab was created again.
      else if (state.goal !== 'delete') next.outcome = { kind: 'complete', message: event.message };
      return next;
    case 'failed':
      next.operation = input.operation ?? next.operation;
      return onFailed(next, event.message);
  }
}

function onFailed(state: RunState, message: string): RunState {
  // To whoever waits for a deletion, a spawn that failed is one more lab to be deleted.
  if (state.goal === 'delete' && state.operation === 'spawn') return state;
  return { ...state, outcome: failed(message, state.reason) };
}

function onSkipped(state: RunState, type: EventType | null): RunState {
  // Only the name of a `failed` is needed to know that the operation failed; a `complete` is a claim
  // that can be checked.
  if (type === 'failed') return onFailed(state, 'the operation failed');
  if (type === 'complete') return { ...state, completeInDoubt: true };
  return state;
}

function isOpen(state: ConnectionState): boolean {
  return state === 'open' || state === 'resumed' || state === 'replaced';
}

function onConnection(state: RunState, input: Input & { kind: 'connection' }): RunState {
  const { at } = input;
  switch (input.state) {
    case 'open':
    case 'resumed':
      return { ...state, heard: true, lastHeardAt: at, retrying: null, endedClean: false };
    case 'lost':
      return { ...state, heard: false, trouble: lostStream(input.reason) };
    case 'retrying':
      return {
        ...state,
        // To open a stream again that has ended is no trouble, until that fails.
        heard: state.heard && state.retrying === null,
        retrying: input.attempt,
        trouble: retryReason(input.reason) ?? state.trouble,
      };
    case 'replaced':
      return {
        ...state,
        heard: true,
        lastHeardAt: at,
        percent: null,
        reason: null,
        operation: null,
        mayBeOld: false,
        completeInDoubt: false,
        endedClean: false,
      };
  }
}

function onRefused(state: RunState, failure: Failure): RunState {
  // Whether a lab is gone, or only out of sight, is for its state to tell.
  const gone = failure.kind === 'not-found';
  if (gone && state.goal !== 'events') return { ...state, stream: 'over' };
  return { ...state, outcome: outcomeOf(gone ? withReason(failure, state.reason) : failure) };
}

/** A queue that is gone has nothing more to say; what it said went wrong is all that will ever be known. */
function withReason(failure: Failure, reason: string | null): Failure {
  if (reason === null) return failure;
  const message = `${failure.error.message}; the last error was: ${reason}`;
  return { ...failure, error: { ...failure.error, message } };
}

function onEnded(state: RunState, clean: boolean): RunState {
  if (!clean) return { ...state, heard: false, stream: null };
  const next = { ...state, endedClean: true };
  if (state.goal === 'events' && !state.completeInDoubt) return { ...next, outcome: streamEnded() };
  // A deletion that has come to its end has not failed, whatever the state says for another moment.
  const isDeleted = state.operation === 'deletion' && state.percent === 100;
  return { ...next, stream: isDeleted ? null : 'over' };
}

/** What a failed question says about the way to the controller. */
export function afterFailure(failure: Failure): Pick<RunState, 'heard' | 'trouble'> {
  return { heard: failure.from === 'server' && isFinal(failure), trouble: failure.error };
}

function retryReason(reason: string | null): ErrorInfo | null {
  return reason === null ? null : errorInfo('lost', reason);
}

function lostStream(reason: string | null): ErrorInfo {
  const message = reason === null ? 'the event stream was lost' : `the event stream was lost: ${reason}`;
  return errorInfo('lost', message);
}

function unreachable(input: never): never {
  throw new Error(`no transition for ${JSON.stringify(input)}`);
}
