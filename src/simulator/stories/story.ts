/**
 * The steps of a story, and the functions that stories are written with.
 *
 * Contains no stories (stories.ts, surprises.ts) and plays none (player.ts). In every message, `{user}` and `{image}`
 * stand for the lab's owner and its image reference, so that a story is data that fits any lab.
 */
import type { Event } from '../../model/event.js';
import type { LabStatus } from '../nublado/state.js';

export type Step =
  /** A pause in milliseconds, divided by the controller's speed. */
  | { kind: 'wait'; ms: number }
  /** The first event of every spawn. The clean-up of a failed lab follows it. */
  | { kind: 'starting' }
  /** The event at 30 percent. From here on, the pod exists and is pending, and the lab has an internal URL. */
  | { kind: 'created' }
  /** The pod is deleted or has failed. No event reports it, and the state does not change. */
  | { kind: 'pod is'; now: 'gone' | 'dead' }
  /** Another client's create is refused with 409. Like every create, it looks for the pod. */
  | { kind: 'refused create' }
  /** `count` Kubernetes events about the pod, all at once. Their progress depends on the number of earlier ones. */
  | { kind: 'pod'; count: number; message: (index: number) => string }
  /** Any other event. `complete` sets the state to running, `failed` to failed. */
  | { kind: 'event'; event: Event }
  /** Raw bytes for the stream, sent as one chunk. They need not be a valid Event. */
  | { kind: 'bytes'; bytes: string | Uint8Array }
  /** A change of state without an event. */
  | { kind: 'status'; status: LabStatus }
  /** From here on, the controller does not know of this spawn: it continues without events. */
  | { kind: 'unreported' }
  /** The whole controller restarts, and is down for `downMs` milliseconds. A spawn continues meanwhile; a deletion does not. */
  | { kind: 'restart'; downMs: number };

/** The steps in order. Can be lazy and very long, and can be iterated more than once. */
export type Story = Iterable<Step>;

export const starting: Step = { kind: 'starting' };
export const created: Step = { kind: 'created' };
export const unreported: Step = { kind: 'unreported' };
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

/** Kubernetes events about the pod, each with the pause before it in milliseconds. */
export function kubernetes(...events: (readonly [pause: number, message: string])[]): Step[] {
  return events.flatMap(([pause, message]) => [
    wait(pause),
    { kind: 'pod', count: 1, message: () => message },
  ]);
}

/** `count` of them at once. Each is created when it is sent, and none is stored. */
export function crowd(count: number, message: (index: number) => string): Step {
  return { kind: 'pod', count, message };
}

/**
 * The progress of the pod event after `before` others, in percent.
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
