/**
 * The controller of a story, without a network: one lab, its queue, and the operations on it.
 *
 * Owns what is true. Written from the contract alone; shares no code with the program.
 */
import type { Clock } from '../../src/context.js';
import { isTerminal, type Frame, type Operation, type Status, type Story } from './story.js';

interface Reader {
  frame(frame: Frame): void;
  end(): void;
}

/** The events of one operation. Every reader gets all of them, from the first. */
export class Queue {
  readonly frames: Frame[] = [];
  ended = false;
  readonly #readers = new Set<Reader>();

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
  /** A deletion that cancelled a spawn is shared with nobody. */
  exclusive: boolean;
  stop: () => void;
  done: ((result: 'gone' | 'failed') => void)[];
}

export class Controller {
  status: Status | null;
  queue: Queue | null = null;
  /** When the truth changed last. */
  changedAt = 0;
  spawned = 0;
  /** Told once, when the first operation begins that a command may be about. */
  onBegin: () => void = () => undefined;
  readonly #story: Story;
  readonly #clock: Clock;
  #dead: boolean;
  #underWay: UnderWay | null = null;

  constructor(story: Story, clock: Clock) {
    this.#story = story;
    this.#clock = clock;
    const { status, dead, queue, underWay } = story.before;
    this.status = status;
    this.#dead = dead;
    if (queue !== null) {
      this.queue = new Queue();
      for (const frame of queue) this.queue.add(frame);
      if (underWay === null) this.queue.end();
    }
    if (underWay !== null) this.#begin(underWay.kind, underWay.operation, false);
  }

  create(): 'accepted' | 'exists' | 'busy' {
    if (this.#underWay !== null) return 'busy';
    if (this.status === 'running' && !this.#dead) return 'exists';
    const { spawns } = this.#story;
    const operation = spawns[Math.min(this.spawned, spawns.length - 1)] ?? spawns[0];
    this.spawned += 1;
    this.#dead = false;
    this.#begin('spawn', operation, false);
    this.onBegin();
    return 'accepted';
  }

  /** `done` is told when the deletion has finished, where the answer is `accepted`. */
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

  /** What a restart leaves: a spawn goes on with a new queue, a failed lab is forgotten, nothing else has a history. */
  restart(): void {
    this.changedAt = this.#clock.monotonic();
    if (this.#underWay?.kind === 'deletion') return;
    if (this.#underWay?.kind === 'spawn') {
      this.#underWay.stop();
      this.status = 'pending';
      this.#begin('spawn', this.#story.resumed, false);
      return;
    }
    if (this.status === 'failed') this.status = null;
    this.queue = this.status === null ? null : new Queue();
  }

  #begin(kind: UnderWay['kind'], operation: Operation, exclusive: boolean): UnderWay {
    this.changedAt = this.#clock.monotonic();
    this.queue?.end();
    this.queue = new Queue();
    this.status = kind === 'spawn' ? 'pending' : 'terminating';
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
      if (step.status !== undefined) this.status = step.status === 'gone' ? null : step.status;
      if (step.frame !== null) queue.add(step.frame);
      this.#next(underWay, queue, operation, index + 1);
    });
  }
}
