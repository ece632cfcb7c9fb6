/**
 * The world of a story: the controller, and the way to it with all its troubles.
 *
 * Responds to requests as on the wire (status, headers, body, or no response), so that both an in-memory Backend and
 * an HTTP server can be built on it. Keeps a log of what crossed the wire, for the judge.
 */
import type { Clock } from '../../src/runtime/context.js';
import { Connection } from './connection.js';
import { Controller } from './controller.js';
import { interfere } from './interfering.js';
import { Random } from './random.js';
import * as replies from './replies.js';
import { createReply, stateReply, userInfo, type Whose } from './responses.js';
import type { Route, Status, Story, Trouble } from './story.js';
import { Timers } from './timers.js';
import { WireLog, type Answer } from './wire-log.js';

interface Question {
  route: Route;
  whose: Whose;
  settle: (answer: Answer, lab?: Status | null) => void;
}

export class World {
  readonly log = new WireLog();
  readonly connections: Connection[] = [];
  readonly faults = new Map<string, number>();
  /** Told when the controller's door is shut and opened; for a server with a real door. */
  onDoor: (open: boolean) => void = () => undefined;
  readonly #story: Story;
  readonly #clock: Timers;
  readonly #random: Random;
  readonly #controller: Controller;
  readonly #asked: Record<Route, number> = { create: 0, events: 0, state: 0, remove: 0, who: 0 };
  readonly #pending = new Set<Question>();
  #down = false;
  #expired = false;
  /** Number of restarts of the controller. Requests in flight to the previous one no longer take effect. */
  #lives = 0;

  constructor(story: Story, clock: Clock) {
    this.#story = story;
    this.#clock = new Timers(clock);
    this.#random = new Random(story.seed ^ 0x5eed);
    this.#controller = new Controller(story, this.#clock);
    for (const window of story.windows) this.log.calm(window.to);
    const { command, before } = story;
    if (command.name !== 'spawn' || before.underWay !== null || before.status === 'hibernated')
      this.#interfere();
    else
      this.#controller.onBegin = () => {
        this.#controller.onBegin = () => undefined;
        this.#interfere();
      };
  }

  /** When the truth changed last. */
  get changedAt(): number {
    return this.#controller.changedAt;
  }

  /** Streams and requests that the client has left open. */
  get open(): number {
    const streams = this.connections.filter(({ isOver, closedAt }) => !isOver && closedAt === null);
    return streams.length + this.#pending.size;
  }

  /** The story is over for the world as well. */
  stop(): void {
    this.#clock.cancelAll();
  }

  /** Never rejects. The response to an abandoned request is `aborted`. */
  ask(route: Route, signal: AbortSignal, whose: Whose = 'named'): Promise<Answer> {
    const now = this.#clock.monotonic();
    this.log.asked(route, now);
    return new Promise((resolve) => {
      const question: Question = {
        route,
        whose,
        settle: (answer, lab) => {
          if (!this.#pending.delete(question)) return;
          signal.removeEventListener('abort', onAbort);
          this.#note(route, now, answer, lab);
          resolve(answer);
        },
      };
      const onAbort = (): void => {
        question.settle({ kind: 'none', how: 'aborted' });
      };
      this.#pending.add(question);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort);
      // The request is in flight, whether or not the client waits for the response.
      this.#arrive(question);
    });
  }

  #arrive(question: Question): void {
    const { latency, slowCreate } = this.#story.wire;
    const { route } = question;
    const trouble = this.#down ? ({ kind: 'refused' } as const) : this.#troubleOf(route);
    const reaches = trouble === null || effectOf(trouble) === 0;
    const wait = route === 'create' && reaches ? latency + slowCreate : latency;
    this.#clock.after(wait, () => {
      if (trouble !== null) this.#suffer(question, trouble);
      else this.#answer(question);
    });
  }

  #troubleOf(route: Route): Trouble | null {
    const now = this.#clock.monotonic();
    const window = this.#story.windows.find(
      ({ from, to, route: on }) => from <= now && now < to && (on === 'all' || on === route),
    );
    if (window !== undefined) return window.trouble;
    const index = this.#asked[route]++;
    return this.#story.troubles[route][index] ?? null;
  }

  #suffer(question: Question, trouble: Trouble): void {
    this.#count(trouble.kind === 'status' ? `${trouble.status}` : trouble.kind);
    const effect = effectOf(trouble);
    const life = this.#lives;
    if (effect === 0) this.#takeEffect(question.route);
    else if (effect !== null) {
      this.#clock.after(effect, () => {
        if (life === this.#lives) this.#takeEffect(question.route);
      });
    }
    switch (trouble.kind) {
      case 'refused':
        this.#settleNone(question, 'refused');
        return;
      case 'reset':
        this.#settleNone(question, 'reset');
        return;
      case 'stranger':
        this.#settleNone(question, 'stranger');
        return;
      case 'hang':
        return;
      case 'status':
        question.settle({ kind: 'status', ...replies.inTrouble(trouble) });
    }
  }

  #settleNone(question: Question, how: 'refused' | 'reset' | 'stranger'): void {
    question.settle({ kind: 'none', how });
  }

  /** The effect of a request whose response is lost. */
  #takeEffect(route: Route): void {
    if (this.#down || this.#expired) return;
    if (route === 'create' && this.#controller.create() === 'accepted') this.log.begun();
    if (route === 'remove') this.#controller.remove(() => undefined);
  }

  #answer(question: Question): void {
    if (this.#down) {
      this.#settleNone(question, 'reset');
      return;
    }
    if (this.#expired) {
      this.#count(`${this.#story.interference.expiry}`);
      question.settle({ kind: 'status', ...replies.noLonger(this.#story.interference.expiry) });
      return;
    }
    switch (question.route) {
      case 'create': {
        const result = this.#controller.create();
        if (result === 'accepted') this.log.begun();
        question.settle({ kind: 'status', ...createReply(result) });
        return;
      }
      case 'remove':
        this.#answerRemove(question);
        return;
      case 'state': {
        const { reply, lab } = stateReply(this.#story, this.#controller.status, question.whose);
        question.settle({ kind: 'status', ...reply }, lab);
        return;
      }
      case 'who':
        question.settle({ kind: 'status', ...userInfo(this.#story) });
        return;
      case 'events':
        this.#answerEvents(question);
    }
  }

  #answerRemove(question: Question): void {
    const result = this.#controller.remove((end) => {
      if (this.#down || this.#expired) return;
      question.settle({ kind: 'status', ...(end === 'gone' ? replies.gone : replies.deleteFailed) });
    });
    if (result === 'unknown') question.settle({ kind: 'status', ...replies.unknownUser });
    if (result === 'busy') question.settle({ kind: 'status', ...replies.inProgress });
  }

  #answerEvents(question: Question): void {
    const { queue } = this.#controller;
    if (this.#story.who === 'another') {
      this.log.violations.push("another user's events were asked for");
      question.settle({ kind: 'status', ...replies.notYours });
      return;
    }
    if (queue === null) {
      question.settle({ kind: 'status', ...replies.unknownUser });
      return;
    }
    if (!this.#pending.has(question)) return;
    const { streams, laterStreams } = this.#story;
    const index = this.connections.length;
    const fault = index < streams.length ? (streams[index] ?? null) : laterStreams;
    const onFault = (kind: string): void => {
      this.#count(`stream ${kind}`);
    };
    const connection = new Connection(this.#clock, this.#story.wire, this.#random, queue, fault, onFault);
    this.connections.push(connection);
    question.settle({ kind: 'stream', connection });
  }

  #interfere(): void {
    const controller = this.#controller;
    interfere(this.#story.interference, this.#clock, {
      stop: (forgets) => {
        this.#count('restart');
        this.#shut();
        this.#lives += 1;
        controller.restart(forgets);
      },
      start: () => {
        this.#down = false;
        this.log.calm(this.#clock.monotonic());
        this.onDoor(true);
      },
      deleteLab: () => {
        this.#count('deleted by another');
        controller.remove(() => undefined);
      },
      refuseCreate: () => {
        this.#count('create by another');
        if (!this.#down) controller.refuseOther();
      },
      reconcile: () => {
        this.#count('reconciled');
        if (!this.#down) controller.reconcile();
      },
      expire: () => {
        this.#count('token expired');
        this.#expired = true;
        this.log.calm(this.#clock.monotonic());
        this.#cutAll();
      },
    });
  }

  #shut(): void {
    this.#down = true;
    this.onDoor(false);
    this.#cutAll();
  }

  #cutAll(): void {
    for (const connection of this.connections) if (!connection.isOver) connection.cut();
    for (const question of [...this.#pending]) this.#settleNone(question, 'reset');
  }

  #note(route: Route, askedAt: number, answer: Answer, lab: Status | null | undefined): void {
    const { isAlive, spawned } = this.#controller;
    const fresh = isAlive || spawned > 0;
    this.log.answered({ askedAt, at: this.#clock.monotonic(), route, lab, fresh }, answer);
  }

  #count(fault: string): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }
}

/** How long after the response the request takes effect; null if it never does. */
function effectOf(trouble: Trouble): number | null {
  return 'effect' in trouble ? trouble.effect : null;
}
