/**
 * A lab: its state, its pod, the one operation that may run on it, and the queue of that operation's events.
 *
 * Owns the rules of concurrency, and the effect of every step of a story. Leaves to others whether a request is allowed
 * (routes.ts), when the next step is due (player.ts), and how a queue reaches a client (stream.ts).
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

/** The pod in Kubernetes. The lab's state is only what the controller last noticed of it. */
type Pod = 'none' | 'pending' | 'running' | 'dead';

/** Shared by all labs. */
export interface World {
  clock: Clock;
  /** Divides all pauses. */
  speed: number;
  /** Restarts the controller, which is down for `downMs` milliseconds (before `speed`). */
  restart: (downMs: number) => void;
}

const createdMessage = 'Created Kubernetes objects for user lab';

export class Lab {
  /** Null without a lab. */
  state: State | null = null;
  /** The events of the current or last operation. */
  queue = new EventQueue();
  /** Whether the controller has seen this user since it started. */
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
   * Sets up the lab that exists before the scenario's create. Done once until a create is accepted, so that a client
   * that deletes this lab and tries again gets its own.
   */
  arrange(person: Person, request: LabRequest, scenario: Scenario): void {
    if (scenario.before === undefined || this.#arranged || this.state !== null) return;
    this.#arranged = true;
    const { story, now } = scenario.before;
    this.#spawn(person, request, { ...scenario, spawn: story }, now === 'in progress' ? undefined : Infinity);
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

  /** Resolves when the deletion has finished. The deletion does not depend on anyone waiting for it. */
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
    this.#start(operation, this.#deletion, {
      finished: () => {
        if (!operation.failed) this.state = null;
        finish(operation.failed ? 'failed' : 'deleted');
      },
    });
    return done;
  }

  /** Whether the state is `running` although the pod is not. */
  get isDead(): boolean {
    return !this.#operation && this.state?.status === 'running' && this.#pod !== 'running';
  }

  /** The controller forgets the lab, and its pod is gone. */
  forget(): void {
    this.#operation?.cancel();
    [this.#operation, this.#pod] = [null, 'none'];
    this.state = null;
    this.queue.end();
  }

  /** Kills the pod. Throws a RangeError if it is not running. */
  killPod(): void {
    if (this.#operation || this.state?.status !== 'running') {
      throw new RangeError(`the lab of ${this.#username} is not running`);
    }
    this.#pod = 'dead';
  }

  /** Deletes the lab if it has failed or its pod is gone, unless an operation is in progress. */
  reconcile(): void {
    if (!this.#operation && (this.state?.status === 'failed' || this.isDead)) void this.delete();
  }

  /** A spawn continues in Kubernetes. A deletion stops, because the controller itself takes its steps. */
  goDown(): void {
    const { queue } = this;
    this.queue = new EventQueue();
    if (this.#operation?.kind === 'delete') {
      this.#operation.cancel();
      this.#operation = null;
      this.#deletion = deletion;
    } else if (this.#operation) {
      this.#operation.reported = false;
    }
    queue.lose();
  }

  /**
   * The new controller finds the pod, but not the history of the lab (contract, "What a client must survive", 6). It
   * monitors a pod that is still pending (capture 17a), whether its spawn was in progress, had failed, or was being
   * deleted. It emits no events for a running one (17b). It forgets a lab without a pod.
   */
  comeBack(): void {
    const operation = this.#operation;
    if (operation) {
      Object.assign(operation, { reported: true, monitored: true, podEvents: 0 });
      this.#monitor(operation);
    } else if (this.#pod === 'pending') {
      this.#start({ ...fresh, kind: 'spawn', monitored: true }, monitored);
    } else if (this.state && this.#pod === 'running') {
      Object.assign(this.state, { status: 'running', internal_url: this.#url });
    } else {
      this.state = null;
      this.known = false;
      this.queue.end();
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
    this.#start({ ...fresh, kind: 'spawn' }, spawn, { speed, delivery: scenario.delivery });
  }

  /** Every create does this, even a refused one. Without a pod, the state becomes `failed` (contract, 12). */
  #lookForPod(): void {
    if (this.state && this.#pod === 'none') this.state.status = 'failed';
  }

  #monitor(operation: Operation): void {
    if (this.state) Object.assign(this.state, { status: 'pending', internal_url: this.#url });
    const message = 'Monitoring in-progress lab creation for {user}';
    this.#push(operation, { type: 'info', message, progress: 1 });
  }

  /** Starts an operation with a new queue, and plays its story. */
  #start(
    operation: Operation,
    story: Story,
    {
      speed = this.#world.speed,
      delivery,
      finished,
    }: { speed?: number | undefined; delivery?: Delivery | undefined; finished?: () => void } = {},
  ): void {
    this.#operation = operation;
    const old = this.queue;
    this.queue = new EventQueue(delivery);
    old.end();
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
        // A controller that does not know of the operation does not end its stream either.
        if (operation.reported) this.queue.end();
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
        this.#push(operation, { type: 'info', message: createdMessage, progress: 30 });
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
        if (operation.reported) this.queue.push(step.bytes);
        return;
      case 'status':
        if (this.state) this.state.status = step.status;
        return;
      case 'unreported':
        operation.reported = false;
        return;
      case 'restart':
        this.#world.restart(step.downMs);
    }
  }

  #end(operation: Operation, type: Event['type']): void {
    if (type !== 'complete' && type !== 'failed') return;
    // A pod that died or was deleted has left Pending, too (contract, 1).
    if (type === 'complete' && this.#pod === 'pending') this.#pod = 'running';
    if (type === 'failed') operation.failed = true;
    if (this.state) this.state.status = type === 'complete' ? 'running' : 'failed';
  }

  #push(operation: Operation, event: Event): void {
    if (!operation.reported) return;
    const filled = this.#filler()(event);
    this.queue.push(toSse(filled), filled);
  }

  #pushPod(operation: Operation, count: number, message: (index: number) => string): void {
    if (!operation.reported) return;
    const before = operation.podEvents;
    const fill = this.#filler();
    const at = (index: number): Event =>
      fill({ type: 'info', message: message(index), progress: podProgress(before + index) });
    const events = count > 100 ? [] : Array.from({ length: count }, (_, index) => at(index));
    this.queue.pushMany(count, (index) => toSse(at(index)), events);
    operation.podEvents += count;
  }

  /** Fills in the current values of `{user}` and `{image}`. */
  #filler(): (event: Event) => Event {
    const user = this.#username;
    const image = this.state?.options.image ?? '';
    return (event) => {
      const message = event.message.replaceAll('{user}', () => user).replaceAll('{image}', () => image);
      return { ...event, message };
    };
  }
}
