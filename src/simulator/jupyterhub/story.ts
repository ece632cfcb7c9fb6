/**
 * What a Spawner does with one server, as data: how long start() takes and how it ends, what progress() yields, what kind
 * of server comes up, and how it stops.
 *
 * Owns the types and the few words that stories are written in. spawn.ts plays them; stories.ts has them.
 */

/** What progress() yields. JSON of any kind: the Hub passes on whatever it is given. */
export type ProgressStep =
  | { kind: 'wait'; ms: number }
  | { kind: 'event'; event: unknown }
  /** An exception in progress(), or something that is no JSON: the stream ends, the spawn continues. */
  | { kind: 'bug' };

export type Progress =
  /** Each connection runs progress() from its start. */
  | { kind: 'each'; steps: () => Iterable<ProgressStep> }
  /** Events at their times since the spawn began; watchers hear of new ones only when start() has ended. */
  | { kind: 'burst'; events: readonly (readonly [ms: number, event: unknown])[] };

/** Why a spawn failed. */
export type Failure =
  | { kind: 'exception'; text: string }
  /** An error with texts for the user. */
  | { kind: 'told'; message: string; htmlMessage: string }
  /** An HTTPError of the Spawner. */
  | { kind: 'http'; status: number; text: string };

/** What answers at the server's URL (single-user.ts). `jupyter` is Jupyter Server without JupyterLab; `deaf` never answers. */
export type ServerKind =
  'standin' | 'jupyter' | 'jupyterlab' | 'rstudio' | 'deaf' | 'login' | 'forbidden' | 'unavailable' | 'page';

/** Another client's DELETE; the end of the server's process; or a restart of the Hub. */
export type Meanwhile = 'cancel' | 'die' | { signal: 'SIGTERM' | 'SIGKILL'; downMs: number };

export interface SpawnStory {
  /** How long start() takes; null: for ever. */
  startMs: number | null;
  /** What it raises then. */
  failure?: Failure;
  progress: Progress;
  /** From the end of start() until the server accepts connections. */
  listenMs?: number;
  /** The server accepts connections and never answers. */
  mute?: boolean;
  /** The process ends at once with this exit status. */
  exits?: number;
  /** From the moment in which it listens until the process ends. */
  livesMs?: number;
  server?: ServerKind;
  /** The Spawner keeps nothing about its process. */
  stateless?: boolean;
  /** From the Hub's ready on, the proxy does not reach the server for so long. */
  unreachableMs?: number;
  /** How long stop() takes; null: for ever. */
  stopMs?: number | null;
  /** stop() raises, and the process stays. */
  stopFails?: boolean;
  /** How long start() needs to be cancelled. */
  cancelMs?: number;
  /** What befalls it, each so many milliseconds after the spawn began. */
  meanwhile?: readonly (readonly [ms: number, what: Meanwhile])[];
  /** A restarted Hub finds the server of a spawn that was under way, if it has come up meanwhile. */
  adopted?: boolean;
  /** The Spawner's own, where a story has others than the Hub's. */
  startTimeoutMs?: number;
  httpTimeoutMs?: number;
}

export function wait(ms: number): ProgressStep {
  return { kind: 'wait', ms };
}

export function event(value: unknown): ProgressStep {
  return { kind: 'event', event: value };
}

export function said(progress: number, message: string): ProgressStep {
  return event({ progress, message });
}

export const bug: ProgressStep = { kind: 'bug' };

export function each(...steps: readonly ProgressStep[]): Progress {
  return { kind: 'each', steps: () => steps };
}

/** What a Spawner without a progress() of its own yields. */
export const plain = each(said(50, 'Spawning server...'));
