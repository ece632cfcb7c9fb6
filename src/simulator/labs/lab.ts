/**
 * A lab: its state, its pod, the one operation that may run on it, and the queue of that operation's events.
 *
 * Owns the rules of concurrency, and what every step of a story does. Whether a request is allowed is settled
 * before it comes here (routes.ts); when the next step comes is player.ts's business, and how a queue reaches a
 * client stream.ts's.
 */
import type { Clock } from '../../runtime/context.js';
import { toSse, type Event } from '../../model/event.js';
import type { Delivery } from '../http/delivery.js';
import { fresh, type CreateResult, type DeleteResult, type Operation } from './operation.js';
import type { Person } from './people.js';
import { play } from './player.js';
import { EventQueue } from './queue.js';
import type { Scenario } from '../stories/scenarios.js';
import { pendingState, type LabRequest, type State } from '../nublado/state.js';
import { deletion, replacing } from '../stories/stories.js';
import { podProgress, type Step, type Story } from '../stories/story.js';
import { monitored } from '../stories/surprises.js';

/** What Kubernetes has: the state of the lab is only what the controller last noticed of it. */
type Pod = 'none' | 'pending' | 'running' | 'dead';

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
  #pod: Pod = 'none';

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
    if (now === 'dead') this.killPod();
    if (now === 'being deleted') void this.delete();
  }

  create(person: Person, request: LabRequest, scenario: Scenario): CreateResult {
    this.arrange(person, request, scenario);
    this.#lookForPod();
    if (this.#operation) return this.#operation.kind;
    const old = this.state?.status;
    if (old === 'running' && this.#pod === 'running') return 'exists';
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
    const operation: Operation = { ...fresh, kind: 'delete', exclusive: running !== null, done };
    this.#tell(operation, this.#deletion, {
      finished: () => {
        if (!operation.failed) this.state = null;
        finish(operation.failed ? 'failed' : 'deleted');
      },
    });
    return done;
  }

  /** Whether the state says `running` of a pod that does not run. */
  get isDead(): boolean {
    return !this.#operation && this.state?.status === 'running' && this.#pod !== 'running';
  }

  /** The pod dies. Throws a RangeError where none runs. */
  killPod(): void {
    if (this.#operation || this.state?.status !== 'running') {
      throw new RangeError(`no lab of ${this.#username} is running`);
    }
    this.#pod = 'dead';
  }

  /** Deletes the lab where it has failed, or its pod is not there any more. An operation is left alone. */
  reconcile(): void {
    if (!this.#operation && (this.state?.status === 'failed' || this.isDead)) void this.delete();
  }

  /** A spawn continues in Kubernetes. A deletion does not: nobody is left to take its next step. */
  goDown(): void {
    this.queue = new EventQueue();
    if (this.#operation?.kind === 'delete') {
      this.#operation.cancel();
      this.#operation = null;
      this.#deletion = deletion;
    } else if (this.#operation) {
      this.#operation.told = false;
    }
  }

  /**
   * The new controller knows the pod, and not what became of the lab before (contract, "What a client must
   * survive", 6). A pod that is still pending is monitored (capture 17a), whether its spawn was under way, had
   * failed, or was being deleted. Nothing is reported of a running one (17b). Without a pod the lab is forgotten.
   */
  comeBack(): void {
    const operation = this.#operation;
    if (operation) {
      Object.assign(operation, { told: true, monitored: true, podEvents: 0 });
      this.#monitor(operation);
    } else if (this.#pod === 'pending') {
      this.#tell({ ...fresh, kind: 'spawn', monitored: true }, monitored);
    } else if (this.state && this.#pod === 'running') {
      Object.assign(this.state, { status: 'running', internal_url: this.#url });
    } else {
      this.state = null;
      this.known = false;
    }
  }

  close(): void {
    this.#operation?.cancel();
  }

  #spawn(person: Person, request: LabRequest, { spawn, ...scenario }: Scenario, speed?: number): void {
    this.state = pendingState(person, request);
    this.#pod = 'none';
    this.#url = `http://lab.userlabs-${this.#username}:8888${request.prefix}`;
    this.#deletion = scenario.deletion ?? deletion;
    this.#tell({ ...fresh, kind: 'spawn' }, spawn, { speed, delivery: scenario.delivery });
  }

  /** Every create does, also one that is refused; where there is none, the state is `failed` (contract, 12). */
  #lookForPod(): void {
    if (this.state && this.#pod === 'none') this.state.status = 'failed';
  }

  #monitor(operation: Operation): void {
    if (this.state) Object.assign(this.state, { status: 'pending', internal_url: this.#url });
    const message = 'Monitoring in-progress lab creation for {user}';
    this.#push(operation, { type: 'info', message, progress: 1 });
  }

  /** Starts an operation: a new queue, and the story's steps at their times. */
  #tell(
    operation: Operation,
    story: Story,
    {
      speed = this.#world.speed,
      delivery,
      finished,
    }: { speed?: number | undefined; delivery?: Delivery | undefined; finished?: () => void } = {},
  ): void {
    this.#operation = operation;
    this.queue.end();
    this.queue = new EventQueue(delivery);
    if (operation.monitored) this.#monitor(operation);
    const player = play(story, {
      clock: this.#world.clock,
      speed,
      take: (step) => {
        this.#take(operation, step);
      },
      isOver: () => this.#operation !== operation,
      finished: () => {
        this.#operation = null;
        finished?.();
        // Who does not know of the operation does not know of its end.
        if (operation.told) this.queue.end();
      },
    });
    operation.cancel = () => {
      player.cancel();
    };
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
        this.#pod = 'pending';
        if (this.state) Object.assign(this.state, { status: 'pending', internal_url: this.#url });
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
      case 'pod is':
        this.#pod = step.now === 'gone' ? 'none' : step.now;
        return;
      case 'refused create':
        this.#lookForPod();
        return;
      case 'event':
        this.#end(operation, step.event.type);
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

  #end(operation: Operation, type: Event['type']): void {
    if (type !== 'complete' && type !== 'failed') return;
    // A pod that has died, or is gone, has left Pending as well (contract, 1).
    if (type === 'complete' && this.#pod === 'pending') this.#pod = 'running';
    if (type === 'failed') operation.failed = true;
    if (this.state) this.state.status = type === 'complete' ? 'running' : 'failed';
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
