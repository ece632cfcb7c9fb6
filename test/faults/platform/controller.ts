/**
 * The controller of a story, and the lab in truth: one lab, one operation at a time, and the queue of its events.
 */
import { toSse, type Event } from '../../../src/model/event.js';
import type { Clock } from '../../../src/runtime/context.js';
import type { Plan } from './story.js';

export type Status = 'pending' | 'running' | 'terminating' | 'failed';

export class Queue {
  readonly events: Event[] = [];
  isOver = false;
  readonly #readers = new Set<() => void>();

  push(type: Event['type'], message: string, progress: number | null = null): void {
    this.events.push({ type, message, progress });
    this.#wake();
  }

  end(): void {
    this.isOver = true;
    this.#wake();
  }

  /** Calls back with every event from the first one on, and at the end. Returns what stops that. */
  read(on: { event: (event: Event, text: string) => void; end: () => void }): () => void {
    let next = 0;
    let isStopped = false;
    const wake = (): void => {
      for (let event = this.events[next]; event !== undefined && !isStopped; event = this.events[next]) {
        next += 1;
        on.event(event, toSse(event));
      }
      if (!this.isOver || isStopped) return;
      stop();
      on.end();
    };
    const stop = (): void => {
      isStopped = true;
      this.#readers.delete(wake);
    };
    this.#readers.add(wake);
    wake();
    return stop;
  }

  #wake(): void {
    for (const wake of [...this.#readers]) wake();
  }
}

interface Operation {
  kind: 'spawn' | 'deletion';
  queue: Queue;
}

export class Controller {
  status: Status | null = null;
  queue: Queue | null = null;
  operation: Operation | null = null;
  /** Whether the pod runs, and Jupyter in it accepts connections. */
  isAlive = false;
  listens = false;
  /** How many labs there have been. */
  generation = 0;
  readonly #clock: Clock;
  #deleteMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a create would be refused: there is a lab, or an operation on one. */
  get isOccupied(): boolean {
    return this.operation !== null || this.status === 'running';
  }

  /** Throws if it is occupied. */
  create(plan: Plan): Queue {
    if (this.isOccupied) throw new Error('occupied');
    const { podMs, reason, listenMs } = plan;
    this.generation += 1;
    const { generation } = this;
    this.status = 'pending';
    this.#deleteMs = plan.deleteMs;
    const operation = this.#begin('spawn');
    const { queue } = operation;
    queue.push('info', 'Starting lab creation', 1);
    if (podMs === null) {
      this.#later(operation, 500, () => {
        queue.push('info', 'Created Kubernetes objects', 30);
      });
      return queue;
    }
    this.#later(operation, podMs / 4, () => {
      queue.push('info', 'Created Kubernetes objects', 30);
    });
    this.#later(operation, podMs / 2, () => {
      queue.push('info', 'Pulling image', 46);
      queue.push('info', 'Pulling image', 46);
    });
    this.#later(operation, podMs, () => {
      this.operation = null;
      this.status = reason === null ? 'running' : 'failed';
      this.isAlive = reason === null;
      if (reason !== null) queue.push('error', reason);
      if (reason === null && listenMs !== null) {
        this.#clock.after(listenMs, () => {
          if (this.generation === generation) this.listens = true;
        });
      }
      queue.push(
        reason === null ? 'complete' : 'failed',
        reason === null ? 'Lab started' : 'Lab spawn failed',
      );
      queue.end();
    });
    return queue;
  }

  /** Deletes the lab, or joins the deletion that is in progress; calls back at the end. */
  delete(done: () => void): void {
    if (this.status === null) {
      done();
      return;
    }
    if (this.operation?.kind !== 'deletion') this.#delete();
    this.queue?.read({ event: () => undefined, end: done });
  }

  #delete(): void {
    const running = this.operation;
    this.operation = null;
    running?.queue.push('failed', 'Operation cancelled');
    running?.queue.end();
    this.status = 'terminating';
    const operation = this.#begin('deletion');
    const { queue } = operation;
    queue.push('info', 'Shutting down Kubernetes pod', 25);
    this.#later(operation, this.#deleteMs / 2, () => {
      this.isAlive = false;
      this.listens = false;
      queue.push('info', 'Deleting user namespace', 62);
    });
    this.#later(operation, this.#deleteMs, () => {
      this.operation = null;
      this.status = null;
      this.isAlive = false;
      this.listens = false;
      this.generation += 1;
      queue.push('complete', 'Lab deleted', 100);
      queue.end();
    });
  }

  /** The queue of an operation that is over. */
  leave(kind: 'complete' | 'failed' | 'deletion'): void {
    const queue = new Queue();
    this.queue = queue;
    if (kind === 'deletion') queue.push('info', 'Shutting down Kubernetes pod', 25);
    else queue.push('info', 'Starting lab creation', 1);
    if (kind === 'deletion') queue.push('complete', 'Lab deleted', 100);
    else if (kind === 'complete') queue.push('complete', 'Lab started');
    else {
      queue.push('error', 'the reason of an old failure');
      queue.push('failed', 'Lab spawn failed');
    }
    queue.end();
  }

  #begin(kind: Operation['kind']): Operation {
    const operation = { kind, queue: new Queue() };
    this.operation = operation;
    this.queue = operation.queue;
    return operation;
  }

  #later(operation: Operation, ms: number, act: () => void): void {
    this.#clock.after(ms, () => {
      if (this.operation === operation) act();
    });
  }
}
