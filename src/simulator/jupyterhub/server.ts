/**
 * One of a user's servers, as the Hub sees it (pending or not, with or without an address), and its real state.
 *
 * Owns the transitions, including those after which the Hub's view is wrong. server-routes.ts handles requests; spawn.ts
 * plays a spawn.
 */
import type { Release } from './releases.js';
import { Spawn, type Child, type SpawnOutcome, type SpawnWorld } from './spawn.js';
import type { Drive, Meanwhile, SpawnStory } from './story.js';

export interface ServerWorld extends SpawnWorld {
  release: Release;
  /** The time until the Hub checks its servers again. */
  pollMs: number;
  /** The time until the Hub compares its servers with the proxy's routes. */
  checkRoutesMs: number;
  /** Applies an external event of the story to a server. */
  meanwhile: (server: Server, what: Meanwhile) => void;
}

/** The result of a DELETE: `stopped`, still `stopping`, or `failed` if a start could not be cancelled. */
export type StopResult = 'stopped' | 'stopping' | 'failed';

/** How long a DELETE waits for a cancelled start, in milliseconds. */
const cancelPatience = 1000;

export class Server {
  readonly name: string;
  readonly user: string;
  displayName: string | null = null;
  /** The options of the last spawn; null if it had none. */
  options: unknown = null;
  /** Whether it is in the database. */
  recorded = false;
  /** Whether it is in the Hub's memory: then "not starting" is 400, otherwise 404. */
  loaded = false;
  pending: 'spawn' | 'stop' | null = null;
  /** Whether the Hub has recorded the server's address, which it does before starting it. */
  hasAddress = false;
  /** Whether the proxy has a route to it. */
  routed = false;
  /** Whether the Spawner has stored nothing about its process. */
  stateless = false;
  /** Whether the server responds through the proxy. */
  reachable = false;
  started: number | null = null;
  lastActivity: number | null = null;
  child: Child | null = null;
  /** The pending spawn, or the last one while it is in memory. */
  spawn: Spawn | null = null;
  readonly #world: ServerWorld;
  readonly #stopped = new Set<() => void>();
  /** Whether the Hub polls it. If not, the Hub never notices that the server died, and a DELETE has no effect. */
  #polled = false;
  /** Whether the Hub has exited while its spawn continues. */
  #unwatched = false;
  /** What starts and stops it, if that is not a story. A restarted Hub has the same. */
  #drive: Drive | null = null;

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

  /** The server's name in the Hub's messages. */
  get logName(): string {
    return this.name === '' ? this.user : `${this.user}:${this.name}`;
  }

  get isAlive(): boolean {
    if (this.child?.status !== null) return false;
    return this.#drive?.isUp() ?? true;
  }

  /** From here on, the Hub has an object for it. */
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
    this.#drive = story.drive ?? null;
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

  /** Calls back once with the result. The stop may continue after `slowMs`, when the result is `stopping`. */
  stop(slowMs: number, done: (result: StopResult) => void): void {
    const { spawn } = this;
    const died = this.ready && !this.isAlive;
    if (this.pending === 'stop') {
      done('stopping');
    } else if (this.pending === 'spawn' && spawn) {
      this.#cancel(spawn, slowMs, done);
    } else if (this.hasAddress && this.notice()) {
      this.#stop(slowMs, done);
    } else {
      this.recorded = true;
      // Even a request that changes nothing makes the Hub remember the server.
      if (!this.hasAddress && !died) this.loaded = true;
      done('stopped');
    }
  }

  /** Checks the server, and forgets it if the Spawner says that it has ended. Returns whether it exists. */
  notice(): boolean {
    if (this.#drive?.poll() ?? this.isAlive) return true;
    if (this.#polled) this.#gone();
    return false;
  }

  /** Calls back when the server that is being stopped is gone. */
  onStopped(callback: () => void): void {
    this.#stopped.add(callback);
  }

  /** The process exits by itself, unnoticed by the Hub. */
  kill(): void {
    if (this.child) this.child.status ??= 137;
  }

  /**
   * The Hub exits. With SIGTERM it cancels its spawns first, so every stream of a pending server reports that it is
   * ready.
   */
  goDown(gracefully: boolean): void {
    if (this.pending === 'spawn' && gracefully) this.spawn?.cancel(0);
    if (this.#drive) {
      // Its start() ends with the Hub's process, and so do its time limits.
      this.#drive.abandon();
      this.spawn?.stop();
    }
    this.#unwatched = true;
  }

  /** A new Hub knows only the database. It forgets a spawn unless the Spawner finds its server. */
  comeBack(): void {
    const { spawn, pending } = this;
    this.#unwatched = false;
    this.loaded = false;
    this.spawn = null;
    if (!this.active) return;
    const wasStarting = pending === 'spawn' || (this.#drive !== null && this.child === null);
    const found =
      wasStarting &&
      (this.#drive?.isUp() ?? (spawn?.story.adopted === true && spawn.child?.listens === true));
    this.stateless = spawn?.story.stateless === true;
    if (found) this.child = spawn?.child ?? this.#world.newChild();
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
        // To the Hub, a server with an address and nothing pending is ready.
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

  #cancel(spawn: Spawn, slowMs: number, done: (result: StopResult) => void): void {
    spawn.cancel();
    this.#world.timers.after(cancelPatience, () => {
      if (spawn.outcome) {
        const isStill = this.spawn === spawn && this.ready;
        if (isStill && this.#drive) {
          this.#stop(slowMs, done);
          return;
        }
        if (isStill) this.#gone();
        done('stopped');
        return;
      }
      done('failed');
      // The proxy is updated only when the Hub compares its routes.
      this.#world.timers.after(this.#world.checkRoutesMs, () => {
        if (this.spawn === spawn && this.ready) this.routed = true;
      });
    });
  }

  #stop(slowMs: number, done: (result: StopResult) => void): void {
    const { stopMs = 0, stopFails } = this.spawn?.story ?? {};
    this.pending = 'stop';
    this.routed = false;
    let response: ((result: StopResult) => void) | null = done;
    const reply = (result: StopResult): void => {
      response?.(result);
      response = null;
    };
    const cancel = this.#world.timers.after(slowMs, () => {
      reply('stopping');
    });
    const ended = (): void => {
      cancel();
      if (this.child && stopFails !== true) this.child.status ??= 0;
      this.#gone();
      reply('stopped');
      const waiting = [...this.#stopped];
      this.#stopped.clear();
      for (const callback of waiting) callback();
    };
    if (this.#drive) this.#drive.stop(ended);
    else if (stopMs !== null) this.#world.timers.after(stopMs, ended);
  }

  /** The server is gone, and the Hub's object is dropped. */
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
    this.#drive = null;
  }
}
