/**
 * What a Spawner does with one server, as data: how long start() takes and how it ends, what progress() yields, what kind
 * of server comes up, and how it stops.
 *
 * Owns the types and the functions that stories are written with. spawn.ts plays stories; stories.ts contains them.
 */

/** What progress() yields. It can be any JSON, because the Hub passes it on unchecked. */
export type ProgressStep =
  | { kind: 'wait'; ms: number }
  | { kind: 'event'; event: unknown }
  /** An exception in progress(), or a value that is not JSON: the stream ends, the spawn continues. */
  | { kind: 'bug' };

export type Progress =
  /** Each connection runs progress() from its start. */
  | { kind: 'each'; steps: () => Iterable<ProgressStep> }
  /** Events at their times since the spawn began. Open streams get new ones only when start() has ended. */
  | { kind: 'burst'; events: readonly (readonly [ms: number, event: unknown])[] };

/** Why a spawn failed. */
export type Failure =
  | { kind: 'exception'; text: string }
  /** An error with texts for the user. */
  | { kind: 'told'; message: string; htmlMessage: string }
  /** An HTTPError of the Spawner. */
  | { kind: 'http'; status: number; text: string };

/** The server behind the URL (single-user.ts). `jupyter` is Jupyter Server without JupyterLab; `deaf` never responds. */
export type ServerKind =
  'standin' | 'jupyter' | 'jupyterlab' | 'rstudio' | 'deaf' | 'login' | 'forbidden' | 'unavailable' | 'page';

/** Another client's DELETE; the end of the server's process; or a restart of the Hub. */
export type Meanwhile = 'cancel' | 'die' | { signal: 'SIGTERM' | 'SIGKILL'; downMs: number };

export interface SpawnStory {
  /** How long start() takes; null: it never ends. */
  startMs: number | null;
  /** The error that start() raises at its end. */
  failure?: Failure;
  progress: Progress;
  /** The time from the end of start() until the server accepts connections. */
  listenMs?: number;
  /** The server accepts connections but never responds. */
  mute?: boolean;
  /** The process exits at once with this exit status. */
  exits?: number;
  /** The time from when it listens until the process exits. */
  livesMs?: number;
  server?: ServerKind;
  /** The Spawner stores nothing about its process. */
  stateless?: boolean;
  /** How long the proxy cannot reach the server after the Hub considers it ready. */
  unreachableMs?: number;
  /** How long stop() takes; null: it never ends. */
  stopMs?: number | null;
  /** stop() raises, and the process keeps running. */
  stopFails?: boolean;
  /** How long cancelling start() takes. */
  cancelMs?: number;
  /** External events, each at a time in milliseconds since the spawn began. */
  meanwhile?: readonly (readonly [ms: number, what: Meanwhile])[];
  /** A restarted Hub finds the server of a spawn that was in progress, if the server has started meanwhile. */
  adopted?: boolean;
  /** The Spawner's own timeout, if it differs from the Hub's. */
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

/** The progress of a Spawner without its own progress(). */
export const plain = each(said(50, 'Spawning server...'));
