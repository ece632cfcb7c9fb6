/**
 * A story at a platform: the command to run, what its lab really does, and what goes wrong on the way.
 *
 * Plain data, so that a story can be printed, made smaller and played again. Times are in milliseconds.
 */
import type { Command, StreamFault, Trouble } from '../hub/story.js';

/** What there is when the command begins. Of an orphan, only the controller knows. `left`: of a failed lab. */
export type Before =
  | 'nothing'
  | 'running'
  | 'dead'
  | 'starting'
  | 'stopping'
  | 'failed'
  | 'left'
  | 'orphan running'
  | 'orphan starting'
  | 'orphan stopping';

/** What happens in one spawn. */
export interface Plan {
  /** From the Hub's acceptance to its Spawner's first request to the controller. */
  delayMs: number;
  /** From then to the end of the controller's operation; null for never. */
  podMs: number | null;
  /** The controller's reason, if its operation fails. */
  reason: string | null;
  /** From the controller's `complete` until Jupyter listens; null for never. */
  listenMs: number | null;
  /** How long the Hub waits for Jupyter, and for the controller. */
  httpTimeoutMs: number;
  startTimeoutMs: number;
  /** How long the deletion of this lab takes. */
  deleteMs: number;
}

export const routes = [
  'start',
  'stop',
  'progress',
  'hub state',
  'state',
  'events',
  'remove',
  'probe',
] as const;
/** The first four are the Hub's, the others but the last the controller's. */
export type Route = (typeof routes)[number];

/** What others do, at a time since the command began; `lies`: the controller's state is another than the truth. */
export type Incident =
  | { at: number; what: 'stop at the Hub' | 'delete at the controller' | 'die' }
  | { at: number; what: 'restart'; signal: 'SIGTERM' | 'SIGKILL'; downMs: number }
  | { at: number; what: 'lies'; as: 'none' | 'failed' | 'terminating' | 'pending'; ms: number };

/** From `from` to `to`, all requests on these routes have this trouble. */
export interface Window {
  from: number;
  to: number;
  routes: readonly Route[];
  trouble: Trouble;
}

export interface PlatformStory {
  seed: number;
  command: Command;
  timeout: number;
  before: Before;
  /** How the controller's last operation ended, whose events are still there. */
  oldQueue: 'none' | 'complete' | 'failed' | 'deletion';
  /** The spawn or the deletion before the command, and when it began. */
  earlier: { plan: Plan; since: number };
  /** The first, second, … spawn; the last stands for all that follow. */
  spawns: readonly [Plan, ...Plan[]];
  incidents: readonly Incident[];
  /** What responds to a probe: the Hub's proxy or the lab; the ingress, with a login page; or nothing. */
  ingress: 'open' | 'login' | 'unreachable';
  /** Whether the token may delete a lab at the controller. */
  mayDelete: boolean;
  troubles: Readonly<Partial<Record<Route, readonly (Trouble | null)[]>>>;
  windows: readonly Window[];
  /** Faults of the first, second, … stream of the Hub and of the controller. */
  streams: { hub: readonly (StreamFault | null)[]; controller: readonly (StreamFault | null)[] };
  /** How late events of the controller's streams arrive. */
  lag: number;
  latency: number;
}
