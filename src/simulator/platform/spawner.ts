/**
 * The Hub's Spawner on a platform (NubladoSpawner): a user's server is the user's lab at the controller.
 *
 * Owns the order of its requests to the controller, the messages that it makes of the controller's events, and when
 * Jupyter listens in a lab. The Hub decides what follows from that (jupyterhub/spawn.ts), the controller what happens to
 * a lab.
 */
import type { LocalController } from '../controller.js';
import type { Drive, Failure, SpawnStory, Start } from '../jupyterhub/story.js';
import type { Timers } from '../jupyterhub/timers.js';
import type { Event } from '../../model/event.js';
import type { Reply } from '../http/reply.js';
import type { Lab } from '../labs/lab.js';
import type { EventQueue } from '../labs/queue.js';
import type { State } from '../nublado/state.js';

export interface SpawnerSettings {
  /** How long the Spawner takes before it sends its first request to the controller, in milliseconds. */
  delayMs: number;
  /** The time from the controller's `complete` until Jupyter listens; null: it never does. */
  listenMs: number | null;
}

interface Message {
  progress: number;
  message: string;
}

const spawnFailed: Failure = { kind: 'exception', text: 'Lab spawn failed' };

/** One user's Spawner. */
export class LabSpawner {
  readonly #user: string;
  readonly #controller: LocalController;
  readonly #timers: Timers;
  readonly #settings: SpawnerSettings;
  readonly #tokenOf: () => string;
  readonly #onStart: (user: string) => void;
  /** The state of the lab in which Jupyter listens. */
  #listening: State | null = null;
  /** Ends what a start() is waiting for. */
  #abandon = (): void => undefined;

  constructor(
    user: string,
    parts: {
      controller: LocalController;
      timers: Timers;
      /** Read at every spawn. */
      settings: SpawnerSettings;
      /** The token for the user's requests. */
      tokenOf: () => string;
      /** Called when a start() has begun. */
      onStart: (user: string) => void;
    },
  ) {
    this.#user = user;
    this.#controller = parts.controller;
    this.#timers = parts.timers;
    this.#settings = parts.settings;
    this.#tokenOf = parts.tokenOf;
    this.#onStart = parts.onStart;
  }

  /** A spawn with these options. */
  story(options: unknown): SpawnStory {
    const events: (readonly [ms: number, event: Message])[] = [];
    const { listenMs } = this.#settings;
    const drive: Drive = {
      start: (start) => {
        this.#start(start, options, (message) => {
          events.push([0, message]);
          start.happened();
        });
        this.#onStart(this.#user);
      },
      abandon: () => {
        this.#abandon();
      },
      stop: (done) => {
        void this.#delete().then(done);
      },
      // A lab that is being deleted still exists.
      poll: () => ['pending', 'running', 'terminating'].includes(this.#lab.state?.status ?? 'none'),
      isUp: () => {
        const { state, isDead } = this.#lab;
        return state !== null && state === this.#listening && state.status === 'running' && !isDead;
      },
      url: () => `${this.#lab.state?.internal_url ?? ''}api`,
    };
    return {
      startMs: null,
      progress: { kind: 'burst', events },
      listenMs: listenMs ?? Infinity,
      stateless: true,
      drive,
    };
  }

  get #lab(): Lab {
    return this.#controller.labs.of(this.#user);
  }

  #start(start: Start, options: unknown, tell: (message: Message) => void): void {
    const run = { isOver: false };
    const cancels: (() => void)[] = [];
    this.#abandon = () => {
      run.isOver = true;
      for (const cancel of cancels) cancel();
    };
    const raise = (): void => {
      if (!run.isOver) start.raised(spawnFailed);
    };
    const follow = (queue: EventQueue, tellEvent: (event: Event) => void): void => {
      const lost = (): void => {
        follow(this.#lab.queue, tellEvent);
      };
      const ended = (): void => {
        if (this.#lab.state?.status === 'running') start.returned();
        else raise();
      };
      cancels.push(readQueue(queue, { event: tellEvent, lost, ended }));
    };
    const create = async (): Promise<void> => {
      let reply = await this.#create(options);
      if (run.isOver) return;
      if (reply.status === 409) {
        tell({ progress: 1, message: '[warning] Deleting existing orphaned lab' });
        await this.#delete();
        if (isOver(run)) return;
        reply = await this.#create(options);
        if (isOver(run)) return;
      }
      if (reply.status >= 400) {
        tell({ progress: 1, message: `[error] ${reasonOf(reply.body)}` });
        raise();
        return;
      }
      follow(this.#lab.queue, teller(tell));
    };
    const cancelDelay = this.#timers.after(this.#settings.delayMs, () => {
      create().catch(raise);
    });
    cancels.push(cancelDelay);
  }

  async #create(options: unknown): Promise<Reply> {
    const env = { JUPYTERHUB_SERVICE_PREFIX: `/nb/user/${encodeURIComponent(this.#user)}/` };
    const reply = await this.#controller.create(this.#user, this.#tokenOf(), { options, env });
    if (reply.status < 400) this.#awaitPod(this.#lab.queue, this.#settings.listenMs);
    return reply;
  }

  /** Jupyter listens some time after the pod runs, even if the Hub has exited meanwhile. */
  #awaitPod(queue: EventQueue, listenMs: number | null): void {
    readQueue(queue, {
      event: () => undefined,
      lost: () => {
        this.#awaitPod(this.#lab.queue, listenMs);
      },
      ended: () => {
        const { state } = this.#lab;
        if (state?.status !== 'running' || listenMs === null) return;
        this.#timers.after(listenMs, () => (this.#listening = state));
      },
    });
  }

  /** Resolves when the deletion has ended, whoever has started it. */
  async #delete(): Promise<void> {
    const lab = this.#lab;
    const result = lab.delete();
    const { queue } = lab;
    const ended = new Promise<void>((resolve) => {
      readQueue(queue, { event: () => undefined, lost: resolve, ended: resolve });
    });
    // A second deletion is refused while the first one is in progress.
    if ((await Promise.race([result, ended])) === 'conflict') await ended;
  }
}

/** The Spawner's messages for the controller's events. */
function teller(tell: (message: Message) => void): (event: Event) => void {
  let progress = 1;
  return (event) => {
    progress = event.type === 'complete' ? 75 : (event.progress ?? progress);
    const severity = event.type === 'info' || event.type === 'complete' ? 'info' : 'error';
    tell({ progress, message: `[${severity}] ${event.message}` });
  };
}

/** Not narrowed by an earlier check: it can change while a promise is pending. */
function isOver(run: { isOver: boolean }): boolean {
  return run.isOver;
}

/** Reads a queue from its first event. The returned function stops. */
function readQueue(
  queue: EventQueue,
  on: { event: (event: Event) => void; lost: () => void; ended: () => void },
): () => void {
  let seen = 0;
  let stopped = false;
  const read = (): void => {
    for (; !stopped && seen < queue.events.length; seen += 1) {
      const event = queue.events[seen];
      if (event) on.event(event);
    }
    if (stopped || (!queue.lost && !queue.ended)) return;
    stop();
    if (queue.lost) on.lost();
    else on.ended();
  };
  const unsubscribe = queue.subscribe(read);
  const stop = (): void => {
    stopped = true;
    unsubscribe();
  };
  read();
  return stop;
}

/** The message of a refusal. */
function reasonOf(body: string): string {
  const message = /"msg":\s*"((?:[^"\\]|\\.)*)"/.exec(body)?.[1];
  return message === undefined ? body : (JSON.parse(`"${message}"`) as string);
}
