/**
 * One run of a command, as a pure reducer: it turns inputs into a state and finally into an outcome.
 *
 * Owns what events, connection changes, responses and lab states mean; every change of a run's state goes through
 * `advance`. Does no I/O and has no clock: every input is stamped where it enters, and elapsed time is not state.
 */
import type { EventType } from './event-types.js';
import { errorInfo, type ErrorInfo } from './outcome.js';
import { isFinal, outcomeOf, type Failure } from './result.js';
import {
  initialRun,
  type ConnectionState,
  type EventInput,
  type Input,
  type RunState,
  type SkippedInput,
} from './run-state.js';
import { failed, onState, streamEnded } from './state-outcome.js';

export * from './run-state.js';
export { deletionFailed, failed, labFailed, removed } from './state-outcome.js';

type StreamInput = Exclude<
  Input,
  { kind: 'following' | 'look' | 'response' | 'lab' | 'polling' | 'checking' | 'confirmed' | 'decided' }
>;

/** The state after one more input. Once set, an outcome is final for the followed stream. */
export function advance(state: RunState, input: Input): RunState {
  switch (input.kind) {
    case 'following':
      return onFollowing(state, input);
    case 'look':
      return { ...state, look: { at: state.look?.at ?? input.at, result: input.result } };
    case 'response':
      return onResponse(state, input);
    case 'lab':
      return { ...state, lab: input.lab };
    case 'polling':
      // The state of the connection is still shown.
      return { ...state, outcome: null, endedClean: false };
    case 'checking':
      return { ...state, outcome: null };
    case 'confirmed':
      return { ...state, outcome: null, isProvisional: false, mayBeOld: false };
    case 'decided':
      return { ...state, outcome: input.outcome };
    default:
      return state.outcome === null ? onStream(state, input) : state;
  }
}

/** The state after an input from the followed stream. */
function onStream(state: RunState, input: StreamInput): RunState {
  switch (input.kind) {
    case 'event':
      return onEvent(state, input);
    case 'repeated':
      return onRepeated(state, input.frame);
    case 'heartbeat':
    case 'bytes':
      return touched(state, input.at);
    case 'skipped':
      return onSkipped(touched(state, input.at), input.type);
    case 'connection':
      return onConnection({ ...state, stream: isOpen(input.state) ? 'open' : null }, input);
    case 'state':
      return onState({ ...state, reachable: true, lab: input.lab }, input);
    case 'refused':
      return onRefused({ ...state, ...afterFailure(input.failure) }, input.failure);
    case 'ended':
      return onEnded(state, input.clean);
    default:
      return unreachable(input);
  }
}

function onFollowing(state: RunState, { at, goal, again, known }: Input & { kind: 'following' }): RunState {
  const { started, server, events, reachable, lastContactAt, lastByteAt, look, lastEvent } = state;
  const { percent, reason } = state;
  const operation = state.operation ?? known?.operation ?? null;
  return {
    ...initialRun(goal, started, server),
    ...known,
    ...(again ? { percent, reason, operation } : {}),
    events,
    reachable,
    lastContactAt,
    lastByteAt,
    look,
    lastEvent,
    lastEventAt: at,
  };
}

/** Applies what a repeated frame decides, but does not count it as an event or as new activity. */
function onRepeated(state: RunState, frame: EventInput | SkippedInput): RunState {
  const { events, lastEvent, lastEventAt } = state;
  return { ...advance(state, frame), events, lastEvent, lastEventAt };
}

/** The stream sent something. */
function touched(state: RunState, at: number): RunState {
  return { ...state, reachable: true, lastContactAt: at, lastByteAt: at };
}

function onEvent(state: RunState, input: EventInput): RunState {
  const { at, event } = input;
  if (event.type === 'complete' && state.isProvisional) {
    return onComplete({ ...touched(state, at), held: input }, event.message);
  }
  // There may be a million events, so the state is copied only once for each.
  const next = {
    ...state,
    events: state.events + 1,
    reachable: true,
    lastContactAt: at,
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
      next.reason = input.isSummary === true ? (state.reason ?? event.message) : event.message;
      return next;
    case 'complete':
      return onComplete(next, event.message);
    case 'failed':
      next.operation = input.operation ?? next.operation;
      return onFailed(next, event.message);
  }
}

function onComplete(state: RunState, message: string): RunState {
  if (state.mayBeOld) return { ...state, completeInDoubt: true };
  // A deletion has no `complete`: the lab was created again.
  return state.goal === 'delete' ? state : { ...state, outcome: { kind: 'complete', message } };
}

function onFailed(state: RunState, message: string): RunState {
  // While waiting for a deletion, a failed spawn is not an outcome: it leaves a lab that is still to be deleted.
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
      return { ...state, reachable: true, lastContactAt: at, retrying: null, endedClean: false };
    case 'lost':
      return { ...state, reachable: false, trouble: lostStream(input.reason) };
    case 'retrying':
      return {
        ...state,
        // Reopening a stream that has ended does not count as a connection problem until it fails.
        reachable: state.reachable && state.retrying === null,
        retrying: input.attempt,
        trouble: retryReason(input.reason) ?? state.trouble,
      };
    case 'replaced':
      return {
        ...state,
        reachable: true,
        lastContactAt: at,
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
  // Only the lab's state shows whether the lab is gone or just not visible.
  const gone = failure.kind === 'not-found';
  if (gone && state.goal !== 'events') return { ...state, stream: 'over' };
  return { ...state, outcome: outcomeOf(gone ? withReason(failure, state.reason) : failure) };
}

/** Adds the reason that the stream gave: its queue is gone, so no better explanation can follow. */
function withReason(failure: Failure, reason: string | null): Failure {
  if (reason === null) return failure;
  const message = `${failure.error.message}; the last error was: ${reason}`;
  return { ...failure, error: { ...failure.error, message } };
}

function onEnded(state: RunState, clean: boolean): RunState {
  if (!clean) return { ...state, reachable: false, stream: null };
  const next = { ...state, endedClean: true };
  if (state.goal === 'events' && !state.completeInDoubt) return { ...next, outcome: streamEnded() };
  // A deletion that reached 100 percent has not failed, even if the state briefly shows otherwise.
  const isDeleted = state.operation === 'deletion' && state.percent === 100;
  return { ...next, stream: isDeleted ? null : 'over' };
}

function onResponse(state: RunState, { at, from, failure }: Input & { kind: 'response' }): RunState {
  if (failure === null && from === 'server') {
    return { ...state, reachable: true, lastContactAt: at, retrying: null };
  }
  if (failure === null) return { ...state, retrying: null };
  if (from === 'other') return { ...state, trouble: failure.error };
  const next = { ...state, ...afterFailure(failure) };
  return next.reachable ? { ...next, retrying: null } : next;
}

/** What a failed request shows about the connection to the controller. */
function afterFailure(failure: Failure): Pick<RunState, 'reachable' | 'trouble'> {
  return { reachable: failure.from === 'server' && isFinal(failure), trouble: failure.error };
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
