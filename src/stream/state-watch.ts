/**
 * Requests the lab's state: where somebody has to know it, and by itself after silences.
 *
 * Owns when it is requested, and that there is never more than one request at a time. What a state means is decided by
 * the reducer, and what is done without one by `follow.ts`.
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
  /** Ends the request in progress; nothing is requested after that. */
  signal: AbortSignal;
  /** Whether the consumer has not taken the last state yet: then a silence requests no further one. */
  isBusy: () => boolean;
  onResult: (result: Result<Lab | null>) => void;
  /** A request that nobody waits for threw, which is a bug; `close` throws it. */
  onBroken: () => void;
}

/** A request is given up after this long, in milliseconds. */
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

  /** Why the last request failed; null where it did not. */
  get failure(): Failure | null {
    return this.#failure;
  }

  /** The stream has said as much as the state would. */
  touch(): void {
    this.#silence?.touch();
  }

  /** What is known may be out of date; nobody waits for the state. */
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

  /** Resolves when no request is in progress. The result of one that was sent before now may be out of date. */
  async settled(): Promise<void> {
    await this.#requesting;
  }

  /** Requests nothing more by itself. Resolves when no request is in progress, and throws what broke one. */
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
