/**
 * Where the time of a spawn went: the stages between its events, as pure code over the inputs of a run.
 *
 * Owns which message begins which kind of stage, which times are known, and how many stages are kept. A stage begins with an
 * event and lasts until the next one. Only an event that arrived as it happened has a time: the events that a stream
 * repeats when it is opened do not.
 */
import type { Input } from './run-state.js';

export const stageKinds = [
  /** From the start of the command to the first event. */
  'request',
  /** Objects of the cluster are created, before there is a pod. */
  'create',
  /** The pod waits for a place on a node. */
  'schedule',
  /** The cluster adds a node. */
  'scale_up',
  'mount',
  'pull',
  /** The container is created and started. */
  'start',
  /** The pod has started, and the lab itself does not respond yet. */
  'ready',
  /** The deletion of a lab that was in the way. */
  'delete',
  /** There was no connection to the event stream. */
  'gap',
  'other',
] as const;
export type StageKind = (typeof stageKinds)[number];

export interface Stage {
  kind: StageKind;
  /** The message that began it; empty where there was none. Untrusted text. */
  text: string;
  /** How long it lasted, in milliseconds; null if that is not known. */
  ms: number | null;
}

/** The most stages that are kept: the longest. The rest is one stage of kind `other`. */
export const mostStages = 100;

/** The most of a message that is kept, in UTF-16 units. */
const longestText = 200;

/** The events of a queue that is repeated arrive within this time after the stream was opened, in milliseconds. */
const burst = 100;

/** Reasons of Kubernetes events, by which Spawners identify what happens. */
const kindsOfReason: Readonly<Record<string, StageKind>> = {
  Scheduled: 'create',
  FailedScheduling: 'schedule',
  TriggeredScaleUp: 'scale_up',
  NotTriggerScaleUp: 'schedule',
  SuccessfulAttachVolume: 'mount',
  FailedAttachVolume: 'mount',
  FailedMount: 'mount',
  Pulling: 'pull',
  Pulled: 'start',
  BackOff: 'pull',
  Created: 'start',
  Started: 'ready',
};

/** The beginnings of messages, without the mark that a Spawner puts before them. */
const kindsOfMessage: readonly (readonly [RegExp, StageKind])[] = [
  [/^Starting lab creation/, 'create'],
  [/^(Created|Creating) Kubernetes objects/, 'schedule'],
  [/^Monitoring in-progress lab creation/, 'create'],
  [/^Server requested/, 'create'],
  [/^\d+\/\d+ nodes are available/, 'schedule'],
  [/^pod didn't trigger scale-up/i, 'schedule'],
  [/^(pod triggered scale-up|Autoscaling cluster)/i, 'scale_up'],
  [/^Successfully assigned/, 'create'],
  [/^(Mounting|MountVolume|AttachVolume|Unable to attach or mount)/, 'mount'],
  [/^(Pulling image|Back-off pulling image)/, 'pull'],
  [/^(Successfully pulled|Container image)/, 'start'],
  [/^Creat(ed|ing) container/, 'start'],
  [/^(Started|Starting) container/, 'ready'],
  [/^(Lab Kubernetes pod started|Pod started)/, 'ready'],
  [/^(Deleting existing orphaned lab|Shutting down Kubernetes pod|Deleting user namespace)/, 'delete'],
];

/** The kind of the stage that a message begins. `reason`: that of the Kubernetes event, if the Spawner repeats it. */
export function kindOf(message: string, reason: string | null = null): StageKind {
  const known = reason !== null && Object.hasOwn(kindsOfReason, reason) ? kindsOfReason[reason] : undefined;
  const text = message.replace(/^\[\w+\] /, '').replace(/^\S+ \[\w+\] /, '');
  return known ?? kindsOfMessage.find(([beginning]) => beginning.test(text))?.[1] ?? 'other';
}

interface Current {
  kind: StageKind;
  text: string;
  /** Null if it is not known when it began. */
  since: number | null;
}

/** Collects the stages of one run, whose inputs it gets in order. */
export class Stages {
  #stages: Stage[] = [];
  /** The stages that are not kept. */
  #rest = { count: 0, ms: 0 };
  #current: Current;
  /** What a lost connection interrupted. */
  #before: Current | null = null;
  /** When the stream was opened while something was in progress already; null if it was not. */
  #openedAt: number | null = null;
  #isAttached = true;
  readonly #startedAt: number;

  /** `at`: the start of the command. */
  constructor(at: number) {
    this.#startedAt = at;
    this.#current = { kind: 'request', text: '', since: null };
  }

  /** The operation was started by this command, so that even its first events have a time. */
  own(): void {
    this.#isAttached = false;
    if (this.#current.kind === 'request') this.#current.since = this.#startedAt;
  }

  take(input: Input): void {
    const { at } = input;
    if (input.kind === 'event') {
      const { type, message } = input.event;
      const text = message.slice(0, longestText).replace(/[\uD800-\uDBFF]$/, '');
      if (type === 'info') this.#begin(at, kindOf(text), text);
      if (type === 'complete' && this.#current.kind !== 'ready') this.#begin(at, 'ready', text);
    }
    if (input.kind !== 'connection') return;
    switch (input.state) {
      case 'open':
        if (this.#isAttached) this.#openedAt = at;
        return;
      case 'lost':
        if (this.#current.kind === 'gap') return;
        this.#before = this.#current;
        this.#begin(at, 'gap', '');
        return;
      case 'retrying':
        return;
      case 'resumed':
      case 'replaced': {
        const before = this.#before;
        this.#before = null;
        if (this.#current.kind !== 'gap' || before === null) return;
        this.#begin(at, before.kind, before.text);
        // What follows at once happened meanwhile.
        this.#openedAt = at;
      }
    }
  }

  /** The stages, in their order, if the run ended at this time. */
  end(at: number): Stage[] {
    this.#stages.push(this.#finished(at));
    this.#drop();
    const { count, ms } = this.#rest;
    return count === 0 ? [...this.#stages] : [...this.#stages, { kind: 'other', text: '', ms }];
  }

  #begin(at: number, kind: StageKind, text: string): void {
    this.#stages.push(this.#finished(at));
    if (this.#stages.length >= 2 * mostStages) this.#drop();
    const isRepeated = this.#openedAt !== null && at - this.#openedAt <= burst && kind !== 'gap';
    this.#current = { kind, text, since: isRepeated ? null : at };
  }

  #finished(at: number): Stage {
    const { kind, text, since } = this.#current;
    return { kind, text, ms: since === null ? null : Math.max(0, Math.round(at - since)) };
  }

  /** Sums the shortest stages with those that are not kept. */
  #drop(): void {
    const others = this.#rest.count > 0 || this.#stages.length > mostStages;
    const kept = others ? mostStages - 1 : mostStages;
    const dropped = new Set([...this.#stages].sort((a, b) => (b.ms ?? 0) - (a.ms ?? 0)).slice(kept));
    for (const { ms } of dropped) this.#rest = { count: this.#rest.count + 1, ms: this.#rest.ms + (ms ?? 0) };
    this.#stages = this.#stages.filter((stage) => !dropped.has(stage));
  }
}

/** What a stage is doing, as the end of "of which 1:02 …". Other kinds say nothing to a reader. */
const doing: Partial<Record<StageKind, string>> = {
  schedule: 'waiting for a node',
  scale_up: 'waiting for a new node',
  mount: 'mounting volumes',
  pull: 'pulling the image',
  ready: 'waiting for Jupyter',
  delete: 'deleting the old lab',
};

/** A stage shorter than this is not worth a mention, in milliseconds; and neither is one below a quarter of the total. */
const worthAMention = 5_000;

/** The stages of the kind that took most of the time, in words; null if none stands out. */
export function longest(stages: readonly Stage[], total: number): { ms: number; doing: string } | null {
  const sums = new Map<StageKind, number>();
  for (const { kind, ms } of stages) sums.set(kind, (sums.get(kind) ?? 0) + (ms ?? 0));
  let found: { ms: number; doing: string } | null = null;
  for (const [kind, ms] of sums) {
    const words = doing[kind];
    if (words === undefined || ms < worthAMention || ms * 4 < total || ms <= (found?.ms ?? 0)) continue;
    found = { ms, doing: words };
  }
  return found;
}
