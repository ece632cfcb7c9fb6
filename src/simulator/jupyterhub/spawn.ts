/**
 * One spawn: plays a story over time, and records how it ended.
 *
 * Owns the order of start(), the wait for the server, and the outcome. Its effect on the Hub belongs to server.ts,
 * and its progress stream to progress.ts.
 */
import type { Failure, SpawnStory } from './story.js';
import type { Timers } from './timers.js';

/** The process behind a server. */
export interface Child {
  pid: number;
  port: number;
  /** Null while it runs. */
  status: number | null;
  listens: boolean;
}

/** `cancelled`: start() was cancelled, which the Hub does not treat as a failure. */
export type SpawnOutcome =
  { kind: 'ready' } | { kind: 'cancelled' } | { kind: 'failed'; failure: Failure | { kind: 'timeout' } };

export interface SpawnWorld {
  timers: Timers;
  startTimeoutMs: number;
  httpTimeoutMs: number;
  /** The minimum time before the Hub gives up on a mute server. */
  muteMs: number;
  /** The additional time before every server listens. */
  extraListenMs: number;
  newChild: () => Child;
  /** The URL that the Hub requests to check whether the server is up. */
  upUrl: (child: Child, server: { user: string; name: string }) => string;
}

export class Spawn {
  readonly story: SpawnStory;
  child: Child | null = null;
  outcome: SpawnOutcome | null = null;
  /** start() has returned. */
  started = false;
  /** The number of a burst's events so far. */
  happened = 0;
  #cancelled = false;
  readonly #server: { user: string; name: string };
  readonly #world: SpawnWorld;
  readonly #startEnded = new Set<() => void>();
  readonly #over = new Set<() => void>();
  readonly #cancels = new Set<() => void>();
  readonly #finished: (outcome: SpawnOutcome) => void;

  /** `finished` is called before all callbacks that wait for the end. */
  constructor(
    server: { user: string; name: string },
    story: SpawnStory,
    world: SpawnWorld,
    finished: (outcome: SpawnOutcome) => void,
  ) {
    this.#server = server;
    this.story = story;
    this.#world = world;
    this.#finished = finished;
  }

  begin(): void {
    const { startMs, progress, startTimeoutMs, drive } = this.story;
    if (progress.kind === 'burst') {
      for (const [ms] of progress.events) this.#after(ms, () => (this.happened += 1));
    }
    this.#after(startTimeoutMs ?? this.#world.startTimeoutMs, () => {
      if (!this.started) this.#fail({ kind: 'timeout' });
    });
    if (drive) {
      drive.start({
        happened: () => (this.happened += 1),
        returned: () => {
          this.#startReturns();
        },
        raised: (failure) => {
          this.#fail(failure);
        },
      });
      return;
    }
    if (startMs !== null) {
      this.#after(startMs, () => {
        this.#startReturns();
      });
    }
  }

  /** A DELETE while the spawn is pending. Cancelling start() takes `ms` milliseconds. */
  cancel(ms = this.started ? 0 : (this.story.cancelMs ?? 0)): void {
    if (this.#cancelled && ms > 0) return;
    this.#cancelled = true;
    this.story.drive?.abandon();
    this.stop();
    this.#after(ms, () => {
      this.#end({ kind: 'cancelled' });
    });
  }

  /** Stops the story. */
  stop(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  /** Calls back when start() has returned or raised, or the spawn is over; the returned function prevents that. */
  onStartEnded(callback: () => void): () => void {
    this.#startEnded.add(callback);
    return () => this.#startEnded.delete(callback);
  }

  /** Calls back when it is over; the returned function prevents that. */
  onOver(callback: () => void): () => void {
    this.#over.add(callback);
    return () => this.#over.delete(callback);
  }

  #startReturns(): void {
    const {
      failure,
      mute,
      exits,
      listenMs = 0,
      livesMs,
      httpTimeoutMs = this.#world.httpTimeoutMs,
    } = this.story;
    this.started = true;
    this.#notify(this.#startEnded);
    if (failure) {
      this.#fail(failure);
      return;
    }
    const child = this.#world.newChild();
    this.child = child;
    if (exits !== undefined) child.status = exits;
    const never = mute === true || exits !== undefined;
    const listensIn = never ? Infinity : listenMs + this.#world.extraListenMs;
    const patience = mute === true ? Math.max(httpTimeoutMs, this.#world.muteMs) : httpTimeoutMs;
    if (listensIn <= patience) {
      this.#after(listensIn, () => {
        child.listens = true;
        // The process outlives the spawn, so its exit is not one of the spawn's timers.
        if (livesMs !== undefined) this.#world.timers.after(livesMs, () => (child.status ??= 3));
        this.#end({ kind: 'ready' });
      });
      return;
    }
    const seconds = Math.floor(httpTimeoutMs / 1000);
    const url = this.story.drive?.url() ?? this.#world.upUrl(child, this.#server);
    const text = `Server at ${url} didn't respond in ${seconds} seconds`;
    this.#after(patience, () => {
      this.#fail({ kind: 'exception', text });
    });
  }

  /** After a failure, the Hub calls stop() and waits for it. */
  #fail(failure: Failure | { kind: 'timeout' }): void {
    const { drive } = this.story;
    if (!drive) {
      this.#end({ kind: 'failed', failure });
      return;
    }
    if (this.outcome || this.#cancelled) return;
    this.stop();
    drive.abandon();
    if (!this.started) this.#notify(this.#startEnded);
    this.started = true;
    drive.stop(() => {
      this.#end({ kind: 'failed', failure });
    });
  }

  #end(outcome: SpawnOutcome): void {
    if (this.outcome) return;
    this.stop();
    if (!this.started) this.#notify(this.#startEnded);
    this.outcome = outcome;
    if (outcome.kind !== 'ready' && this.child) this.child.status ??= 0;
    this.#finished(outcome);
    this.#notify(this.#over);
  }

  #notify(callbacks: Set<() => void>): void {
    const now = [...callbacks];
    callbacks.clear();
    for (const callback of now) callback();
  }

  #after(ms: number, callback: () => void): void {
    const cancel = this.#world.timers.after(ms, callback);
    this.#cancels.add(cancel);
  }
}
