/**
 * A lab: its state, the one operation that may run on it, and the queue of that operation's events.
 *
 * Owns the rules of concurrency, and the telling of a story in time. Whether a request is allowed is settled
 * before it comes here (routes.ts); how a queue reaches a client is stream.ts's business.
 */
import type { Clock } from '../context.js';
import { toSse, type Event } from '../model/event.js';
import type { Delivery } from './delivery.js';
import type { Person } from './people.js';
import { EventQueue } from './queue.js';
import type { Scenario } from './scenarios.js';
import { pendingState, type LabRequest, type State } from './state.js';
import { cleanup, deletion } from './stories.js';
import { podProgress, type Step, type Story } from './story.js';

/** `exists`, or the operation that is in the way. */
export type CreateResult = 'created' | 'exists' | 'spawn' | 'delete';
export type DeleteResult = 'deleted' | 'failed' | 'unknown' | 'conflict';

type Operation = {
  /** Stops the story where it is. */
  cancel: () => void;
  /** Whether its events reach the queue. What a restarted controller does not know of, it does not tell. */
  told: boolean;
  /** Whether its beginning lies before a restart. */
  monitored: boolean;
  /** How many events of the pod there were. */
  podEvents: number;
} & (
  | { kind: 'spawn' }
  /** `exclusive`: it took the place of a spawn, and then nobody else may join it. */
  | { kind: 'delete'; exclusive: boolean; done: Promise<DeleteResult> }
);

const fresh = { cancel: () => undefined, told: true, monitored: false, podEvents: 0 };

/** What all labs share. */
export interface World {
  clock: Clock;
  /** All pauses are divided by it. */
  speed: number;
  /** Restarts the controller, which is down for so many milliseconds (before `speed`). */
  restart: (downMs: number) => void;
}

export class Lab {
  /** Null where there is no lab. */
  state: State | null = null;
  /** The events of the current or last operation. */
  queue = new EventQueue();
  /** Whether the controller has seen this user since it was started. */
  known = false;
  readonly #username: string;
  readonly #world: World;
  #operation: Operation | null = null;
  #url = '';
  #deletion = deletion;
  #arranged = false;
  /** Whether the pod has died, which the state does not show. */
  #dead = false;

  constructor(username: string, world: World) {
    this.#username = username;
    this.#world = world;
  }

  /**
   * Puts there what stood there before, where the scenario says so. A create that is accepted uses that up;
   * until then it is done only once, so that a client that deletes it and tries again gets its lab.
   */
  arrange(person: Person, request: LabRequest, scenario: Scenario): void {
    if (scenario.before === undefined || this.#arranged || this.state !== null) return;
    this.#arranged = true;
    const { story, now } = scenario.before;
    this.#spawn(person, request, { ...scenario, spawn: story }, now === 'under way' ? undefined : Infinity);
    if (now === 'being deleted') void this.delete();
  }

  create(person: Person, request: LabRequest, scenario: Scenario): CreateResult {
    this.arrange(person, request, scenario);
    if (this.#operation) return this.#operation.kind;
    const old = this.state?.status;
    if (old !== undefined && old !== 'failed' && old !== 'terminated' && !this.#dead) return 'exists';
    this.#arranged = false;
    const spawn = old === undefined ? scenario.spawn : replacing(scenario.spawn);
    this.#spawn(person, request, { ...scenario, spawn });
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
      this.#push(running, { type: 'failed', message: 'Operation cancelled', progress: null });
    }
    state.status = 'terminating';
    state.internal_url = null;
    let finish: (result: DeleteResult) => void = () => undefined;
    const done = new Promise<DeleteResult>((resolve) => (finish = resolve));
    this.#tell({ ...fresh, kind: 'delete', exclusive: running !== null, done }, this.#deletion, {
      finished: () => {
        const failed = state.status === 'failed';
        if (!failed) this.state = null;
        finish(failed ? 'failed' : 'deleted');
      },
    });
    return done;
  }

  /** The pod dies. Throws a RangeError where none runs. */
  killPod(): void {
    if (this.#operation || this.state?.status !== 'running') {
      throw new RangeError(`no lab of ${this.#username} is running`);
    }
    this.#dead = true;
  }

  reconcile(): void {
    if (this.state?.status === 'failed' || this.#dead) void this.delete();
  }

  goDown(): void {
    this.queue = new EventQueue();
    if (this.#operation) this.#operation.told = false;
  }

  /**
   * A spawn under way is monitored from here on (capture 17a). A running lab is known, but nothing is told of it
   * (17b). Of a deletion under way only the state tells. The rest is forgotten (contract, "What a client must
   * survive", 6).
   */
  comeBack(): void {
    const operation = this.#operation;
    if (operation?.kind === 'spawn') {
      Object.assign(operation, { told: true, monitored: true, podEvents: 0 });
      const message = 'Monitoring in-progress lab creation for {user}';
      this.#push(operation, { type: 'info', message, progress: 1 });
    } else if (!operation && (this.state?.status !== 'running' || this.#dead)) {
      this.state = null;
      this.known = false;
    }
  }

  close(): void {
    this.#operation?.cancel();
  }

  #spawn(person: Person, request: LabRequest, { spawn, ...scenario }: Scenario, speed?: number): void {
    this.state = pendingState(person, request);
    this.#dead = false;
    this.#url = `http://lab.userlabs-${this.#username}:8888${request.prefix}`;
    this.#deletion = scenario.deletion ?? deletion;
    this.#tell({ ...fresh, kind: 'spawn' }, spawn, { speed, delivery: scenario.delivery });
  }

  /** Starts an operation: a new queue, and the story's steps at their times. */
  #tell(
    operation: Operation,
    story: Story,
    {
      speed = this.#world.speed,
      delivery,
      finished,
    }: { speed?: number | undefined; delivery?: Delivery | undefined; finished?: () => void },
  ): void {
    this.#operation = operation;
    this.queue.end();
    this.queue = new EventQueue(delivery);
    const steps = story[Symbol.iterator]();
    const go = (): void => {
      for (let next = steps.next(); !next.done; next = steps.next()) {
        const ms = next.value.kind === 'wait' ? next.value.ms / speed : 0;
        if (ms > 0) {
          operation.cancel = this.#world.clock.after(ms, go);
          return;
        }
        this.#take(operation, next.value);
      }
      this.#operation = null;
      finished?.();
      // Who does not know of the operation does not know of its end.
      if (operation.told) this.queue.end();
    };
    go();
  }

  #take(operation: Operation, step: Step): void {
    switch (step.kind) {
      case 'wait':
        return;
      case 'starting':
        if (operation.monitored) return;
        this.#push(operation, { type: 'info', message: 'Starting lab creation for {user}', progress: 1 });
        return;
      case 'created':
        if (this.state) this.state.internal_url = this.#url;
        if (operation.monitored) return;
        this.#push(operation, {
          type: 'info',
          message: 'Created Kubernetes objects for user lab',
          progress: 30,
        });
        return;
      case 'pod':
        this.#pushPod(operation, step.count, step.message);
        return;
      case 'event':
        if (this.state && step.event.type === 'complete') this.state.status = 'running';
        if (this.state && step.event.type === 'failed') {
          this.state.status = 'failed';
          this.state.internal_url = null;
        }
        this.#push(operation, step.event);
        return;
      case 'bytes':
        if (operation.told) this.queue.push(step.bytes);
        return;
      case 'status':
        if (this.state) this.state.status = step.status;
        return;
      case 'untold':
        operation.told = false;
        return;
      case 'restart':
        this.#world.restart(step.downMs);
    }
  }

  #push(operation: Operation, event: Event): void {
    if (operation.told) this.queue.push(this.#writer()(event));
  }

  #pushPod(operation: Operation, count: number, message: (index: number) => string): void {
    if (!operation.told) return;
    const before = operation.podEvents;
    const write = this.#writer();
    this.queue.pushMany(count, (index) =>
      write({ type: 'info', message: message(index), progress: podProgress(before + index) }),
    );
    operation.podEvents += count;
  }

  /** Encodes events, with the names that stand for `{user}` and `{image}` now. */
  #writer(): (event: Event) => string {
    const user = this.#username;
    const image = this.state?.options.image ?? '';
    return (event) => {
      const message = event.message.replaceAll('{user}', () => user).replaceAll('{image}', () => image);
      return toSse({ ...event, message });
    };
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
