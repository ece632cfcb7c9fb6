/**
 * The labs: their states, the one operation that may run on each, and the queue of its events.
 *
 * Owns the rules of concurrency, and the telling of a story in time. Whether a request is allowed is settled
 * before it comes here (routes.ts); how a queue reaches a client is stream.ts's business.
 */
import type { Clock } from '../context.js';
import { toSse, type Event } from '../model/event.js';
import type { Person } from './people.js';
import { EventQueue } from './queue.js';
import { cleanup, deletion, type Scenario } from './scenarios.js';
import { pendingState, type LabRequest, type State } from './state.js';
import type { Step, Story } from './story.js';

/** `exists`, or the operation that is in the way. */
export type CreateResult = 'created' | 'exists' | 'spawn' | 'delete';
export type DeleteResult = 'deleted' | 'failed' | 'unknown' | 'conflict';

type Operation = { cancel: () => void } & (
  | { kind: 'spawn' }
  /** `exclusive`: it took the place of a spawn, and then nobody else may join it. */
  | { kind: 'delete'; exclusive: boolean; done: Promise<DeleteResult> }
);

export class Labs {
  readonly #labs = new Map<string, Lab>();
  readonly #clock: Clock;
  readonly #speed: number;

  /** All pauses are divided by `speed`. */
  constructor(clock: Clock, speed: number) {
    this.#clock = clock;
    this.#speed = speed;
  }

  find(username: string): Lab | undefined {
    return this.#labs.get(username);
  }

  /** Makes a user known: from the first create that gets this far, refused or not, there is a queue to watch. */
  register(username: string): Lab {
    const lab = this.#labs.get(username) ?? new Lab(username, this.#clock, this.#speed);
    this.#labs.set(username, lab);
    return lab;
  }

  /** The users whose labs are running, and no others. */
  running(): string[] {
    const running = [...this.#labs].filter(([, lab]) => lab.state?.status === 'running');
    return running.map(([username]) => username);
  }

  /** Stops every story where it is. */
  close(): void {
    for (const lab of this.#labs.values()) lab.close();
  }
}

export class Lab {
  /** Null where there is no lab. */
  state: State | null = null;
  /** The events of the current or last operation. */
  queue = new EventQueue();
  readonly #username: string;
  readonly #clock: Clock;
  readonly #speed: number;
  #operation: Operation | null = null;
  #url = '';
  #deletion = deletion;
  #arranged = false;

  constructor(username: string, clock: Clock, speed: number) {
    this.#username = username;
    this.#clock = clock;
    this.#speed = speed;
  }

  /**
   * Puts there what stood there before, where the scenario says so. A create that is accepted uses that up;
   * until then it is done only once, so that a client that deletes it and tries again gets its lab.
   */
  arrange(person: Person, request: LabRequest, scenario: Scenario): void {
    if (scenario.before === undefined || this.#arranged || this.state !== null) return;
    this.#arranged = true;
    const { story, over } = scenario.before;
    this.#spawn(pendingState(person, request), request, scenario, story, over ? Infinity : this.#speed);
  }

  create(person: Person, request: LabRequest, scenario: Scenario): CreateResult {
    this.arrange(person, request, scenario);
    if (this.#operation) return this.#operation.kind;
    const old = this.state?.status;
    if (old !== undefined && old !== 'failed' && old !== 'terminated') return 'exists';
    this.#arranged = false;
    const story = old === undefined ? scenario.spawn : replacing(scenario.spawn);
    this.#spawn(pendingState(person, request), request, scenario, story, this.#speed);
    return 'created';
  }

  /** Resolves when the deletion has finished, which it does whether or not anybody waits for it. */
  async delete(): Promise<DeleteResult> {
    const state = this.state;
    const running = this.#operation;
    if (state === null) return 'unknown';
    if (running?.kind === 'delete') return running.exclusive ? 'conflict' : running.done;
    if (running) {
      running.cancel();
      this.#push({ type: 'failed', message: 'Operation cancelled', progress: null });
    }
    state.status = 'terminating';
    state.internal_url = null;
    let finish: (result: DeleteResult) => void = () => undefined;
    const done = new Promise<DeleteResult>((resolve) => (finish = resolve));
    const operation: Operation = {
      kind: 'delete',
      exclusive: running !== null,
      done,
      cancel: () => undefined,
    };
    this.#tell(operation, this.#deletion, this.#speed, () => {
      const failed = state.status === 'failed';
      if (!failed) this.state = null;
      finish(failed ? 'failed' : 'deleted');
    });
    return done;
  }

  close(): void {
    this.#operation?.cancel();
  }

  #spawn(state: State, request: LabRequest, scenario: Scenario, story: Story, speed: number): void {
    this.state = state;
    this.#url = `http://lab.userlabs-${this.#username}:8888${request.prefix}`;
    this.#deletion = scenario.deletion ?? deletion;
    this.#tell({ kind: 'spawn', cancel: () => undefined }, story, speed, () => undefined);
  }

  /** Starts an operation: a new queue, and the story's steps at their times. */
  #tell(operation: Operation, story: Story, speed: number, finished: () => void): void {
    this.#operation = operation;
    this.queue.end();
    this.queue = new EventQueue();
    const steps = story[Symbol.iterator]();
    const go = (): void => {
      for (let next = steps.next(); !next.done; next = steps.next()) {
        const ms = next.value.kind === 'wait' ? next.value.ms / speed : 0;
        if (ms > 0) {
          operation.cancel = this.#clock.after(ms, go);
          return;
        }
        this.#take(next.value);
      }
      this.#operation = null;
      finished();
      this.queue.end();
    };
    go();
  }

  #take(step: Step): void {
    switch (step.kind) {
      case 'wait':
        return;
      case 'starting':
        this.#push({ type: 'info', message: 'Starting lab creation for {user}', progress: 1 });
        return;
      case 'created':
        this.#push({ type: 'info', message: 'Created Kubernetes objects for user lab', progress: 30 });
        if (this.state) this.state.internal_url = this.#url;
        return;
      case 'event':
        if (this.state && step.event.type === 'complete') this.state.status = 'running';
        if (this.state && step.event.type === 'failed') {
          this.state.status = 'failed';
          this.state.internal_url = null;
        }
        this.#push(step.event);
        return;
      case 'bytes':
        this.queue.push(step.bytes);
        return;
      case 'status':
        if (this.state) this.state.status = step.status;
    }
  }

  #push(event: Event): void {
    const image = this.state?.options.image ?? '';
    const message = event.message.replaceAll('{user}', this.#username).replaceAll('{image}', () => image);
    this.queue.push(toSse({ ...event, message }));
  }
}

/** A spawn over a failed lab: the old one is cleaned up first. */
function replacing(story: Story): Story {
  return {
    *[Symbol.iterator]() {
      for (const step of story) {
        yield step;
        if (step.kind === 'starting') yield* cleanup;
      }
    },
  };
}
