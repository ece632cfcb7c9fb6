/**
 * A story: what a command is asked to do, what truly happens at the controller, and what goes wrong on the way.
 *
 * Plain data, so that a story can be printed, made smaller and played again. Times are in milliseconds.
 */
export type Status = 'pending' | 'running' | 'terminating' | 'terminated' | 'failed';

export type Frame =
  | {
      kind: 'event';
      type: 'info' | 'error' | 'complete' | 'failed';
      message: string;
      progress: number | null;
    }
  /** A frame that is no Event. */
  | { kind: 'broken'; name: string | null; data: string }
  /** A frame above every limit. */
  | { kind: 'oversized' };

/** One thing that happens `after` the one before: a frame enters the queue, the lab's status changes, or both. */
export interface Step {
  after: number;
  frame: Frame | null;
  /** `gone`: there is no lab any more. */
  status?: Status | 'gone';
}

/** The queue ends after a `complete` or `failed`, or else with the last step. */
export type Operation = readonly Step[];

/** An answer that is not the controller's. `arrived`: the question had its effect all the same. */
export type Trouble =
  | { kind: 'refused' }
  | { kind: 'reset'; arrived: boolean }
  /** No answer, for ever. */
  | { kind: 'hang'; arrived: boolean }
  | { kind: 'status'; status: number; retryAfter: number | null; arrived: boolean }
  /** Something else than a controller answers. */
  | { kind: 'stranger' };

/** What happens to one stream that was opened; `at` counts bytes of its body. */
export type StreamFault =
  | { kind: 'cut'; at: number }
  | { kind: 'end'; at: number }
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
  | { name: 'events' };

/** From `from` to `to`, every question (or only those on one route) is in this trouble. */
export interface Window {
  from: number;
  to: number;
  route: Route | 'all';
  trouble: Trouble;
}

export type Route = 'create' | 'events' | 'state' | 'remove' | 'who';

/** These times count from the beginning of the first operation that is the command's business. */
export interface Interference {
  /** The controller is stopped, and is back after `down`. */
  restarts: readonly { at: number; down: number }[];
  /** Somebody deletes the lab. */
  deletedAt: number | null;
  /** The token is not valid any more, and streams are cut. */
  expiresAt: number | null;
  expiry: 401 | 403;
}

export interface Truth {
  /** What may be told, of which the exit codes follow: one, where the truth can be known to the client. */
  outcomes: readonly string[];
  why: string;
  /** By when a command must have ended that ends for no other reason; null where the truth decides. */
  within: number | null;
}

export interface Story {
  seed: number;
  command: Command;
  /** How the user is named, and whether it is the token's own. */
  who: 'own' | 'named' | 'direct' | 'another';
  timeout: number | null;
  before: {
    status: Status | null;
    /** The pod is dead, and the controller has not noticed. */
    dead: boolean;
    /** The queue of the operation before; null where there never was one. */
    queue: readonly Frame[] | null;
    underWay: { kind: 'spawn' | 'deletion'; operation: Operation } | null;
  };
  /** What the first, second, … accepted create does; the last stands for all that follow. */
  spawns: readonly [Operation, ...Operation[]];
  /** How a spawn goes on after a restart. */
  resumed: Operation;
  deletion: Operation;
  interference: Interference;
  /** Troubles of the first, second, … question on a route; null for none. */
  troubles: Record<Route, readonly (Trouble | null)[]>;
  windows: readonly Window[];
  /** Faults of the first, second, … stream that was opened. */
  streams: readonly (StreamFault | null)[];
  wire: {
    lineEnd: '\r\n' | '\n';
    pings: 'comment' | 'event';
    /** Whether text beyond ASCII is sent as UTF-8 and not escaped. */
    utf8: boolean;
    slicing: Slicing;
    /** Between a question and its answer. */
    latency: number;
    /** A create takes so much longer. */
    slowCreate: number;
  };
  truth: Truth;
}

/** The story for a reader: one line for each thing that is not as usual. */
export function tell(story: Story): string {
  const lines = [
    `story ${story.seed}: ${JSON.stringify(story.command)} of ${story.who}, timeout ${story.timeout ?? 'none'}`,
    `  must end as ${story.truth.outcomes.join(' or ')}: ${story.truth.why}`,
    `  before: ${JSON.stringify(story.before.status)}${story.before.dead ? ', dead' : ''}`,
    `  queue before: ${story.before.queue === null ? 'none' : story.before.queue.map(tellFrame).join(', ')}`,
  ];
  const { underWay } = story.before;
  if (underWay !== null) lines.push(`  under way, ${underWay.kind}: ${tellOperation(underWay.operation)}`);
  if (story.command.name === 'spawn') {
    for (const operation of story.spawns) lines.push(`  spawn: ${tellOperation(operation)}`);
  }
  if (story.interference.restarts.length > 0) lines.push(`  resumed: ${tellOperation(story.resumed)}`);
  lines.push(`  deletion: ${tellOperation(story.deletion)}`);
  lines.push(`  interference: ${JSON.stringify(story.interference)}`);
  for (const [route, troubles] of Object.entries(story.troubles)) {
    if (troubles.some((trouble) => trouble !== null)) lines.push(`  ${route}: ${JSON.stringify(troubles)}`);
  }
  for (const window of story.windows) lines.push(`  window: ${JSON.stringify(window)}`);
  if (story.streams.length > 0) lines.push(`  streams: ${JSON.stringify(story.streams)}`);
  lines.push(`  wire: ${JSON.stringify(story.wire)}`);
  return lines.join('\n');
}

function tellOperation(operation: Operation): string {
  return operation
    .map(({ after, frame, status }) =>
      [`+${after}`, frame === null ? '' : tellFrame(frame), status === undefined ? '' : `→ ${status}`]
        .filter((part) => part !== '')
        .join(' '),
    )
    .join(', ');
}

export function tellFrame(frame: Frame): string {
  switch (frame.kind) {
    case 'event':
      return `${frame.type}(${frame.progress ?? ''}) ${JSON.stringify(frame.message)}`;
    case 'broken':
      return `broken ${frame.name ?? ''} ${JSON.stringify(frame.data)}`;
    case 'oversized':
      return 'oversized';
  }
}

/** Whether a frame is the last of its queue. A broken one counts as well: the controller sent what it means by it. */
export function isTerminal(frame: Frame): boolean {
  if (frame.kind === 'event') return frame.type === 'complete' || frame.type === 'failed';
  return frame.kind === 'broken' && (frame.name === 'complete' || frame.name === 'failed');
}
