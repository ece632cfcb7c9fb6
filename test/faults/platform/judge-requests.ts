/**
 * Judges what a command sent: how often, and whether it created or deleted anything that it should not have.
 */
import { answers, isOrphan } from './facts.js';
import type { Exchange } from './network.js';
import type { Played } from './play.js';
import type { Route } from './story.js';

export function judgeRequests(played: Played): string[] {
  return [
    ...judgeStarts(played),
    ...judgeStops(played),
    ...judgeRate(played, 'hub state', 1),
    ...judgeRate(played, 'state', 2),
  ];
}

function judgeStarts(played: Played): string[] {
  const { story, network } = played;
  const { command } = story;
  const starts = network.exchanges.filter(({ route }) => route === 'start');
  if (starts.length > 0 && command.name !== 'spawn') return [`${command.name} sent a POST`];
  return starts.flatMap((start, index) => {
    const complaint = judgeStart(played, start, starts.slice(0, index));
    return complaint === null ? [] : [`the POST of ${start.sentAt} was wrong: ${complaint}`];
  });
}

/** For how long something must have been there before the command has to know, in milliseconds. */
const unnoticed = 2_500;

function judgeStart(played: Played, start: Exchange, earlier: readonly Exchange[]): string | null {
  const { truth, story, begunAt } = played;
  const { command } = story;
  const isReplaced = command.name === 'spawn' && command.onConflict === 'replace';
  const before = truth.during(Math.max(begunAt, start.sentAt - unnoticed - 2 * story.latency), start.sentAt);
  if (!isReplaced && before.every((moment) => isOrphan(moment) && moment.told !== 'failed'))
    return 'the controller has a lab that the Hub does not know';
  const own = truth.hub.spawns.filter(({ isEarlier }) => !isEarlier);
  const last = earlier.at(-1);
  if (last === undefined) return null;
  const failed = own.find(
    ({ end, endedAt }) => end === 'failed' && endedAt !== null && endedAt < start.sentAt,
  );
  // The Hub forgets a failure when it restarts.
  const restarted = truth.during(failed?.endedAt ?? 0, start.sentAt).some(({ hubIsUp }) => !hubIsUp);
  if (failed !== undefined && !restarted) return 'a spawn of this command had failed';
  const begun = own.find(({ at }) => at >= last.sentAt && at < start.sentAt);
  if (begun === undefined) return null;
  if (last.isGenuine && last.answeredAt !== null && last.answeredAt <= start.sentAt)
    return 'the one before had begun a spawn, and the Hub had answered it';
  const isOver = answers(played, 'hub state').some(
    ({ answeredAt, truth: { listed } }) =>
      answeredAt >= last.sentAt && answeredAt <= start.sentAt && listed !== 'spawn' && listed !== 'stop',
  );
  return isOver ? null : 'the one before was lost, and no state showed that it had begun nothing';
}

function judgeStops(played: Played): string[] {
  const { story, network } = played;
  const { command } = story;
  const stops = network.exchanges.filter(({ route }) => route === 'stop');
  const removals = network.exchanges.filter(({ route }) => route === 'remove');
  if (stops.length + removals.length === 0) return [];
  const mayStop = command.name === 'stop' || (command.name === 'spawn' && command.onConflict === 'replace');
  if (!mayStop) return [`${command.name} sent a DELETE`];
  // The controller's is sent where the Hub has just said that it has no lab.
  return removals.flatMap(({ sentAt }) => {
    const seen = answers(played, 'hub state').findLast(({ answeredAt }) => answeredAt <= sentAt);
    return seen?.truth.listed === null
      ? []
      : [`deleted at the controller a lab that the Hub lists, at ${sentAt}`];
  });
}

/** At most so many requests a second, over five seconds; one more for the last look. */
function judgeRate({ network }: Played, route: Route, most: number): string[] {
  const times = network.exchanges.filter((each) => each.route === route).map(({ sentAt }) => sentAt);
  const span = 5 * most + 1;
  const crowded = times.find((at, index) => (times[index + span] ?? Infinity) - at < 4_990);
  return crowded === undefined ? [] : [`more than ${span} requests (${route}) in the 5 s from ${crowded}`];
}
