/**
 * Requests the lab's state: on request, and automatically after silences.
 *
 * Owns when it is requested, and that there is never more than one request at a time. Leaves the meaning of a state to
 * the reducer, and what to do without one to `follow.ts`.
 */
import type { Clock } from '../runtime/context.js';
import { isAborted, startDeadline } from '../runtime/deadline.js';
import type { Lab } from '../model/lab.js';
import type { Failure, Result } from '../model/result.js';
import { repeatWhenSilent, type Silence } from './silence.js';

export interface StateWatchOptions {
  request: (signal: AbortSignal) => Promise<Result<Lab | null>>;
  clock: Clock;
  /** The state is requested after this long without a touch, in milliseconds; null for never. */
  silence: number | null;
  /** Aborts the request in progress; nothing is requested after that. */
  signal: AbortSignal;
  /** Whether the consumer has not yet taken the last state; while true, a silence triggers no further request. */
  isBusy: () => boolean;
  onResult: (result: Result<Lab | null>) => void;
  /** A background request threw an exception, which is a bug; `close` rethrows it. */
  onBroken: () => void;
}

/** Request timeout, in milliseconds. */
const timeout = 10_000;

export class StateWatch {
  readonly #options: StateWatchOptions;
  readonly #silence: Silence | null;
  #requesting: Promise<void> | null = null;
  #failure: Failure | null = null;

  constructor(options: StateWatchOptions) {
    this.#options = options;
    const { clock, silence, isBusy } = options;
    this.#silence =
      silence === null
        ? null
        : repeatWhenSilent(clock, silence, () => (isBusy() ? Promise.resolve() : this.#requestAside()));
  }

  /** The failure of the last request; null if it succeeded. */
  get failure(): Failure | null {
    return this.#failure;
  }

  /** The stream has sent something, so the state need not be requested. */
  touch(): void {
    this.#silence?.touch();
  }

  /** The known state may be out of date: requests it in the background. */
  wake(): void {
    if (this.#silence !== null) void this.#requestAside();
  }

  /** Requests the state and waits for it; a request in progress is shared. */
  request(): Promise<void> {
    this.#requesting ??= this.#requestNow().then(() => {
      this.#requesting = null;
    });
    return this.#requesting;
  }

  /**
   * Resolves when no request is in progress. The result of a request that was sent before this call may be out of date.
   */
  async settled(): Promise<void> {
    await this.#requesting;
  }

  /**
   * Stops automatic requests. Resolves when no request is in progress, and rethrows the exception of a background
   * request.
   */
  async close(): Promise<void> {
    this.#silence?.cancel();
    await this.#requesting;
  }

  #requestAside(): Promise<void> {
    return this.request().catch(() => {
      this.#options.onBroken();
    });
  }

  async #requestNow(): Promise<void> {
    const { request, clock, signal, onResult } = this.#options;
    if (isAborted(signal)) return;
    const limit = startDeadline(clock, timeout, signal);
    const result = await request(limit.signal).finally(() => {
      limit.cancel();
    });
    if (isAborted(signal)) return;
    this.#failure = result.ok ? null : result.failure;
    onResult(result);
  }
}
