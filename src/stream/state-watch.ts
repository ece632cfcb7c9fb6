/**
 * Asks for the lab's state: where somebody has to know it, and by itself after silences.
 *
 * Owns when it is asked, and that there is never more than one question at a time. What an answer means is the
 * reducer's, and what is done without one is up to `follow.ts`.
 */
import type { Clock } from '../runtime/context.js';
import { isAborted, startDeadline } from '../runtime/deadline.js';
import type { Lab } from '../model/lab.js';
import type { Failure, Result } from '../model/result.js';
import { repeatWhenQuiet, type Silence } from './quiet.js';

export interface StateWatchOptions {
  question: (signal: AbortSignal) => Promise<Result<Lab | null>>;
  clock: Clock;
  /** The state is asked after this long without a touch, in milliseconds; null for never. */
  quiet: number | null;
  /** Ends the question that is under way; nothing is asked after that. */
  signal: AbortSignal;
  onAnswer: (answer: Result<Lab | null>) => void;
  /** A question broke that nobody waits for, which is a bug; `close` throws it. */
  onBroken: () => void;
}

/** A question is given up after this long, in milliseconds. */
const timeout = 10_000;

export class StateWatch {
  readonly #options: StateWatchOptions;
  readonly #silence: Silence | null;
  #asking: Promise<void> | null = null;
  #unanswered: Failure | null = null;

  constructor(options: StateWatchOptions) {
    this.#options = options;
    const { clock, quiet } = options;
    this.#silence = quiet === null ? null : repeatWhenQuiet(clock, quiet, () => this.#askAside());
  }

  /** Why the last question had no answer; null where it had one. */
  get unanswered(): Failure | null {
    return this.#unanswered;
  }

  /** Something was heard that tells as much as the state would. */
  touch(): void {
    this.#silence?.touch();
  }

  /** Whatever was heard before may be out of date; nobody waits for the answer. */
  wake(): void {
    if (this.#silence !== null) void this.#askAside();
  }

  /** Asks and waits for the answer; a question that is under way already is shared. */
  ask(): Promise<void> {
    this.#asking ??= this.#askNow().then(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** Resolves when no request is in progress. What one answers that was sent before now may be out of date. */
  async settled(): Promise<void> {
    await this.#asking;
  }

  /** Asks nothing more by itself. Resolves when no question is under way, and throws what broke one. */
  async close(): Promise<void> {
    this.#silence?.cancel();
    await this.#asking;
  }

  #askAside(): Promise<void> {
    return this.ask().catch(() => {
      this.#options.onBroken();
    });
  }

  async #askNow(): Promise<void> {
    const { question, clock, signal, onAnswer } = this.#options;
    if (isAborted(signal)) return;
    const limit = startDeadline(clock, timeout, signal);
    const answer = await question(limit.signal).finally(() => {
      limit.cancel();
    });
    if (isAborted(signal)) return;
    this.#unanswered = answer.ok ? null : answer.failure;
    onAnswer(answer);
  }
}
