/**
 * A story at a Hub: the command to run, what its servers really do, and what goes wrong on the way.
 *
 * Plain data, so that a story can be printed, made smaller and played again. Times are in milliseconds. There is no outcome
 * in it: the record of the simulated Hub has it (record.ts).
 */
import type { HubVersion } from '../../../src/simulator/jupyterhub/hub.js';
import type { ProgressStep, SpawnStory } from '../../../src/simulator/jupyterhub/story.js';

/**
 * What there is when the command begins. `stuck`: a spawn that could not be cancelled, for which the Hub says ready for good.
 */
export type Before = 'nothing' | 'running' | 'dead' | 'pending' | 'stopping' | 'failed' | 'stuck';

export type Command =
  | { name: 'spawn'; onConflict: 'attach' | 'replace' | 'fail'; goal: 'running' | 'ready'; detach: boolean }
  | { name: 'wait'; goal: 'running' | 'ready' | 'absent' }
  | { name: 'stop' }
  | { name: 'status' };

/** A spawn of the simulator, with its progress as data. */
export interface SpawnPlan extends Omit<SpawnStory, 'progress' | 'meanwhile'> {
  /** `burst`: the steps arrive at the end of the start, all at once. */
  progress: { kind: 'each' | 'burst'; steps: readonly ProgressStep[] };
}

/** What others do, at a time since the command began. A cancel is another client's DELETE. */
export type Interference =
  | { at: number; what: 'cancel' | 'die' }
  | { at: number; what: 'restart'; signal: 'SIGTERM' | 'SIGKILL'; downMs: number };

export const routes = ['start', 'stop', 'progress', 'state', 'other', 'probe'] as const;
/** `state` is the user's model with the servers; `other` is whose the token is, and the Hub's version. */
export type Route = (typeof routes)[number];

/** What happens to a request on its way. `arrives`: whether the Hub receives it all the same. */
export type Trouble =
  | { kind: 'refused' }
  /** The connection is cut after this time. */
  | { kind: 'cut'; arrives: boolean; after: number }
  /** There is never a response. */
  | { kind: 'hang'; arrives: boolean }
  /** The proxy responds instead, without any header of the Hub's. */
  | { kind: 'status'; status: 502 | 503 | 504; arrives: boolean };

/** What happens to an open stream after this time: it is cut, or nothing more arrives. */
export interface StreamFault {
  kind: 'cut' | 'silent';
  after: number;
}

/** From `from` to `to`, all requests, or those on one route, have this trouble. */
export interface Window {
  from: number;
  to: number;
  route: Route | 'all';
  trouble: Trouble;
}

export interface HubStory {
  seed: number;
  version: HubVersion;
  /** The name of the server; empty for the default one. */
  server: string;
  /** For a named server: whether the default server is running, which then answers for every server without a route. */
  defaultRuns: boolean;
  command: Command;
  timeout: number;
  before: Before;
  /** The spawn that is pending or being stopped before the command begins, and when it began. */
  earlier: { plan: SpawnPlan; since: number };
  /** The first, second, … spawn that the command starts; the last stands for all that follow. */
  spawns: readonly [SpawnPlan, ...SpawnPlan[]];
  /** The token may not read servers. */
  isBlind: boolean;
  /** The first POSTs find the Hub full: the `Retry-After` of each in seconds, or null for none. */
  full: readonly (number | null)[];
  interference: readonly Interference[];
  /** Troubles of the first, second, … request on a route; null for none. */
  troubles: Readonly<Partial<Record<Route, readonly (Trouble | null)[]>>>;
  windows: readonly Window[];
  /** Faults of the first, second, … stream. */
  streams: readonly (StreamFault | null)[];
  /** From a request to its response. */
  latency: number;
}

/** The simulator's story for a plan. */
export function storyOf({ progress: { kind, steps }, ...plan }: SpawnPlan): SpawnStory {
  if (kind === 'each') return { ...plan, progress: { kind, steps: () => steps } };
  const events: [number, unknown][] = [];
  let at = 0;
  for (const step of steps) {
    if (step.kind === 'wait') at += step.ms;
    else if (step.kind === 'event') events.push([at, step.event]);
  }
  return { ...plan, progress: { kind, events } };
}
