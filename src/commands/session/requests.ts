/**
 * The requests of a run: their idle timeout, their retries, and what a response shows about the server.
 *
 * Owns when a request is sent again. The failure says whether a retry makes sense (`model/result.ts`), `runtime/retry.ts`
 * how long to wait, and `state-requests.ts` how often the state may be requested.
 */
import type { Subject } from '../../backends/backend.js';
import type { Lab } from '../../model/lab.js';
import { isFinal, type Failure, type Result } from '../../model/result.js';
import { isAborted, sleep } from '../../runtime/deadline.js';
import { Retry, type RetryOptions } from '../../runtime/retry.js';
import type { Run } from './run.js';
import { responseWithin, type StateRequests } from './state-requests.js';

export interface RequestsOptions {
  run: Run;
  states: StateRequests;
  /** Aborts on the deadline and on a signal that ends the program. */
  signal: AbortSignal;
  /** A request without a response for this long is lost, in milliseconds; null for never. */
  idleTimeout: number | null;
  retry: RetryOptions;
}

export class Requests {
  readonly #run: Run;
  readonly #states: StateRequests;
  readonly #signal: AbortSignal;
  readonly #idleTimeout: number | null;
  readonly #retryOptions: RetryOptions;

  constructor({ run, states, signal, idleTimeout, retry }: RequestsOptions) {
    this.#run = run;
    this.#states = states;
    this.#signal = signal;
    this.#idleTimeout = idleTimeout;
    this.#retryOptions = retry;
  }

  /** The attempts at one request, for a command that decides itself what to do between them. */
  retries(): Retry {
    return new Retry(this.#retryOptions);
  }

  /**
   * Sends a request once. Without a response within the idle timeout it is lost, like a silent stream.
   * `isContact`: whether a response shows that the server is reachable.
   */
  async attempt<T>(
    question: (signal: AbortSignal) => Promise<Result<T>>,
    isContact = true,
    signal = this.#signal,
  ): Promise<Result<T>> {
    return this.#noteResult(
      await responseWithin(this.#run.context.clock, this.#idleTimeout, signal, question),
      isContact,
      signal,
    );
  }

  #noteResult<T>(result: Result<T>, isContact: boolean, signal: AbortSignal): Result<T> {
    if (isAborted(signal)) return result;
    if (isContact && (result.ok || (result.failure.from === 'server' && isFinal(result.failure)))) {
      this.#retryOptions.contact.reached = true;
    }
    const failure = result.ok ? null : result.failure;
    this.#run.advance({ kind: 'response', from: isContact ? 'server' : 'other', failure });
    return result;
  }

  /** Sends a request until there is a response, or none can be expected. Only for requests that may be repeated. */
  ask<T>(question: (signal: AbortSignal) => Promise<Result<T>>, isContact = true): Promise<Result<T>> {
    return this.#untilResponse(() => this.attempt(question, isContact));
  }

  /** `least`: minimum milliseconds before a retry. `early`: aborts when it can be retried sooner. */
  async #untilResponse<T>(
    attempt: () => Promise<Result<T>>,
    least = () => 0,
    early?: AbortSignal,
  ): Promise<Result<T>> {
    const retry = this.retries();
    for (;;) {
      const result = await attempt();
      if (result.ok || this.#signal.aborted) return result;
      const wait = retry.after(result.failure, least());
      if (wait === null) return result;
      await this.waitToRetry(retry, result.failure, wait, early);
      if (isAborted(this.#signal)) return result;
    }
  }

  /** Reports a retry, and waits until it is due. */
  async waitToRetry(retry: Retry, { error }: Failure, ms: number, early?: AbortSignal): Promise<void> {
    this.#run.context.trace(1, `retrying in ${Math.round(ms)} ms`);
    const { attempts: attempt } = retry;
    this.#run.show(
      this.#run.advance({ kind: 'connection', state: 'retrying', attempt, reason: error.message }),
    );
    this.#run.display.flush();
    const isOver = early === undefined || early.aborted;
    await sleep(this.#run.context.clock, ms, isOver ? this.#signal : AbortSignal.any([this.#signal, early]));
  }

  /** The state of the subject's lab, applied to the run and shown; null if there is no lab. */
  async labState(subject: Subject): Promise<Result<Lab | null>> {
    const attempt = () => this.#attemptState(subject, this.#signal);
    const { lookBegins } = this.#states;
    return this.noteState(await this.#untilResponse(attempt, () => this.#states.wait, lookBegins));
  }

  /** The same without retries, for callers that repeat the request anyway. */
  async lookAtLab(subject: Subject, signal: AbortSignal): Promise<Result<Lab | null>> {
    return this.noteState(await this.#attemptState(subject, signal));
  }

  async #attemptState(subject: Subject, signal: AbortSignal): Promise<Result<Lab | null>> {
    return this.#noteResult(await this.#states.request(subject, signal), true, signal);
  }

  /** The server accepted a create: a state without a lab is a surprise from now on. */
  noteCreated(): void {
    this.#states.expect();
  }

  /** Applies a state to the run and shows it. */
  noteState(result: Result<Lab | null>): Result<Lab | null> {
    if (!result.ok) return result;
    const { value: lab } = result;
    this.#run.show(this.#run.advance({ kind: 'lab', lab }));
    this.#run.display.flush();
    return result;
  }

  /** The state of a lab whose user is still being looked up: kept for the command, and not shown. */
  async stateOnce(of: Subject): Promise<Result<Lab | null>> {
    const result = await this.#untilResponse(
      () => this.#attemptState(of, this.#signal),
      () => this.#states.wait,
    );
    if (result.ok) this.#states.keep(of.name, result.value);
    return result;
  }
}
