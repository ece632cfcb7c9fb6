/**
 * The world of a story: the controller, and the way to it with all its troubles.
 *
 * Answers questions as they would be answered on the wire (status, headers, body, or none), so that a Backend in
 * memory and an HTTP server can both stand before it. Keeps a log of what crossed the wire, for the judge.
 */
import type { Clock } from '../../src/context.js';
import { Connection } from './connection.js';
import { Controller } from './controller.js';
import { Random } from './random.js';
import type { Route, Status, Story, Trouble } from './story.js';

export type Answer =
  /** No connection, one that broke, one that the client gave up, or an answer that makes no sense. */
  | { kind: 'none'; how: 'refused' | 'reset' | 'aborted' | 'stranger' }
  | { kind: 'status'; status: number; headers: Record<string, string>; body: string }
  | { kind: 'stream'; connection: Connection };

/** What the client was told, and when. */
export interface Told {
  at: number;
  route: Route;
  /** Null where there was no answer. */
  status: number | null;
  /** Why there was none. */
  none: 'refused' | 'reset' | 'aborted' | 'stranger' | null;
  /** The lab's status in the answer; null for no lab, undefined where it is not told. */
  lab: Status | null | undefined;
}

interface Question {
  route: Route;
  settle: (answer: Answer, lab?: Status | null) => void;
}

/** The shapes in which an ingress or a controller says no. */
const html = { 'content-type': 'text/html' };
const json = { 'content-type': 'application/json' };

export class World {
  readonly told: Told[] = [];
  readonly connections: Connection[] = [];
  /** What the client should not have done. */
  readonly violations: string[] = [];
  readonly faults = new Map<string, number>();
  questions = 0;
  /** When the last trouble ended, as far as that has an end. */
  calmSince = 0;
  /** Told when the controller's door is shut and opened; for a server with a real door. */
  onDoor: (open: boolean) => void = () => undefined;
  readonly #story: Story;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #controller: Controller;
  readonly #asked: Record<Route, number> = { create: 0, events: 0, state: 0, remove: 0, who: 0 };
  readonly #notBefore = new Map<Route, number>();
  readonly #pending = new Set<Question>();
  readonly #timers = new Set<() => void>();
  #down = false;
  #expired = false;

  constructor(story: Story, clock: Clock) {
    this.#story = story;
    // Every timer of the world is known, so that all of them can be cancelled when a story is over.
    this.#clock = {
      monotonic: () => clock.monotonic(),
      now: () => clock.now(),
      after: (ms, callback) => this.#after(clock, ms, callback),
    };
    this.#random = new Random(story.seed ^ 0x5eed);
    this.#controller = new Controller(story, this.#clock);
    for (const window of story.windows) this.calmSince = Math.max(this.calmSince, window.to);
    const { command, before } = story;
    if (command.name !== 'spawn' || before.underWay?.kind === 'spawn') this.#interfere();
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

  /** Streams and questions that the client has left open. */
  get open(): number {
    const streams = this.connections.filter(({ isOver, closedAt }) => !isOver && closedAt === null);
    return streams.length + this.#pending.size;
  }

  /** The story is over for the world as well. */
  stop(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** Never rejects. The answer to a question that was given up is `aborted`. */
  ask(route: Route, signal: AbortSignal): Promise<Answer> {
    const now = this.#clock.monotonic();
    this.questions += 1;
    if (now < (this.#notBefore.get(route) ?? 0))
      this.violations.push(`${route} was asked before Retry-After at ${now}`);
    return new Promise((resolve) => {
      const question: Question = {
        route,
        settle: (answer, lab) => {
          if (!this.#pending.delete(question)) return;
          signal.removeEventListener('abort', onAbort);
          this.#note(route, answer, lab);
          resolve(answer);
        },
      };
      const onAbort = (): void => {
        question.settle({ kind: 'none', how: 'aborted' });
      };
      this.#pending.add(question);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort);
      // The question is on its way, whether or not the client waits for the answer.
      this.#arrive(question);
    });
  }

  #arrive(question: Question): void {
    const { latency, slowCreate } = this.#story.wire;
    const { route } = question;
    const trouble = this.#down ? ({ kind: 'refused' } as const) : this.#troubleOf(route);
    const reaches = trouble === null || ('arrived' in trouble && trouble.arrived);
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
    if ('arrived' in trouble && trouble.arrived) this.#takeEffect(question.route);
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
        question.settle({ kind: 'status', ...inTrouble(trouble) });
    }
  }

  #settleNone(question: Question, how: 'refused' | 'reset' | 'stranger'): void {
    question.settle({ kind: 'none', how });
  }

  /** The effect of a question whose answer is lost. */
  #takeEffect(route: Route): void {
    if (this.#down || this.#expired) return;
    if (route === 'create' && this.#controller.create() === 'accepted') this.#notBefore.delete('events');
    if (route === 'remove') this.#controller.remove(() => undefined);
  }

  #answer(question: Question): void {
    if (this.#down) {
      this.#settleNone(question, 'reset');
      return;
    }
    if (this.#expired) {
      this.#count(`${this.#story.interference.expiry}`);
      question.settle({ kind: 'status', ...noLonger(this.#story.interference.expiry) });
      return;
    }
    switch (question.route) {
      case 'create':
        this.#answerCreate(question);
        return;
      case 'remove':
        this.#answerRemove(question);
        return;
      case 'state':
        this.#answerState(question);
        return;
      case 'who': {
        const username = this.#story.who === 'another' ? 'admin' : 'rachel';
        question.settle({ kind: 'status', status: 200, headers: json, body: JSON.stringify({ username }) });
        return;
      }
      case 'events':
        this.#answerEvents(question);
    }
  }

  #answerCreate(question: Question): void {
    switch (this.#controller.create()) {
      case 'accepted':
        // Another operation's stream is another question.
        this.#notBefore.delete('events');
        question.settle({ kind: 'status', status: 201, headers: json, body: 'null' });
        return;
      case 'exists':
        question.settle({ kind: 'status', ...detail(409, 'lab_exists', 'Lab already exists for rachel') });
        return;
      case 'busy':
        question.settle({ kind: 'status', ...detail(409, 'operation_in_progress', 'Conflicting operation') });
    }
  }

  #answerRemove(question: Question): void {
    const result = this.#controller.remove((end) => {
      if (this.#down || this.#expired) return;
      if (end === 'gone') question.settle({ kind: 'status', status: 204, headers: {}, body: '' });
      else question.settle({ kind: 'status', ...detail(500, 'delete_failed', 'Failed to delete lab') });
    });
    if (result === 'unknown') question.settle({ kind: 'status', ...unknownUser() });
    if (result === 'busy') {
      question.settle({ kind: 'status', ...detail(409, 'operation_in_progress', 'Conflicting operation') });
    }
  }

  #answerState(question: Question): void {
    const { status } = this.#controller;
    if (status === null) {
      question.settle({ kind: 'status', ...unknownUser() }, null);
      return;
    }
    const lab = {
      user: { username: 'rachel' },
      options: { image: 'registry/lab:tag', size: 'small' },
      status,
      internal_url: status === 'running' ? 'http://lab.nublado-rachel:8888' : null,
    };
    question.settle({ kind: 'status', status: 200, headers: json, body: JSON.stringify(lab) }, status);
  }

  #answerEvents(question: Question): void {
    const { queue } = this.#controller;
    if (this.#story.who === 'another') {
      this.violations.push("another user's events were asked for");
      question.settle({ kind: 'status', ...detail(403, 'permission_denied', 'Permission denied') });
      return;
    }
    if (queue === null) {
      question.settle({ kind: 'status', ...unknownUser() });
      return;
    }
    if (!this.#pending.has(question)) return;
    const fault = this.#story.streams[this.connections.length] ?? null;
    const onFault = (kind: string): void => {
      this.#count(`stream ${kind}`);
    };
    const connection = new Connection(this.#clock, this.#story.wire, this.#random, queue, fault, onFault);
    this.connections.push(connection);
    question.settle({ kind: 'stream', connection });
  }

  #interfere(): void {
    const { restarts, deletedAt, expiresAt } = this.#story.interference;
    for (const { at, down } of restarts) {
      this.#clock.after(at, () => {
        this.#count('restart');
        this.#shut();
        this.#controller.restart();
        this.#clock.after(down, () => {
          this.#down = false;
          this.calmSince = Math.max(this.calmSince, this.#clock.monotonic());
          this.onDoor(true);
        });
      });
    }
    if (deletedAt !== null) {
      this.#clock.after(deletedAt, () => {
        this.#count('deleted by another');
        this.#controller.remove(() => undefined);
      });
    }
    if (expiresAt !== null) {
      this.#clock.after(expiresAt, () => {
        this.#count('token expired');
        this.#expired = true;
        this.calmSince = Math.max(this.calmSince, this.#clock.monotonic());
        this.#cutAll();
      });
    }
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

  #note(route: Route, answer: Answer, lab?: Status | null): void {
    const at = this.#clock.monotonic();
    const status = answer.kind === 'status' ? answer.status : answer.kind === 'stream' ? 200 : null;
    const none = answer.kind === 'none' ? answer.how : null;
    if (answer.kind === 'status') {
      const wait = answer.headers['retry-after'];
      if (wait !== undefined && route !== 'state') this.#notBefore.set(route, at + Number(wait) * 1000);
      if (wait !== undefined) this.calmSince = Math.max(this.calmSince, at + Number(wait) * 1000);
    }
    this.told.push({ at, route, status, none, lab });
  }

  #count(fault: string): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
  }

  #after(clock: Clock, ms: number, callback: () => void): () => void {
    const cancelTimer = clock.after(ms, () => {
      this.#timers.delete(cancel);
      callback();
    });
    const cancel = (): void => {
      this.#timers.delete(cancel);
      cancelTimer();
    };
    this.#timers.add(cancel);
    return cancel;
  }
}

interface Refusal {
  status: number;
  headers: Record<string, string>;
  body: string;
}

function detail(status: number, type: string, msg: string): Refusal {
  return { status, headers: json, body: JSON.stringify({ detail: [{ msg, type }] }) };
}

function unknownUser(): Refusal {
  return detail(404, 'unknown_user', 'Unknown user rachel');
}

/** What stands between the client and the controller has a bad day; a 500 is the controller's own. */
function inTrouble({ status, retryAfter }: Trouble & { kind: 'status' }): Refusal {
  const wait: Record<string, string> = retryAfter === null ? {} : { 'retry-after': String(retryAfter) };
  if (status === 500) {
    return { status, headers: { 'content-type': 'text/plain', ...wait }, body: 'Internal Server Error' };
  }
  return { status, headers: { ...html, ...wait }, body: `<html><body>${status}</body></html>` };
}

function noLonger(status: 401 | 403): Refusal {
  if (status === 403) return detail(403, 'permission_denied', 'Permission denied');
  const challenge = 'Bearer realm="lab", error="invalid_token", error_description="Token is invalid"';
  return { status, headers: { ...html, 'www-authenticate': challenge }, body: '<html>401</html>' };
}
