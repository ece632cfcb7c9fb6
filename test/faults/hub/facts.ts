/**
 * What a command could know: the responses that reached it, and the truth at the moments at which they were given.
 */
import type { Played } from './play.js';
import { isListed, responds, type Begun, type Moment } from './record.js';
import type { Exchange } from './network.js';
import type { Route } from './story.js';

/** A response that reached the client from the Hub or from a server, with the server as it was then. */
export type Answer = Exchange & { server: Moment; arrivedAt: number; answeredAt: number; status: number };

export function answers({ network }: Played, route: Route): Answer[] {
  return network.exchanges.filter(
    (each): each is Answer =>
      each.route === route &&
      each.isGenuine &&
      each.server !== null &&
      each.answeredAt !== null &&
      each.arrivedAt !== null,
  );
}

/** The states that the client read. A blind token reads none. */
export function states(played: Played): Answer[] {
  return played.story.isBlind ? [] : answers(played, 'state').filter(({ status }) => status === 200);
}

/** The spawns that concern the command: its own, and what was pending when it began. */
export function concerning({ record, begunAt }: Played): Begun[] {
  return record.spawns.filter(({ at, endedAt }) => at >= begunAt || endedAt === null || endedAt >= begunAt);
}

/** The spawns that the command's POSTs began. */
export function own({ record }: Played): Begun[] {
  return record.spawns.filter(({ isEarlier }) => !isEarlier);
}

/** How long the Hub has said ready without interruption, and nothing has responded, up to a time; in milliseconds. */
export function unresponsiveFor({ record }: Played, end: number): number {
  let since = end;
  for (const moment of [...record.during(0, end)].reverse()) {
    // While the Hub is away, nothing is known.
    if (moment.hubIsUp && (!moment.ready || responds(moment))) break;
    since = moment.at;
  }
  return end - since;
}

/** Whether the Hub listed the server at some time between. */
export function wasListed({ record }: Played, from: number, to: number): boolean {
  return record.during(from, to).some(isListed);
}

export function wasAbsent({ record }: Played, from: number, to: number): boolean {
  return record.during(from, to).some((moment) => !isListed(moment));
}

/** How out of date anything can be that the command knows, in milliseconds: a poll, a probe and the latency. */
export function staleness({ story }: Played): number {
  return 3_000 + 2 * story.latency;
}
