/**
 * The requests for the state of the command's lab: how they are spaced, and the last look before the deadline. A state is
 * that of the right user, or a failure.
 *
 * At most one a second goes out, whoever asks. The last look is one more, on a new connection, because the old ones may be
 * dead without anybody knowing; whoever waits for a response when it begins gets its response instead. When it is due, and
 * what follows from it, is not decided here.
 */
import type { Clock } from '../../runtime/context.js';
import type { Backend } from '../../backends/backend.js';
import { isAborted, startDeadline, unlessAborted } from '../../runtime/deadline.js';
import type { LabState } from '../../model/lab.js';
import type { Failure, Result } from '../../model/result.js';
import { Pace, stateInterval } from '../../runtime/pace.js';
import type { Subject } from './subject.js';

export interface StateRequestsOptions {
  backend: Backend;
  /** The same backend, on connections of its own. */
  freshBackend: () => Promise<Backend>;
  clock: Clock;
  /** See `answeredWithin`. */
  idleTimeout: number | null;
  /** Whether the user is named to the controller, and does not follow from a token. */
  direct: boolean;
}

type State = Result<LabState | null>;

export class StateRequests {
  readonly #options: StateRequestsOptions;
  readonly #pace: Pace;
  readonly #lookBegins = new AbortController();
  /** The last look while it is under way. */
  #look: Promise<State> | null = null;
  /** Ends the last look. */
  #lookSignal: AbortSignal | null = null;
  #known: { name: string; lab: LabState | null } | null = null;

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

  /** Begins the last look; every other request that is under way is abandoned. */
  look(subject: Subject, signal: AbortSignal): Promise<State> {
    this.#pace.skip();
    this.#lookSignal = signal;
    this.#look = this.#options
      .freshBackend()
      .then((backend) => this.#stateOf(backend, subject, signal))
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
    return answeredWithin(clock, idleTimeout, signal, (limited) => this.#stateOf(backend, subject, limited));
  }

  async #stateOf(backend: Backend, { name, own }: Subject, signal: AbortSignal): Promise<State> {
    if (!own) return backend.stateOf(name, signal);
    const answer = await backend.ownState(signal);
    // Nobody names the user in this request: it is about whoever the token, or the ingress, says.
    const whose = answer.ok ? (answer.value?.user?.username ?? name) : name;
    return whose === name ? answer : { ok: false, failure: anothersLab(name, whose, this.#options.direct) };
  }

  /** Answers the next request with this, if it follows at once: it was read to find out whose lab can be read. */
  keep(name: string, lab: LabState | null): void {
    this.#known = { name, lab };
  }
}

function anothersLab(name: string, whose: string, direct: boolean): Failure {
  const message = direct
    ? `the controller reports the lab of ${whose}, although ${name} was asked for`
    : `the token belongs to ${whose}, not to ${name}`;
  const hint = direct
    ? 'Something between here and the controller names another user. Check --controller and --user.'
    : `Check --user, or use a token of ${name}.`;
  return {
    kind: direct ? 'unknown' : 'unauthorized',
    error: { type: 'another_user', message, status: null, hint },
    transient: false,
    reached: true,
    maybeDone: false,
    retryAfter: null,
  };
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
