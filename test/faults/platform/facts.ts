/**
 * What a command could know: the responses that reached it, and the truth at the moments at which they were given.
 */
import type { Exchange } from './network.js';
import type { Played } from './play.js';
import type { Route } from './story.js';
import type { Moment } from './truth.js';

/** A response of the Hub, the controller or the lab that reached the client. */
export type Answer = Exchange & { truth: Moment; arrivedAt: number; answeredAt: number; status: number };

export function answers({ network }: Played, route: Route): Answer[] {
  return network.exchanges.filter(
    (each): each is Answer => each.route === route && each.isGenuine && each.truth !== null,
  );
}

/** Whether the controller has a lab, or says so, that the Hub does not know. */
export function isOrphan({ listed, hubIsUp, told }: Moment): boolean {
  return hubIsUp && listed === null && told !== null && told !== 'terminating';
}

/** How old anything may be that a command knows at its end: two states, a contradiction and the latency. */
export function earliest({ story, endedAt }: Played): number {
  return endedAt - 10_000 - 6 * story.latency;
}

/** Whether nothing went wrong on the way, and nobody else did anything. */
export function wasCalm({ network, story }: Played): boolean {
  return network.faults.size === 0 && story.incidents.length === 0 && story.windows.length === 0;
}

/** Whether the controller refused to delete the lab. */
export function isDenied(played: Played): boolean {
  return answers(played, 'remove').some(({ status }) => status === 403);
}
