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

/** The calls of a driven start() to the Hub. After `returned` or `raised` they have no effect. */
export interface Start {
  /** The story's burst has one more event. */
  happened: () => void;
  returned: () => void;
  raised: (failure: Failure) => void;
}

/** A Spawner whose servers are somebody else's, such as a lab controller's: what happens to them decides its times. */
export interface Drive {
  start: (start: Start) => void;
  /** start() is cancelled, or its Hub has exited: it does nothing more. */
  abandon: () => void;
  /** Deletes the server; calls back when that has ended, successful or not. */
  stop: (done: () => void) => void;
  /** poll(): whether the server exists, as far as the other side knows. */
  poll: () => boolean;
  /** Whether the server accepts connections. */
  isUp: () => boolean;
  /** The server's URL inside the cluster. */
  url: () => string;
}

export interface SpawnStory {
  /** Runs start(), stop() and poll(). `startMs`, `failure` and `stopMs` do not apply. */
  drive?: Drive;
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
