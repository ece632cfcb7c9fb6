/**
 * A story: the command to run, what truly happens at the controller, and what goes wrong on the way.
 *
 * Plain data, so that a story can be printed, made smaller and played again. Times are in milliseconds.
 */

/** `hibernated` stands for any status that a newer controller may report. */
export type Status = 'pending' | 'running' | 'terminating' | 'terminated' | 'failed' | 'hibernated';

/** The state in Kubernetes. The status is only what the controller last noticed of it. */
export type Pod = 'none' | 'pending' | 'running' | 'dead';

export type Frame =
  | {
      kind: 'event';
      type: 'info' | 'error' | 'complete' | 'failed';
      message: string;
      progress: number | null;
    }
  /** A frame that is not a valid Event. */
  | { kind: 'broken'; name: string | null; data: string }
  /** A frame above every limit. */
  | { kind: 'oversized' };

/** One thing that happens `after` the one before: a frame enters the queue, the lab's status or pod changes, or all of it. */
export interface Step {
  after: number;
  frame: Frame | null;
  /** `gone`: the lab no longer exists. */
  status?: Status | 'gone';
  pod?: Pod;
}

/** The queue ends after a `complete` or `failed`, or else with the last step. */
export type Operation = readonly Step[];

/** A response that is not the controller's. `effect`: the request still takes effect, this long after the response. */
export type Trouble =
  | { kind: 'refused' }
  | { kind: 'reset'; effect: number | null }
  /** No response, ever. */
  | { kind: 'hang'; effect: number | null }
  | { kind: 'status'; status: number; retryAfter: number | null; effect: number | null }
  /** The server that responds is not a controller. */
  | { kind: 'stranger' };

/** What happens to one stream that was opened; `at` counts bytes of its body, `after` milliseconds. */
export type StreamFault =
  | { kind: 'cut'; at: number }
  | { kind: 'end'; at: number }
  | { kind: 'cut after'; after: number }
  /** Not a byte after that, but the connection stays. */
  | { kind: 'silent'; at: number }
  /** No event after that, but pings. */
  | { kind: 'pings-only'; at: number }
  /** A proxy that hands over everything at the end. */
  | { kind: 'buffered' };

export type Slicing = 'frames' | 'bytes' | 'random';

export type Command =
  | { name: 'spawn'; onConflict: 'attach' | 'replace' | 'fail' }
  | { name: 'wait'; goal: 'running' | 'absent' }
  | { name: 'stop' }
  | { name: 'status' }
  | { name: 'events' };

/** From `from` to `to`, every request (or only those on one route) has this trouble. */
export interface Window {
  from: number;
  to: number;
  route: Route | 'all';
  trouble: Trouble;
}

export type Route = 'create' | 'events' | 'state' | 'remove' | 'who';

/** These times count from the beginning of the first operation that concerns the command. */
export interface Interference {
  /** The controller is stopped, and is back after `down`. `forgets`: it then finds no trace of the lab. */
  restarts: readonly { at: number; down: number; forgets: boolean }[];
  /** Somebody deletes the lab. */
  deletedAt: number | null;
  /** Other clients' creates, where an operation is in their way. */
  othersAt: readonly number[];
  /** Failed and dead labs are deleted. */
  reconciledAt: number | null;
  /** The token becomes invalid, and streams are cut. */
  expiresAt: number | null;
  expiry: 401 | 403;
}

export interface Truth {
  /** Outcomes that may be reported; they determine the exit codes. Only one, if the client can know the truth. */
  outcomes: readonly string[];
  why: string;
  /** When a command that ends for no other reason must have ended; null if the truth decides. */
  within: number | null;
  /** Before that it cannot be known. */
  earliest?: number;
}

/** What there is when the command begins. */
export interface Before {
  status: Status | null;
  pod: Pod;
  /** The queue of the previous operation; null if there was none. */
  queue: readonly Frame[] | null;
  /** Whether that queue has no end, as after a restart. */
  open: boolean;
  underWay: { kind: 'spawn' | 'deletion'; operation: Operation } | null;
}

export interface Story {
  seed: number;
  command: Command;
  /** How the user is named, and whether it is the token's own. */
  who: 'own' | 'named' | 'direct' | 'another';
  /** Whether there is a `user-info` that reports the token's user. */
  userInfo: boolean;
  timeout: number | null;
  before: Before;
  /** What the first, second, … accepted create does; the last stands for all that follow. */
  spawns: readonly [Operation, ...Operation[]];
  /** How a spawn continues after a restart. */
  resumed: Operation;
  deletion: Operation;
  interference: Interference;
  /** Troubles of the first, second, … request on a route; null for none. */
  troubles: Record<Route, readonly (Trouble | null)[]>;
  windows: readonly Window[];
  /** Faults of the first, second, … stream that was opened, and of all that follow. */
  streams: readonly (StreamFault | null)[];
  laterStreams: StreamFault | null;
  wire: {
    lineEnd: '\r\n' | '\n';
    pings: 'comment' | 'event';
    /** Whether text beyond ASCII is sent as UTF-8 and not escaped. */
    utf8: boolean;
    slicing: Slicing;
    /** Between a request and its response. */
    latency: number;
    /** Additional time that a create takes. */
    slowCreate: number;
  };
  truth: Truth;
}

/** Whether a frame is the last of its queue. A malformed one counts too: the controller sent it with that meaning. */
export function isTerminal(frame: Frame): boolean {
  if (frame.kind === 'event') return frame.type === 'complete' || frame.type === 'failed';
  return frame.kind === 'broken' && (frame.name === 'complete' || frame.name === 'failed');
}

/** Whether the pod is dead or gone, and the controller has not noticed. */
export function isDead({ status, pod }: Before): boolean {
  return status === 'running' && pod !== 'running';
}

/** Whether the operation fails, according to its last frame. */
export function fails(operation: Operation): boolean {
  return operation.some(({ status }) => status === 'failed');
}

/** How long it takes, in milliseconds. */
export function lengthOf(operation: Operation): number {
  return operation.reduce((sum, { after }) => sum + after, 0);
}
