/**
 * The Hub of a story, and its Spawner: a user's server is the lab at the controller.
 *
 * What it says may be wrong: after a DELETE in the middle of a spawn it says ready, and after a restart it may have
 * forgotten the lab.
 */
import type { Clock } from '../../../src/runtime/context.js';
import type { Controller } from './controller.js';
import type { Plan } from './story.js';

export type Listed = 'spawn' | 'ready' | 'stop';

/** One spawn, and how it ended. `forgotten`: the Hub restarted. */
export interface Spawn {
  at: number;
  plan: Plan;
  /** Whether it was there before the command began. */
  isEarlier: boolean;
  /** Whether the Spawner deleted a lab that the Hub did not know. */
  deletedOrphan: boolean;
  end: 'ready' | 'failed' | 'cancelled' | 'forgotten' | null;
  endedAt: number | null;
}

/** Who reads the progress of a spawn. */
export interface Watcher {
  data: (text: string) => void;
  end: () => void;
  /** The Hub is gone: `cut`, or nothing more arrives. */
  lost: (how: 'cut' | 'silent') => void;
}

/** How long the Hub holds the response to a POST or a DELETE, in milliseconds. */
const patience = 10_000;

/** The time between the Hub's own checks of a server, in milliseconds. */
const pollInterval = 30_000;

export class Hub {
  listed: Listed | null = null;
  isUp = true;
  /** Whether the proxy has a route to the lab. */
  isRouted = false;
  /** Why the last spawn failed; null if it did not. */
  failure: string | null = null;
  isPreparing = true;
  readonly spawns: Spawn[] = [];
  readonly #clock: Clock;
  readonly #controller: Controller;
  readonly #nextPlan: () => Plan;
  /** With how many messages each has received. */
  readonly #watchers = new Map<Watcher, number>();
  #spawn: Spawn | null = null;
  #messages: string[] = [];
  #changed = new Set<() => void>();

  constructor(clock: Clock, controller: Controller, nextPlan: () => Plan) {
    this.#clock = clock;
    this.#controller = controller;
    this.#nextPlan = nextPlan;
    this.#poll();
  }

  /** A POST. Responds with a status, at once or later. */
  post(respond: (status: number) => void): void {
    if (this.listed === 'stop') {
      respond(400);
      return;
    }
    if (this.listed === 'ready' && this.#exists()) {
      respond(400);
      return;
    }
    if (this.listed !== 'spawn') this.begin(this.#nextPlan());
    const spawn = this.#spawn;
    this.#hold(respond, () => {
      if (this.#spawn === spawn && this.listed === 'spawn') return null;
      return spawn?.end === 'failed' ? 500 : 201;
    });
  }

  begin(plan: Plan): void {
    const spawn: Spawn = {
      at: this.#clock.monotonic(),
      plan,
      isEarlier: this.isPreparing,
      deletedOrphan: false,
      end: null,
      endedAt: null,
    };
    this.spawns.push(spawn);
    this.#spawn = spawn;
    this.listed = 'spawn';
    this.failure = null;
    this.#messages = [];
    this.#later(spawn, plan.delayMs, () => {
      this.#create(spawn);
    });
    const attempt = this.#controller;
    this.#later(spawn, plan.startTimeoutMs, () => {
      if (attempt.status !== 'running') this.#fail(spawn, '');
    });
  }

  /** A DELETE. */
  delete(respond: (status: number) => void): void {
    switch (this.listed) {
      case null:
        respond(204);
        return;
      case 'spawn':
        this.#cancel();
        break;
      case 'ready':
        if (!this.#exists()) {
          this.#gone();
          respond(204);
          return;
        }
        this.#stop();
        break;
      case 'stop':
    }
    this.#hold(respond, () => (this.listed === null ? 204 : null));
  }

  /** A progress stream; false if nothing is starting. */
  watch(watcher: Watcher): boolean {
    const { failure, listed } = this;
    if (listed === 'stop' || (listed === null && failure === null)) return false;
    if (listed === 'spawn') {
      this.#watchers.set(watcher, 0);
      this.#burst(watcher);
      return true;
    }
    watcher.data(listed === 'ready' ? ready : failed(failure ?? ''));
    watcher.end();
    return true;
  }

  leave(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  restart(signal: 'SIGTERM' | 'SIGKILL', downMs: number): void {
    if (!this.isUp) return;
    if (signal === 'SIGTERM' && this.listed === 'spawn') this.#tell(ready);
    for (const watcher of this.#watchers.keys()) watcher.lost(signal === 'SIGTERM' ? 'cut' : 'silent');
    this.#watchers.clear();
    this.isUp = false;
    this.#end('forgotten');
    this.#spawn = null;
    this.#change();
    this.#clock.after(downMs, () => {
      this.isUp = true;
      this.failure = null;
      const { status, isAlive, listens } = this.#controller;
      const isFound = this.listed === 'spawn' && status === 'running' && isAlive && listens;
      if (isFound || (this.listed === 'ready' && this.#exists())) {
        this.listed = 'ready';
        this.isRouted = true;
      } else this.#gone();
      this.#change();
    });
  }

  #create(spawn: Spawn): void {
    const controller = this.#controller;
    if (controller.isOccupied) {
      spawn.deletedOrphan = true;
      this.#messages.push('[warning] Deleting existing orphaned lab');
      controller.delete(() => {
        if (this.#spawn === spawn && spawn.end === null) this.#create(spawn);
      });
      return;
    }
    controller.create(spawn.plan).read({
      event: ({ type, message }) => {
        const severity = type === 'info' || type === 'complete' ? 'info' : 'error';
        this.#messages.push(`[${severity}] ${message}`);
      },
      end: () => {
        if (this.#spawn !== spawn || spawn.end !== null) return;
        if (controller.status === 'running') this.#awaitJupyter(spawn);
        else this.#fail(spawn, 'Lab spawn failed');
      },
    });
  }

  #awaitJupyter(spawn: Spawn): void {
    const { listenMs, httpTimeoutMs } = spawn.plan;
    for (const watcher of this.#watchers.keys()) this.#burst(watcher);
    const isLate = listenMs === null || listenMs > httpTimeoutMs;
    this.#later(spawn, isLate ? httpTimeoutMs : listenMs, () => {
      const { isAlive, listens } = this.#controller;
      if (isLate || !isAlive || !listens) {
        this.#fail(spawn, `Server at http://lab/ didn't respond in ${httpTimeoutMs / 1000} seconds`);
        return;
      }
      this.#end('ready');
      this.listed = 'ready';
      this.isRouted = true;
      this.#tell(ready);
      this.#change();
    });
  }

  /** After a failure, the Hub deletes the lab and waits for that. */
  #fail(spawn: Spawn, reason: string): void {
    if (spawn.end !== null) return;
    this.#end('failed');
    this.#controller.delete(() => {
      if (this.#spawn !== spawn) return;
      this.#spawn = null;
      this.failure = reason;
      spawn.endedAt = this.#clock.monotonic();
      this.#gone();
      this.#tell(failed(reason));
      this.#change();
    });
  }

  /** A cancelled spawn looks ready until the Hub stops what is left of it. */
  #cancel(): void {
    const spawn = this.#spawn;
    if (spawn?.end !== null) return;
    this.#end('cancelled');
    this.listed = 'ready';
    this.#tell(ready);
    this.#clock.after(1_000, () => {
      if (this.#spawn === spawn && this.listed === 'ready') this.#stop();
    });
  }

  #stop(): void {
    this.listed = 'stop';
    this.isRouted = false;
    this.#controller.delete(() => {
      if (this.listed !== 'stop' || !this.isUp) return;
      this.#gone();
      this.#change();
    });
  }

  #gone(): void {
    this.listed = null;
    this.isRouted = false;
  }

  /** What the Spawner's poll() says. */
  #exists(): boolean {
    const { status } = this.#controller;
    return status !== null && status !== 'failed';
  }

  #poll(): void {
    this.#clock.after(pollInterval, () => {
      if (this.isUp && this.listed === 'ready' && !this.#exists()) this.#gone();
      this.#poll();
    });
  }

  #end(end: NonNullable<Spawn['end']>): void {
    const spawn = this.#spawn;
    if (spawn?.end !== null) return;
    spawn.end = end;
    spawn.endedAt = this.#clock.monotonic();
  }

  /** The last words to all watchers. */
  #tell(text: string): void {
    for (const watcher of this.#watchers.keys()) {
      this.#burst(watcher);
      watcher.data(text);
      watcher.end();
    }
    this.#watchers.clear();
  }

  /** Watchers receive messages when they come, and when start() has ended. */
  #burst(watcher: Watcher): void {
    const text = this.#messages
      .slice(this.#watchers.get(watcher) ?? 0)
      .map(frame)
      .join('');
    this.#watchers.set(watcher, this.#messages.length);
    if (text !== '') watcher.data(text);
  }

  /** Responds when there is a status; after some time, with 202. */
  #hold(respond: (status: number) => void, status: () => number | null): void {
    let isOver = false;
    const finish = (with_: number): void => {
      if (isOver) return;
      isOver = true;
      this.#changed.delete(check);
      respond(with_);
    };
    const check = (): void => {
      const now = this.isUp ? status() : 503;
      if (now !== null) finish(now);
    };
    this.#changed.add(check);
    this.#clock.after(patience, () => {
      finish(202);
    });
    check();
  }

  #change(): void {
    for (const check of [...this.#changed]) check();
  }

  #later(spawn: Spawn, ms: number, act: () => void): void {
    this.#clock.after(ms, () => {
      if (this.#spawn === spawn && spawn.end === null) act();
    });
  }
}

const ready = `data: ${JSON.stringify({ progress: 100, ready: true, message: 'Server ready' })}\n\n`;

function failed(reason: string): string {
  return `data: {"progress": 100, "failed": true, "message": ${JSON.stringify(`Spawn failed: ${reason}`)}}\n\n`;
}

function frame(message: string): string {
  return `data: ${JSON.stringify({ progress: 50, message })}\n\n`;
}
