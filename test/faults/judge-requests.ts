/**
 * Judges how often a command sent requests, and when it repeated a create.
 */
import type { Played } from './play.js';
import type { Told } from './wire-log.js';

export function judgeRequests(played: Played): string[] {
  return [...judgeStateRate(played), ...judgeStreamRate(played), ...judgeCreates(played)];
}

/** At most one request for the state a second; only the last look need not wait for its turn. */
function judgeStateRate({ story, world }: Played): string[] {
  const lastLook = story.timeout === null ? Infinity : story.timeout - Math.min(2000, story.timeout / 2);
  let last = -Infinity;
  for (const at of askedAt(world.log.told, 'state')) {
    if (at - last < 999 && at < lastLook - 1)
      return [`the state was asked for at ${last} and again at ${at}`];
    last = at;
  }
  return [];
}

/** A stream that opens and ends is not a success: the back-off keeps the requests apart. */
function judgeStreamRate({ world }: Played): string[] {
  const times = askedAt(world.log.told, 'events');
  for (const [index, at] of times.entries()) {
    const before = times[index - most];
    if (before !== undefined && at - before < 5000)
      return [`${most + 1} streams were opened within 5 s, at ${at}`];
  }
  return [];
}

/** The back-off may by chance allow this many streams in five seconds, but not more. */
const most = 12;

function judgeCreates({ world }: Played): string[] {
  const creates = world.log.told
    .filter(({ route }) => route === 'create')
    .sort((one, other) => one.askedAt - other.askedAt);
  for (const [index, create] of creates.entries()) {
    const before = creates[index - 1];
    if (before === undefined) continue;
    const complaint =
      before.status === 409 ? onConflict(world, before, create) : onLoss(world, before, create);
    if (complaint !== null) return [complaint];
  }
  return [];
}

/** Without a readable stream, the minimum time before a create is repeated, in milliseconds. */
const blindInterval = 15_000;

/** After a conflict the stream must have ended, or the state must have changed, or enough time must have passed. */
function onConflict({ log, connections }: Played['world'], before: Told, create: Told): string | null {
  const since = (at: number): boolean => at >= before.at && at <= create.askedAt;
  const told = log.told.filter(({ at }) => since(at));
  const changed = told.some(({ lab }) => lab === null || lab === 'running');
  const over = told.some(({ route, status }) => route === 'events' && status === 404);
  const ended = connections.some(
    ({ openedAt, passages, learned }) =>
      openedAt >= before.at &&
      (learned === 'end' || passages.some(({ frame, takenAt }) => takenAt !== null && isEnd(frame))),
  );
  const removed = told.some(({ route, status }) => route === 'remove' && status !== null);
  if (changed || over || ended || removed || create.askedAt - before.at >= blindInterval - 1) return null;
  return `the create of ${before.askedAt} was refused, and sent again at ${create.askedAt} though nothing had changed`;
}

function isEnd(frame: Played['story']['deletion'][number]['frame']): boolean {
  return (
    frame !== null &&
    frame.kind !== 'oversized' &&
    ('type' in frame ? isOver(frame.type) : isOver(frame.name ?? ''))
  );
}

function isOver(name: string): boolean {
  return name === 'complete' || name === 'failed';
}

/** After a lost response the client must have requested the state. A request that never arrived is not lost. */
function onLoss({ log }: Played['world'], before: Told, create: Told): string | null {
  const { status, none } = before;
  const lost = none === 'reset' || none === 'aborted' || status === 408 || (status ?? 0) >= 500;
  if (!lost) return null;
  const asked = log.told.some(
    ({ route, at, status: answer }) =>
      route === 'state' && (answer === 200 || answer === 404) && at >= before.at && at <= create.askedAt,
  );
  return asked
    ? null
    : `the create of ${before.askedAt} was lost, and blindly sent again at ${create.askedAt}`;
}

function askedAt(told: readonly Told[], route: Told['route']): number[] {
  return told
    .filter((each) => each.route === route)
    .map((each) => each.askedAt)
    .sort((one, other) => one - other);
}
