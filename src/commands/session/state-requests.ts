/**
 * The requests for the state of the command's lab: how they are spaced, and the last look before the deadline.
 *
 * At most one is sent per second in total. Where a server may forget a lab for a moment, an absence is confirmed by a second
 * one. The last look is an additional one, on a new connection, because the existing
 * ones may be dead without notice; requests that are pending when it begins get its response instead. When it is due, and
 * what follows from it, is decided elsewhere.
 */
import type { Clock } from '../../runtime/context.js';
import type { Backend, Subject } from '../../backends/backend.js';
import { isAborted, sleep, startDeadline, unlessAborted } from '../../runtime/deadline.js';
import { errorInfo } from '../../model/outcome.js';
import type { Lab } from '../../model/lab.js';
import { isResponse, type Failure, type Result } from '../../model/result.js';
import { Pace, stateInterval } from '../../runtime/pace.js';

export interface StateRequestsOptions {
  backend: Backend;
  /** The same backend, on connections of its own. */
  freshBackend: () => Promise<Backend>;
  clock: Clock;
  /** See `responseWithin`. */
  idleTimeout: number | null;
}

type State = Result<Lab | null>;

export class StateRequests {
  readonly #options: StateRequestsOptions;
  readonly #pace: Pace;
  readonly #lookBegins = new AbortController();
  /** The last look while it is in progress. */
  #look: Promise<State> | null = null;
  /** Ends the last look. */
  #lookSignal: AbortSignal | null = null;
  #known: { name: string; lab: Lab | null } | null = null;
  /** Whether a lab was there or requested, so that its absence is a surprise. */
  #isExpected = false;

  constructor(options: StateRequestsOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, stateInterval);
  }

  /** How long until one can be sent, in milliseconds. */
  get wait(): number {
    return this.#pace.wait;
  }

  /** Aborts when the last look begins: a request made then gets the last look's response. */
  get lookBegins(): AbortSignal {
    return this.#lookBegins.signal;
  }

  /** A lab was requested: its absence is a surprise from now on. */
  expect(): void {
    this.#isExpected = true;
  }

  /** The state of the subject's lab, as soon as a request may be sent; null if there is no lab. */
  async request(subject: Subject, signal: AbortSignal): Promise<State> {
    const response = await this.#requestOnce(subject, signal);
    const { clock, backend } = this.#options;
    const { confirmAbsenceAfter } = backend;
    const isSurprise = response.ok && response.value === null && this.#isExpected;
    if (isSurprise && confirmAbsenceAfter !== null && !this.lookBegins.aborted) {
      await sleep(clock, confirmAbsenceAfter, AbortSignal.any([signal, this.lookBegins]));
      if (!signal.aborted) return this.#noted(await this.#requestOnce(subject, signal));
    }
    return this.#noted(response);
  }

  #noted(response: State): State {
    // The end of a deletion is no surprise, and an unanswered request shows nothing.
    if (response.ok) this.#isExpected = response.value !== null && lasts(response.value);
    return response;
  }

  async #requestOnce(subject: Subject, signal: AbortSignal): Promise<State> {
    const { lookBegins } = this;
    if (!lookBegins.aborted) {
      const response = await this.#send(subject, AbortSignal.any([signal, lookBegins]));
      if (response.ok || signal.aborted || !isAborted(lookBegins)) return response;
    }
    if (this.#look === null) return this.#send(subject, signal);
    const look = this.#look;
    return unlessAborted(look, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      // At the deadline the look ends at once, and a refusal counts even if its text did not arrive.
      return this.#lookSignal?.aborted === true ? look : { ok: false, failure: abandoned };
    });
  }

  /** Begins the last look; all other pending requests are abandoned. `subject`: null while it is unknown. */
  look(subject: Subject | null, signal: AbortSignal): Promise<State> {
    this.#pace.skip();
    this.#lookSignal = signal;
    this.#look = this.#options
      .freshBackend()
      .then((backend) =>
        subject === null ? backend.ownState(signal) : backend.lab(subject).state(signal, true),
      )
      .finally(() => {
        this.#look = null;
      });
    this.#lookBegins.abort();
    return this.#look;
  }

  async #send(subject: Subject, signal: AbortSignal): Promise<State> {
    const { backend, clock, idleTimeout } = this.#options;
    const known = this.#known;
    this.#known = null;
    // Within the same second, no newer state can be requested.
    if (known?.name === subject.name && !subject.own && this.#pace.wait > 0) {
      return { ok: true, value: known.lab };
    }
    await this.#pace.turn(signal);
    if (signal.aborted) return { ok: false, failure: abandoned };
    return responseWithin(clock, idleTimeout, signal, (limited) => backend.lab(subject).state(limited));
  }

  /** Uses this state for the next request if it follows at once: it was read to find out whose lab can be read. */
  keep(name: string, lab: Lab | null): void {
    this.#known = { name, lab };
  }
}

/** Whether a lab in this phase does not disappear by itself. */
function lasts({ phase, gone = false }: Lab): boolean {
  return !gone && phase !== 'stopping';
}

/** The caller no longer waits for the response, so nothing was sent. */
const abandoned: Failure = {
  kind: 'unknown',
  error: errorInfo('network', "could not get the lab's status"),
  retry: 'later',
  effect: 'none',
  from: 'nobody',
};

/** The response, or a failure if none arrived within the idle timeout: a silent connection counts as lost. */
export async function responseWithin<T>(
  clock: Clock,
  ms: number | null,
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<Result<T>>,
): Promise<Result<T>> {
  const limit = startDeadline(clock, ms, signal);
  const result = await ask(limit.signal);
  limit.cancel();
  // A refusal counts even if the rest of its text did not arrive.
  if (!limit.expired || result.ok || isResponse(result.failure)) return result;
  const [asked] = result.failure.error.message.split(': ');
  const message = `${asked ?? ''}: no response for ${(ms ?? 0) / 1000} s`;
  const { failure } = result;
  return { ok: false, failure: { ...failure, error: { ...failure.error, message } } };
}
