/**
 * The requests for the state of the command's lab, and how they are spaced: at most one a second, whoever asks.
 */
import type { Clock } from '../context.js';
import type { Backend } from '../controller/backend.js';
import { startDeadline } from '../deadline.js';
import type { LabState } from '../model/lab.js';
import type { Failure, Result } from '../model/result.js';
import { Pace, stateInterval } from '../pace.js';
import type { Subject } from './subject.js';

export interface StateRequestsOptions {
  backend: Backend;
  clock: Clock;
  /** See `answeredWithin`. */
  idleTimeout: number | null;
}

export class StateRequests {
  readonly #options: StateRequestsOptions;
  readonly #pace: Pace;

  constructor(options: StateRequestsOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, stateInterval);
  }

  /** How long until one can be sent, in milliseconds. */
  get wait(): number {
    return this.#pace.wait;
  }

  /** The state of the subject's lab, as soon as it may be asked for; null where there is none. */
  async request({ name, own }: Subject, signal: AbortSignal): Promise<Result<LabState | null>> {
    const { backend, clock, idleTimeout } = this.#options;
    await this.#pace.turn(signal);
    if (signal.aborted) return { ok: false, failure: abandoned };
    return answeredWithin(clock, idleTimeout, signal, (limited) =>
      own ? backend.ownState(limited) : backend.stateOf(name, limited),
    );
  }
}

/** Nobody waits for the answer any more, so nothing was sent. */
const abandoned: Failure = {
  kind: 'unknown',
  error: { type: 'network', message: "could not ask for the lab's state", status: null, hint: null },
  transient: true,
  reached: false,
  maybeDone: false,
  retryAfter: null,
};

/** The answer, or a failure where none came within so many milliseconds: a silent connection is lost, as a silent stream is. */
export async function answeredWithin<T>(
  clock: Clock,
  ms: number | null,
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<Result<T>>,
): Promise<Result<T>> {
  const limit = startDeadline(clock, ms, signal);
  const answer = await ask(limit.signal);
  limit.cancel();
  // A refusal is one, even where the rest of its text did not come.
  if (!limit.expired || answer.ok || answer.failure.reached) return answer;
  const [asked] = answer.failure.error.message.split(': ');
  const message = `${asked ?? ''}: no answer for ${(ms ?? 0) / 1000} s`;
  const { failure } = answer;
  return { ok: false, failure: { ...failure, error: { ...failure.error, message } } };
}
