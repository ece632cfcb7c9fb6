/**
 * One of a user's servers, as the Hub sees it: pending or not, with an address or without, and what is behind that.
 *
 * Owns the transitions, also those after which the Hub believes what is not so. Requests are answered in
 * server-routes.ts; a spawn is played by spawn.ts.
 */
import type { Release } from './releases.js';
import { Spawn, type Child, type SpawnOutcome, type SpawnWorld } from './spawn.js';
import type { Meanwhile, SpawnStory } from './story.js';

export interface ServerWorld extends SpawnWorld {
  release: Release;
  /** Until the Hub looks after its servers again. */
  pollMs: number;
  /** Until the Hub compares its servers with the proxy's routes. */
  checkRoutesMs: number;
  /** Does to a server what befalls it in its story. */
  meanwhile: (server: Server, what: Meanwhile) => void;
}

/** How a DELETE went: `stopped`, still `stopping`, `failed` where a start could not be cancelled. */
export type StopResult = 'stopped' | 'stopping' | 'failed';

/** DELETE waits so long for a cancelled start. */
const cancelPatience = 1000;

export class Server {
  readonly name: string;
  readonly user: string;
  displayName: string | null = null;
  /** The options of the last spawn; null where it had none. */
  options: unknown = null;
  /** In the database. */
  recorded = false;
  /** In the Hub's memory: then "not starting" is 400, else 404. */
  loaded = false;
  pending: 'spawn' | 'stop' | null = null;
  /** The Hub has written down where the server is, which it does before it starts it. */
  hasAddress = false;
  /** The proxy has a route to it. */
  routed = false;
  /** The Spawner has kept nothing about its process. */
  stateless = false;
  /** The server answers through the proxy. */
  reachable = false;
  started: number | null = null;
  lastActivity: number | null = null;
  child: Child | null = null;
  /** The pending spawn, or the last one while it is in memory. */
  spawn: Spawn | null = null;
  readonly #world: ServerWorld;
  readonly #stopped = new Set<() => void>();
  /** Without it the Hub never notices that the server died, and a DELETE changes nothing. */
  #polled = false;
  /** The Hub is gone, and its spawn goes on without it. */
  #unwatched = false;

  constructor(user: string, name: string, world: ServerWorld) {
    this.user = user;
    this.name = name;
    this.#world = world;
  }

  get ready(): boolean {
    return this.pending === null && this.hasAddress;
  }

  get active(): boolean {
    return this.pending !== null || this.hasAddress;
  }

  /** As the Hub names it in messages. */
  get logName(): string {
    return this.name === '' ? this.user : `${this.user}:${this.name}`;
  }

  get isAlive(): boolean {
    return this.child !== null && this.child.status === null;
  }

  /** The Hub has an object for it from here on. */
  load(): void {
    this.loaded = true;
    this.recorded = true;
  }

  start(story: SpawnStory, options: unknown): Spawn {
    this.load();
    this.options = options;
    this.#forget();
    this.pending = 'spawn';
    this.hasAddress = true;
    this.started = this.lastActivity = this.#world.timers.now();
    const spawn = new Spawn(this, story, this.#world, (outcome) => {
      if (this.spawn === spawn && !this.#unwatched) this.#spawned(spawn, outcome);
    });
    this.spawn = spawn;
    for (const [ms, what] of story.meanwhile ?? []) {
      this.#world.timers.after(ms, () => {
        this.#world.meanwhile(this, what);
      });
    }
    spawn.begin();
    return spawn;
  }

  /** Calls back with the result once; a server that is still stopping after `slowMs` may be waited for by others. */
  stop(slowMs: number, done: (result: StopResult) => void): void {
    const { spawn } = this;
    const died = this.ready && !this.isAlive;
    if (this.pending === 'stop') {
      done('stopping');
    } else if (this.pending === 'spawn' && spawn) {
      this.#cancel(spawn, done);
    } else if (this.hasAddress && this.notice()) {
      this.#stop(slowMs, done);
    } else {
      this.recorded = true;
      // Even a request that changes nothing makes the Hub remember the server.
      if (!this.hasAddress && !died) this.loaded = true;
      done('stopped');
    }
  }

  /** Looks after the server, and forgets it where it has died. Whether it lives. */
  notice(): boolean {
    if (this.isAlive) return true;
    if (this.#polled) this.#gone();
    return false;
  }

  /** Calls back when the server that is being stopped is gone. */
  onStopped(callback: () => void): void {
    this.#stopped.add(callback);
  }

  /** The process ends by itself, and nobody has noticed. */
  kill(): void {
    if (this.child) this.child.status ??= 137;
  }

  /**
   * The Hub ends. With SIGTERM it cancels its spawns first, and so tells every watcher of a pending server that it is
   * ready.
   */
  goDown(gracefully: boolean): void {
    if (this.pending === 'spawn' && gracefully) this.spawn?.cancel(0);
    this.#unwatched = true;
  }

  /** A new Hub knows what the database says. A spawn is forgotten, unless the Spawner finds its server. */
  comeBack(): void {
    const { spawn, pending } = this;
    this.#unwatched = false;
    this.loaded = false;
    this.spawn = null;
    if (!this.active) return;
    const found = pending === 'spawn' && spawn?.story.adopted === true && spawn.child?.listens === true;
    this.stateless = spawn?.story.stateless === true;
    if (found) this.child = spawn.child;
    else if (pending === 'spawn') spawn?.stop();
    if (this.isAlive && pending !== 'stop') {
      this.pending = null;
      this.loaded = true;
      this.#ready();
    } else {
      this.#gone();
    }
  }

  #spawned(spawn: Spawn, outcome: SpawnOutcome): void {
    this.pending = null;
    switch (outcome.kind) {
      case 'ready':
        this.child = spawn.child;
        this.#ready();
        return;
      case 'failed':
        this.#forget();
        return;
      case 'cancelled':
        // Nothing pending and an address: that is what the Hub calls ready.
        return;
    }
  }

  #ready(): void {
    this.routed = true;
    this.reachable = false;
    this.#world.timers.after(this.spawn?.story.unreachableMs ?? 0, () => (this.reachable = true));
    this.#polled = true;
    this.#pollLater(this.child);
  }

  #pollLater(child: Child | null): void {
    this.#world.timers.after(this.#world.pollMs, () => {
      if (this.child !== child || !this.ready) return;
      if (this.notice()) this.#pollLater(child);
    });
  }

  #cancel(spawn: Spawn, done: (result: StopResult) => void): void {
    spawn.cancel();
    this.#world.timers.after(cancelPatience, () => {
      if (spawn.outcome) {
        if (this.spawn === spawn && this.ready) this.#gone();
        done('stopped');
        return;
      }
      done('failed');
      // The proxy learns of it only when the Hub compares its routes.
      this.#world.timers.after(this.#world.checkRoutesMs, () => {
        if (this.spawn === spawn && this.ready) this.routed = true;
      });
    });
  }

  #stop(slowMs: number, done: (result: StopResult) => void): void {
    const { stopMs = 0, stopFails } = this.spawn?.story ?? {};
    this.pending = 'stop';
    this.routed = false;
    let answer: ((result: StopResult) => void) | null = done;
    const reply = (result: StopResult): void => {
      answer?.(result);
      answer = null;
    };
    const cancel = this.#world.timers.after(slowMs, () => {
      reply('stopping');
    });
    if (stopMs === null) return;
    this.#world.timers.after(stopMs, () => {
      cancel();
      if (this.child && stopFails !== true) this.child.status ??= 0;
      this.#gone();
      reply('stopped');
      const waiting = [...this.#stopped];
      this.#stopped.clear();
      for (const callback of waiting) callback();
    });
  }

  /** Nothing is there any more, and the Hub's object is dropped. */
  #gone(): void {
    this.#forget();
    this.loaded = false;
    this.spawn = null;
    this.lastActivity = this.#world.timers.now();
  }

  #forget(): void {
    this.pending = null;
    this.hasAddress = false;
    this.routed = false;
    this.#polled = false;
    this.started = null;
    this.child = null;
  }
}
