/**
 * What a story is made of: the Step union, and the few words that stories are written in.
 *
 * Owns no story (stories.ts, surprises.ts) and runs none (player.ts). In every message `{user}` and `{image}` stand for the
 * lab's owner and for the reference of its image, so that a story stays data and serves any lab.
 */
import type { Event } from '../../model/event.js';
import type { LabStatus } from '../nublado/state.js';

export type Step =
  /** A pause in milliseconds; the controller's speed divides it. */
  | { kind: 'wait'; ms: number }
  /** The first event of every spawn. What is left of a failed lab is cleaned up right after it. */
  | { kind: 'starting' }
  /** The event at 30 percent. From here on the pod exists, is pending, and the lab has an internal URL. */
  | { kind: 'created' }
  /** The pod is deleted, or has failed. No event reports it, and the state does not change. */
  | { kind: 'pod is'; now: 'gone' | 'dead' }
  /** Another client's create is refused with 409. It looks for the pod, as every create does. */
  | { kind: 'refused create' }
  /** So many events of Kubernetes about the pod, all at once. Their progress follows from how many there were. */
  | { kind: 'pod'; count: number; message: (index: number) => string }
  /** Any other event. `complete` makes the lab running and `failed` makes it failed. */
  | { kind: 'event'; event: Event }
  /** Bytes for the stream that need be no Event. They travel as one chunk. */
  | { kind: 'bytes'; bytes: string | Uint8Array }
  /** A state that no event tells of. */
  | { kind: 'status'; status: LabStatus }
  /** From here on the controller does not know of this spawn: it goes on, but nothing is told of it. */
  | { kind: 'untold' }
  /** The whole controller restarts, and is down for so many milliseconds. A spawn continues meanwhile, a deletion does not. */
  | { kind: 'restart'; downMs: number };

/** Steps in their order. It may be lazy and very long, and can be told more than once. */
export type Story = Iterable<Step>;

export const starting: Step = { kind: 'starting' };
export const created: Step = { kind: 'created' };
export const untold: Step = { kind: 'untold' };
export const podGone: Step = { kind: 'pod is', now: 'gone' };
export const podDead: Step = { kind: 'pod is', now: 'dead' };
export const refusedCreate: Step = { kind: 'refused create' };
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

export function failure(message: string): Step {
  return event('failed', message);
}

export function status(to: LabStatus): Step {
  return { kind: 'status', status: to };
}

export function bytes(raw: string | Uint8Array): Step {
  return { kind: 'bytes', bytes: raw };
}

export function restart(downMs: number): Step {
  return { kind: 'restart', downMs };
}

/** The events that Kubernetes sends about the pod: each with the pause before it, in milliseconds. */
export function kubernetes(...events: (readonly [pause: number, message: string])[]): Step[] {
  return events.flatMap(([pause, message]) => [
    wait(pause),
    { kind: 'pod', count: 1, message: () => message },
  ]);
}

/** So many of them at once, each made when it is sent: none is kept. */
export function crowd(count: number, message: (index: number) => string): Step {
  return { kind: 'pod', count, message };
}

/**
 * The progress of the pod's event that comes after so many others, in percent.
 *
 * It starts at 35 and moves a third of the way to 75 each time (contract, "The event stream").
 */
export function podProgress(before: number): number {
  return podSteps[Math.min(before, podSteps.length - 1)] ?? 0;
}

const podSteps: readonly number[] = [35, 48, 57, 63, 67, 69, 71, 72, 73];

function event(type: Event['type'], message: string, progress: number | null = null): Step {
  return { kind: 'event', event: { type, message, progress } };
}
