/**
 * The requests for the state of the command's lab: how they are spaced, and the last look before the deadline.
 *
 * At most one a second goes out, whoever asks. The last look is one more, on a new connection, because the old ones may be
 * dead without anybody knowing; whoever waits for a response when it begins gets its response instead. When it is due, and
 * what follows from it, is not decided here.
 */
import type { Clock } from '../../runtime/context.js';
import type { Backend, Subject } from '../../backends/backend.js';
import { isAborted, startDeadline, unlessAborted } from '../../runtime/deadline.js';
import { errorInfo } from '../../model/outcome.js';
import type { Lab } from '../../model/lab.js';
import { isResponse, type Failure, type Result } from '../../model/result.js';
import { Pace, stateInterval } from '../../runtime/pace.js';

export interface StateRequestsOptions {
  backend: Backend;
  /** The same backend, on connections of its own. */
  freshBackend: () => Promise<Backend>;
  clock: Clock;
  /** See `answeredWithin`. */
  idleTimeout: number | null;
}

type State = Result<Lab | null>;

export class StateRequests {
  readonly #options: StateRequestsOptions;
  readonly #pace: Pace;
  readonly #lookBegins = new AbortController();
  /** The last look while it is under way. */
  #look: Promise<State> | null = null;
  /** Ends the last look. */
  #lookSignal: AbortSignal | null = null;
  #known: { name: string; lab: Lab | null } | null = null;

  constructor(options: StateRequestsOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, stateInterval);
  }

  /** How long until one can be sent, in milliseconds. */
  get wait(): number {
    return this.#pace.wait;
  }

  /** Aborts when the last look begins: a request that is made then is answered by it. */
  get lookBegins(): AbortSignal {
    return this.#lookBegins.signal;
  }

  /** The state of the subject's lab, as soon as it may be asked for; null where there is none. */
  async request(subject: Subject, signal: AbortSignal): Promise<State> {
    const { lookBegins } = this;
    if (!lookBegins.aborted) {
      const answer = await this.#send(subject, AbortSignal.any([signal, lookBegins]));
      if (answer.ok || signal.aborted || !isAborted(lookBegins)) return answer;
    }
    if (this.#look === null) return this.#send(subject, signal);
    const look = this.#look;
    return unlessAborted(look, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      // At the deadline the look is over at once, and a refusal is one although its text did not come.
      return this.#lookSignal?.aborted === true ? look : { ok: false, failure: abandoned };
    });
  }

  /** Begins the last look; every other request that is under way is abandoned. `subject`: null while it is not known. */
  look(subject: Subject | null, signal: AbortSignal): Promise<State> {
    this.#pace.skip();
    this.#lookSignal = signal;
    this.#look = this.#options
      .freshBackend()
      .then((backend) => (subject === null ? backend.ownState(signal) : backend.lab(subject).state(signal)))
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
    // Nothing newer is to be had within the same second.
    if (known?.name === subject.name && !subject.own && this.#pace.wait > 0) {
      return { ok: true, value: known.lab };
    }
    await this.#pace.turn(signal);
    if (signal.aborted) return { ok: false, failure: abandoned };
    return answeredWithin(clock, idleTimeout, signal, (limited) => backend.lab(subject).state(limited));
  }

  /** Answers the next request with this, if it follows at once: it was read to find out whose lab can be read. */
  keep(name: string, lab: Lab | null): void {
    this.#known = { name, lab };
  }
}

/** Nobody waits for the answer any more, so nothing was sent. */
const abandoned: Failure = {
  kind: 'unknown',
  error: errorInfo('network', "could not get the lab's status"),
  retry: 'later',
  effect: 'none',
  from: 'nobody',
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
  if (!limit.expired || answer.ok || isResponse(answer.failure)) return answer;
  const [asked] = answer.failure.error.message.split(': ');
  const message = `${asked ?? ''}: no response for ${(ms ?? 0) / 1000} s`;
  const { failure } = answer;
  return { ok: false, failure: { ...failure, error: { ...failure.error, message } } };
}
