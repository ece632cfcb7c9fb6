/**
 * What a lab's state means while its stream is followed, and the outcomes that follow from both.
 *
 * `failed` proves nothing by itself: it is also reported while an operation is in progress, and then the stream reports
 * how that ends (contract, "What a client must survive", 12). Leaves the case without a readable stream to
 * `commands/session/following.ts`.
 */
import { hasFailedForGood, isGone, type Lab } from './lab.js';
import { errorOutcome, labRuns, type Outcome } from './outcome.js';
import type { Input, RunState } from './run-state.js';

/** An open stream without a single event for this long belongs to no operation, in milliseconds. */
const emptyLimit = 30_000;

/** The run after the lab's state was read. */
export function onState(state: RunState, { lab, emptyFor = 0 }: Input & { kind: 'state' }): RunState {
  const hasFailed =
    lab?.phase === 'failed' && (hasFailedForGood(lab) || state.stream === 'over' || emptyFor >= emptyLimit);
  switch (state.goal) {
    case 'events':
      return onStateOfEvents(state, lab);
    case 'create':
      // The command decides when to send the create again.
      return state;
    case 'delete':
      if (isGone(lab)) return { ...state, outcome: { kind: 'absent', message: 'the lab is gone' } };
      return hasFailed && state.operation === 'deletion'
        ? { ...state, outcome: deletionFailed(state.reason) }
        : state;
    case 'spawn':
      return onStateOfSpawn(state, lab, hasFailed);
  }
}

function onStateOfSpawn(state: RunState, lab: Lab | null, hasFailed: boolean): RunState {
  switch (lab?.phase) {
    case undefined:
    case 'orphaned':
      // If no lab was expected, the command decides what its absence means.
      return state.expected ? { ...state, outcome: removed(state) } : state;
    case 'running':
      return { ...state, outcome: labRuns };
    case 'starting':
      return { ...state, expected: true };
    case 'failed':
      return hasFailed ? { ...state, outcome: labFailed(lab, state.reason) } : state;
    case 'stopping':
      // A stream that ended normally without a terminal event belonged to a deletion.
      return state.expected && state.endedClean ? { ...state, outcome: removed(state) } : state;
    case 'unsettled':
    case 'other':
      return state;
  }
}

function onStateOfEvents(state: RunState, lab: Lab | null): RunState {
  // For `events`, the outcome is how the stream ended; the state decides only what the stream left open.
  if (!state.completeInDoubt) return state;
  if (lab?.phase === 'running') {
    return { ...state, outcome: labRuns };
  }
  if (!state.endedClean) return state;
  if (lab?.phase === 'failed') return { ...state, outcome: failed('the lab has failed', state.reason) };
  return { ...state, outcome: streamEnded() };
}

export function streamEnded(): Outcome {
  return { kind: 'ok', message: 'the stream ended' };
}

/** The outcome of an operation that failed; the reason comes from an `error` event, and is not repeated. */
export function failed(words: string, reason: string | null, type = 'failed'): Outcome {
  const isSaid = reason === null || words.includes(reason);
  const parts = [words, isSaid ? '' : reason].filter((part) => part !== '');
  const message = parts.length === 0 ? 'the operation failed' : parts.join(': ');
  return errorOutcome('failed', type, message);
}

/** The outcome of a lab whose state is `failed`. */
export function labFailed({ reason: own }: Lab, reason: string | null): Outcome {
  return failed(own ?? 'the lab has failed', reason);
}

export function deletionFailed(reason: string | null): Outcome {
  return failed('the deletion failed', reason, 'delete_failed');
}

/**
 * The lab is gone; the reason, if there is one, comes from an `error` event. A Hub forgets a spawn when it restarts, and does
 * not report a failure then; and it says that a lab is ready which is being stopped.
 */
export function removed({ server, reason }: Pick<RunState, 'server' | 'reason'>): Outcome {
  if (server !== 'the Hub') return failed('the lab was removed before it ran', reason, 'removed');
  const lost = 'the Hub has lost the spawn: it was restarted, or the lab was stopped, or died';
  return failed(lost, reason, 'removed');
}
