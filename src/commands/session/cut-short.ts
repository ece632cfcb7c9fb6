/**
 * The messages and the outcome of a run that ended without its own outcome: because of a signal, the deadline, or because
 * nothing more can be found out.
 */
import type { EndReason } from '../../runtime/context.js';
import type { Deadline } from '../../runtime/deadline.js';
import { bug, errorInfo, errorOutcome, outputFailed, type Outcome } from '../../model/outcome.js';
import { OutputError } from '../../model/output-error.js';
import type { Lab } from '../../model/lab.js';
import { outcomeOf } from '../../model/result.js';
import type { RunState } from '../../model/reducer.js';
import { isReachable, type Evidence } from './last-look.js';

/** The messages for a run that is cut short. */
export interface Words {
  interrupted: string;
  /** The message at the deadline if the server was reachable. Default: the operation continues. */
  timeUp?: string;
  /** The outcome that follows from the state that the last look found, if there is one. */
  decides?: (lab: Lab | null) => Outcome | null;
  hint: string | null;
}

/**
 * The outcome of a run that ended without its own: because of a signal, because it timed out, or because nothing more
 * can be found out. `unreached`: the URL of a server that has never responded.
 */
export function cutShort(
  signal: AbortSignal,
  deadline: Pick<Deadline, 'expired'>,
  { trouble, server, ...known }: Pick<RunState, 'trouble' | 'server'> & Partial<Evidence>,
  words: Words,
  unreached: string | null = null,
): Outcome {
  const { interrupted, timeUp = `the operation continues in ${server}`, hint } = words;
  if (signal.aborted) {
    const reason = signal.reason as EndReason;
    if (typeof reason === 'string') {
      const error = errorInfo(reason.toLowerCase(), interrupted, { hint });
      return { kind: 'interrupted', signal: reason, message: interrupted, error };
    }
    return reason instanceof OutputError ? outputFailed(reason.message) : bug(reason);
  }
  if (!deadline.expired) {
    const error = trouble ?? errorInfo('lost', 'the event stream ended without an outcome');
    return { kind: 'unknown', message: error.message, error: { ...error, hint: error.hint ?? hint } };
  }
  const { result } = known.look ?? { result: null };
  const decided = result?.ok === true ? (words.decides?.(result.value) ?? null) : null;
  if (decided !== null) return decided;
  if (result?.ok === false && result.failure.kind === 'unauthorized') return outcomeOf(result.failure);
  if (isReachable(known)) {
    return errorOutcome('timeout', 'timeout', `timed out; ${timeUp}`, { hint });
  }
  const last = result?.ok === false ? result.failure.error : trouble;
  const where =
    unreached === null || (last?.status ?? null) !== null ? '' : `: no response from ${unreached}`;
  const why = last === null ? where : `${where}: ${last.message}`;
  return errorOutcome('unknown', 'timeout', `timed out; outcome unknown${why}`, { hint });
}
