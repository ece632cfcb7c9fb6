/**
 * What really happens on the platform of a story: one lab, of which the Hub and the controller each know their part.
 *
 * Owns the order of events: the controller creates and deletes, the Hub waits for it and for Jupyter. It shares no code with
 * the backend, and records what the judge needs.
 */
import type { Event } from '../../../src/model/event.js';
import type { Clock } from '../../../src/runtime/context.js';
import type { Incident, PlatformStory, SpawnPlan } from './story.js';

export type HubPhase = 'starting' | 'running' | 'stopping' | null;
export type ControllerPhase = 'starting' | 'running' | 'stopping' | 'failed' | null;

/** The events of one operation at the controller. */
export interface Queue {
  events: Event[];
  isOver: boolean;
  isDeletion: boolean;
}

export interface Moment {
  at: number;
  hub: HubPhase;
  controller: ControllerPhase;
  /** Whether Jupyter responds. */
  responds: boolean;
}

export const reason = 'the quota is used up';

export class Truth {
  hub: HubPhase = null;
  controller: ControllerPhase = null;
  responds = false;
  /** Why the last spawn of the Hub failed. */
  failure: string | null = null;
  queue: Queue | null = null;
  hubIsUp = true;
  hubIsAway = false;
  controllerIsAway = false;
  lies = false;
  /** What happened, for the judge. */
  readonly moments: Moment[] = [];
  posts = 0;
  orphansDeleted = 0;
  /** Something else than the command stopped, killed or lost the lab. */
  disturbances: number[] = [];
  spawnFailures = 0;
  readonly #story: PlatformStory;
  readonly #clock: Clock;
  readonly #timers = new Set<() => void>();
  readonly #listeners = new Set<() => void>();
  /** Counts operations of the Hub, so that what belongs to an earlier one ends. */
  #operation = 0;

  constructor(story: PlatformStory, clock: Clock) {
    this.#story = story;
    this.#clock = clock;
    if (story.old !== 'none') this.queue = oldQueue(story.old);
    this.#begin(story);
    this.#note();
  }

  #begin({ before, plan }: PlatformStory): void {
    switch (before) {
      case 'nothing':
        return;
      case 'running':
      case 'orphan':
        this.controller = 'running';
        this.responds = true;
        if (before === 'running') this.hub = 'running';
        this.queue = oldQueue('complete');
        return;
      case 'failed':
        this.controller = 'failed';
        this.failure = 'Spawn failed: Lab spawn failed';
        this.queue = oldQueue('failed');
        return;
      case 'starting':
        this.#startSpawn(plan);
        return;
      case 'orphan starting':
        this.#create(plan, () => undefined);
        return;
      case 'stopping':
        this.controller = 'running';
        this.hub = 'running';
        this.hubStop();
        return;
      case 'leaving':
        this.controller = 'running';
        this.#delete(plan.deletion, () => undefined);
    }
  }

  /** Calls back at every change. */
  onChange(callback: () => void): () => void {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  close(): void {
    for (const cancel of this.#timers) cancel();
  }

  /** A POST that the Hub accepts. */
  post(): void {
    this.posts += 1;
    this.#startSpawn(this.#story.plan);
  }

  #startSpawn(plan: SpawnPlan): void {
    const operation = ++this.#operation;
    this.hub = 'starting';
    this.failure = null;
    this.#note();
    const isCurrent = (): boolean => operation === this.#operation;
    const fail = (text: string): void => {
      if (!isCurrent()) return;
      this.hub = null;
      this.failure = text;
      this.spawnFailures += 1;
      this.#note();
      // The Hub cleans up after a failure.
      if (this.controller !== null && this.controller !== 'stopping' && plan.end !== 'early') {
        this.#delete(plan.deletion, () => undefined);
      }
    };
    if (plan.end === 'early') {
      this.#after(plan.lag + 300, () => {
        fail('Spawn failed: the Spawner has a bug');
      });
      return;
    }
    const create = (): void => {
      if (!isCurrent()) return;
      this.#create(plan, (end) => {
        if (!isCurrent()) return;
        if (end === 'failed') {
          this.#after(200, () => {
            fail('Spawn failed: Lab spawn failed');
          });
          return;
        }
        this.#after(plan.after, () => {
          if (!isCurrent()) return;
          if (plan.end === 'silent' || this.controller !== 'running') {
            fail("Spawn failed: Server didn't respond");
            return;
          }
          this.hub = 'running';
          this.responds = true;
          this.#note();
        });
      });
    };
    this.#after(plan.lag, () => {
      if (!isCurrent()) return;
      if (this.controller === 'running' || this.controller === 'starting') {
        this.orphansDeleted += 1;
        this.#delete(plan.deletion, create);
      } else {
        this.#whenDeleted(create);
      }
    });
  }

  #whenDeleted(then: () => void): void {
    if (this.controller !== 'stopping') then();
    else
      this.#after(200, () => {
        this.#whenDeleted(then);
      });
  }

  #create({ gap, events, end }: SpawnPlan, done: (end: 'complete' | 'failed') => void): void {
    const queue = this.#newQueue(false);
    this.controller = 'starting';
    this.responds = false;
    this.#note();
    const isCurrent = (): boolean => queue === this.queue;
    let progress = 0;
    for (let i = 0; i < events; i++) {
      progress += Math.round(70 / events);
      const event: Event = { type: 'info', message: `step ${i}`, progress: i === 0 ? 1 : progress };
      this.#after(i * gap, () => {
        if (isCurrent()) this.#add(queue, event);
      });
    }
    this.#after(events * gap, () => {
      if (!isCurrent()) return;
      if (end === 'failed') {
        this.#add(queue, { type: 'error', message: reason, progress: null });
        this.controller = 'failed';
        this.#end(queue, { type: 'failed', message: 'Lab spawn failed', progress: null });
      } else {
        this.controller = 'running';
        this.#end(queue, { type: 'complete', message: 'Lab started', progress: null });
      }
      done(end === 'failed' ? 'failed' : 'complete');
    });
  }

  #delete(ms: number, done: () => void): void {
    const queue = this.#newQueue(true);
    this.controller = 'stopping';
    this.responds = false;
    this.#add(queue, { type: 'info', message: 'Deleting', progress: 25 });
    this.#after(ms, () => {
      if (queue !== this.queue) return;
      this.controller = null;
      this.#add(queue, { type: 'info', message: 'Deleted', progress: 100 });
      this.#end(queue, null);
      done();
    });
  }

  /** A DELETE at the Hub. */
  hubStop(): void {
    this.#operation += 1;
    this.hub = 'stopping';
    this.failure = null;
    this.#note();
    const done = (): void => {
      this.hub = null;
      this.#note();
    };
    if (this.controller === null) this.#after(300, done);
    else if (this.controller === 'stopping') this.#whenDeleted(done);
    else this.#delete(this.#story.plan.deletion, done);
  }

  /** A DELETE at the controller. */
  controllerStop(done: () => void): void {
    if (this.controller === 'stopping') this.#whenDeleted(done);
    else this.#delete(this.#story.plan.deletion, done);
  }

  happen(incident: Incident): void {
    switch (incident.what) {
      case 'stop':
        if (this.hub !== 'starting' && this.hub !== 'running') return;
        this.#disturb();
        this.hubStop();
        return;
      case 'die':
        if (!this.responds) return;
        this.#disturb();
        this.responds = false;
        this.#note();
        return;
      case 'cut':
        this.#change();
        return;
      case 'restart':
        this.#disturb();
        this.hubIsUp = false;
        this.#note();
        this.#after(incident.for, () => {
          this.hubIsUp = true;
          this.#disturb();
          if (this.hub === 'starting') {
            this.#operation += 1;
            this.hub = this.controller === 'running' ? 'running' : null;
            if (this.hub === 'running') this.responds = this.#story.plan.end !== 'silent';
          }
          this.#note();
        });
        return;
      case 'hub away':
        this.hubIsAway = true;
        this.#after(incident.for, () => (this.hubIsAway = false));
        return;
      case 'controller away':
        this.controllerIsAway = true;
        this.#change();
        this.#after(incident.for, () => (this.controllerIsAway = false));
        return;
      case 'lie':
        this.#disturb();
        this.lies = true;
        this.#after(incident.for, () => {
          this.lies = false;
          this.#disturb();
        });
        return;
      case 'removed':
        if (this.controller !== 'running') return;
        this.#disturb();
        this.#delete(300, () => {
          const operation = this.#operation;
          // The Hub notices with its next poll.
          this.#after(incident.for, () => {
            if (operation !== this.#operation || this.hub !== 'running') return;
            this.hub = null;
            this.#disturb();
            this.#note();
          });
        });
    }
  }

  #disturb(): void {
    this.disturbances.push(this.#clock.monotonic());
  }

  #newQueue(isDeletion: boolean): Queue {
    if (this.queue !== null && !this.queue.isOver) {
      if (!this.queue.isDeletion) this.queue.events.push(cancelled);
      this.queue.isOver = true;
    }
    return (this.queue = { events: [], isOver: false, isDeletion });
  }

  #add(queue: Queue, event: Event): void {
    queue.events.push(event);
    this.#note();
  }

  #end(queue: Queue, event: Event | null): void {
    if (event !== null) queue.events.push(event);
    queue.isOver = true;
    this.#note();
  }

  #after(ms: number, callback: () => void): void {
    this.#timers.add(this.#clock.after(ms, callback));
  }

  #note(): void {
    const { hub, controller, responds } = this;
    this.moments.push({ at: this.#clock.monotonic(), hub, controller, responds });
    this.#change();
  }

  #change(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** What the watchers of a spawn get when its lab is deleted. */
const cancelled: Event = { type: 'failed', message: 'Operation cancelled', progress: null };

function oldQueue(end: 'complete' | 'failed' | 'deletion'): Queue {
  const events: Event[] =
    end === 'deletion'
      ? [
          { type: 'info', message: 'Old deletion', progress: 25 },
          { type: 'info', message: 'Old end', progress: 100 },
        ]
      : [
          { type: 'info', message: 'Old step', progress: 1 },
          { type: end, message: `Old ${end}`, progress: null },
        ];
  return { events, isOver: true, isDeletion: end === 'deletion' };
}
