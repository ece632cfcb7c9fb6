/**
 * The controller of a story, without a network: one lab, its pod and queue, and the operations on it.
 *
 * Owns the true state. Written from the contract alone; shares no code with the program. Numbers are those of the
 * contract, "What a client must survive".
 */
import type { Clock } from '../../src/runtime/context.js';
import {
  isTerminal,
  type Frame,
  type Operation,
  type Pod,
  type Status,
  type Step,
  type Story,
} from './story.js';

interface Reader {
  frame(frame: Frame): void;
  end(): void;
}

/** The events of one operation. Every reader gets all of them, from the first. */
export class Queue {
  readonly frames: Frame[] = [];
  ended = false;
  /** The operation that it belongs to; `before`: one that was over when the command began, or none. */
  readonly of: 'before' | 'spawn' | 'deletion';
  readonly #readers = new Set<Reader>();

  constructor(of: Queue['of']) {
    this.of = of;
  }

  add(frame: Frame): void {
    this.frames.push(frame);
    for (const reader of [...this.#readers]) reader.frame(frame);
    if (isTerminal(frame)) this.end();
  }

  end(): void {
    this.ended = true;
    for (const reader of [...this.#readers]) reader.end();
    this.#readers.clear();
  }

  read(reader: Reader): () => void {
    for (const frame of this.frames) reader.frame(frame);
    if (this.ended) reader.end();
    else this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }
}

interface UnderWay {
  kind: 'spawn' | 'deletion';
  /** A deletion that cancelled a spawn is not shared with other clients. */
  exclusive: boolean;
  stop: () => void;
  done: ((result: 'gone' | 'failed') => void)[];
}

export class Controller {
  status: Status | null;
  pod: Pod;
  queue: Queue | null = null;
  /** When the truth changed last. */
  changedAt = 0;
  spawned = 0;
  /** Called once, when the first operation begins that may concern a command. */
  onBegin: () => void = () => undefined;
  readonly #story: Story;
  readonly #clock: Clock;
  #underWay: UnderWay | null = null;

  constructor(story: Story, clock: Clock) {
    this.#story = story;
    this.#clock = clock;
    const { status, pod, queue, open, underWay } = story.before;
    this.status = status;
    this.pod = pod;
    if (queue !== null) {
      this.queue = new Queue('before');
      for (const frame of queue) this.queue.add(frame);
      if (!open) this.queue.end();
    }
    if (underWay !== null) this.#begin(underWay.kind, underWay.operation, false);
    // How a newer controller reports an operation that it shares with an older one.
    if (status === 'hibernated') this.status = status;
  }

  /** Whether a lab runs, and not only reads `running`. */
  get isAlive(): boolean {
    return this.status === 'running' && this.pod === 'running';
  }

  create(): 'accepted' | 'exists' | 'busy' {
    this.#lookForPod();
    if (this.#underWay !== null) return 'busy';
    if (this.status !== 'failed' && this.pod === 'running') return 'exists';
    const { spawns } = this.#story;
    const operation = spawns[Math.min(this.spawned, spawns.length - 1)] ?? spawns[0];
    this.spawned += 1;
    this.#begin('spawn', operation, false);
    this.onBegin();
    return 'accepted';
  }

  /** Another client's create, if it is refused. */
  refuseOther(): void {
    if (this.#underWay !== null) this.#lookForPod();
  }

  /** Failed labs are deleted, and those whose pod no longer runs (6). */
  reconcile(): void {
    if (this.#underWay !== null || this.status === null) return;
    if (this.status === 'failed' || this.pod !== 'running')
      this.#begin('deletion', this.#story.deletion, false);
  }

  /** `done` is called when the deletion has finished, if the response is `accepted`. */
  remove(done: (result: 'gone' | 'failed') => void): 'accepted' | 'unknown' | 'busy' {
    if (this.#underWay?.kind === 'deletion') {
      if (this.#underWay.exclusive) return 'busy';
      this.#underWay.done.push(done);
      return 'accepted';
    }
    if (this.status === null) return 'unknown';
    const cancelled = this.#underWay !== null;
    if (this.#underWay !== null) {
      this.#underWay.stop();
      if (this.queue?.ended === false) {
        this.queue.add({ kind: 'event', type: 'failed', message: 'Operation cancelled', progress: null });
      }
    }
    this.#begin('deletion', this.#story.deletion, cancelled).done.push(done);
    return 'accepted';
  }

  /**
   * What a restart leaves (6): a spawn continues with a new queue, and so does a pod that is still pending, however
   * its spawn ended. A deletion is forgotten: the lab runs. Without a pod there is no lab. Nothing else has a history.
   */
  restart(forgets: boolean): void {
    this.changedAt = this.#clock.monotonic();
    const spawning = this.#underWay?.kind === 'spawn';
    this.#underWay?.stop();
    this.#underWay = null;
    if (!forgets && (spawning || this.pod === 'pending')) {
      this.#begin('spawn', this.#story.resumed, false);
    } else if (!forgets && this.pod === 'running') {
      this.status = 'running';
      this.queue = new Queue('before');
    } else {
      this.status = null;
      this.pod = 'none';
      this.queue = null;
    }
  }

  /** Every create checks for the pod, even a refused one, and reports `failed` if there is none (12). */
  #lookForPod(): void {
    if (this.status !== null && this.pod === 'none') this.status = 'failed';
  }

  #begin(kind: UnderWay['kind'], operation: Operation, exclusive: boolean): UnderWay {
    this.changedAt = this.#clock.monotonic();
    this.queue?.end();
    this.queue = new Queue(kind);
    this.status = kind === 'spawn' ? 'pending' : 'terminating';
    if (kind === 'spawn' && operation !== this.#story.resumed) this.pod = 'none';
    const underWay: UnderWay = { kind, exclusive, stop: () => undefined, done: [] };
    this.#underWay = underWay;
    this.#next(underWay, this.queue, operation, 0);
    return underWay;
  }

  #next(underWay: UnderWay, queue: Queue, operation: Operation, index: number): void {
    const step = operation[index];
    if (step === undefined) {
      this.#underWay = null;
      if (!queue.ended) queue.end();
      const result = this.status === null ? 'gone' : 'failed';
      for (const done of underWay.done) done(result);
      return;
    }
    underWay.stop = this.#clock.after(step.after, () => {
      this.changedAt = this.#clock.monotonic();
      this.#take(step);
      if (step.frame !== null) queue.add(step.frame);
      this.#next(underWay, queue, operation, index + 1);
    });
  }

  #take({ pod, status }: Step): void {
    if (pod !== undefined) this.pod = pod;
    if (status === 'gone') {
      this.status = null;
      this.pod = 'none';
    } else if (status !== undefined) {
      this.status = status;
    }
  }
}
