/**
 * What a story is made of: the Step union, and the few words that stories are written in.
 *
 * Owns no story (scenarios.ts) and runs none (labs.ts). In every message `{user}` and `{image}` stand for the
 * lab's owner and for the reference of its image, so that a story stays data and serves any lab.
 */
import type { Event } from '../model/event.js';
import type { LabStatus } from '../model/lab.js';

export type Step =
  /** A pause in milliseconds; the controller's speed divides it. */
  | { kind: 'wait'; ms: number }
  /** The first event of every spawn. What is left of a failed lab is cleaned up right after it. */
  | { kind: 'starting' }
  /** The event at 30 percent. From here on the lab has an internal URL. */
  | { kind: 'created' }
  /** Any other event. `complete` makes the lab running and `failed` makes it failed. */
  | { kind: 'event'; event: Event }
  /** Bytes for the stream that need be no Event. They travel as one chunk. */
  | { kind: 'bytes'; bytes: string | Uint8Array }
  /** A state that no event tells of. */
  | { kind: 'status'; status: LabStatus };

/** Steps in their order. It may be lazy and very long, and can be told more than once. */
export type Story = Iterable<Step>;

export const starting: Step = { kind: 'starting' };
export const created: Step = { kind: 'created' };
export const complete = event('complete', 'Lab Kubernetes pod started for {user}');
export const failed = event('failed', 'Lab spawn failed');

export function wait(ms: number): Step {
  return { kind: 'wait', ms };
}

export function info(message: string, progress: number): Step {
  return event('info', message, progress);
}

export function error(message: string): Step {
  return event('error', message);
}

export function status(to: LabStatus): Step {
  return { kind: 'status', status: to };
}

export function bytes(raw: string | Uint8Array): Step {
  return { kind: 'bytes', bytes: raw };
}

/**
 * The events that Kubernetes sends about the pod: each with the pause before it, in milliseconds.
 *
 * Their progress starts at 35 and moves a third of the way to 75 each time (contract, "The event stream").
 */
export function kubernetes(...events: (readonly [pause: number, message: string])[]): Step[] {
  let progress = 35;
  return events.flatMap(([pause, message]) => {
    const step = info(message, progress);
    progress = Math.trunc(progress + (75 - progress) / 3);
    return [wait(pause), step];
  });
}

function event(type: Event['type'], message: string, progress: number | null = null): Step {
  return { kind: 'event', event: { type, message, progress } };
}
