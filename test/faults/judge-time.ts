/**
 * Judges when a command ended, and which of two results it reported when it timed out.
 */
import type { Played } from './play.js';

/** The longest that a command may go on without need, in milliseconds: a dead connection, a back-off, a request. */
const patience = 45_000 + 15_000 + 15_000;

/** How long the client waits for a failed lab of another user, in milliseconds. */
const patienceWithOthers = 180_000;

export function judgeTime({ story, world, endedAt, ending }: Played): string[] {
  const { within, earliest = 0 } = story.truth;
  if (endedAt < earliest) return [`ended after ${endedAt / 1000} s, and not only after ${earliest / 1000} s`];
  const kind = ending?.outcome.kind ?? '';
  const timedOut = kind === 'timeout' || (kind === 'unknown' && story.truth.outcomes.includes('timeout'));
  const calm = Math.max(world.changedAt, world.log.calmSince) + patience * (1 + hardFaults(story));
  const due =
    within ??
    (timedOut ? story.timeout : null) ??
    (story.who === 'another' ? calm + patienceWithOthers : calm);
  return endedAt <= due + 10 ? [] : [`ended only after ${endedAt / 1000} s, and not by ${due / 1000} s`];
}

/** Faults that may cost a whole idle timeout each. */
function hardFaults({ streams, troubles }: Played['story']): number {
  return [...streams, ...Object.values(troubles).flat()].filter((fault) => fault !== null).length;
}

/** How long before the deadline the last look begins, in milliseconds; half of the total time if that is less. */
const lastLook = 2000;

/** 124 if the controller was reachable at the end, 7 if it was not (the last look). */
export function judgeDeadline({ story, world, ending, endedAt }: Played): string[] {
  const { timeout } = story;
  const kind = ending?.outcome.kind;
  if (kind === 'timeout' && endedAt < (timeout ?? 0))
    return [`time was up at ${endedAt}, before the deadline`];
  if (timeout === null || endedAt < timeout || (kind !== 'timeout' && kind !== 'unknown')) return [];
  const begin = timeout - Math.min(lastLook, timeout / 2);
  const heard = world.connections.some(({ lastTakenAt }) => lastTakenAt !== null && lastTakenAt > begin);
  if (heard) return kind === 'timeout' ? [] : ['ended as unknown, though the stream was heard at the end'];
  const looks = world.log.told.filter(
    ({ route, askedAt, at }) => route === 'state' && askedAt >= begin - 1 && at <= timeout,
  );
  if (looks.length === 0) return ['did not look at the end'];
  const statuses = looks.map(({ status }) => status ?? 0);
  if (statuses.some((status) => status === 200 || status === 404)) {
    return kind === 'timeout' ? [] : ['ended as unknown, though the controller answered at the end'];
  }
  const open = world.connections.some(
    ({ learned, closedAt }) => learned === null && (closedAt ?? endedAt) >= timeout,
  );
  const passing = statuses.some((status) => status >= 500);
  // The promises do not cover a busy ingress.
  if (!passing && statuses.some((status) => [408, 425, 429].includes(status))) return [];
  const expected = open && passing ? 'timeout' : 'unknown';
  return kind === expected
    ? []
    : [`ended as ${kind}, though the last look says ${expected}: ${statuses.join(', ')}`];
}
