/**
 * Judges what a command sent: how often, and whether a start or a stop was repeated without a reason.
 */
import type { Exchange } from './network.js';
import { answers, own, states } from './facts.js';
import type { Played } from './play.js';

export function judgeRequests(played: Played): string[] {
  return [...judgeStarts(played), ...judgeStops(played), ...judgeRate(played)];
}

function judgeStarts(played: Played): string[] {
  const { story, network } = played;
  const starts = network.exchanges.filter(({ route }) => route === 'start');
  if (starts.length === 0) return [];
  if (story.command.name !== 'spawn') return [`${story.command.name} sent a POST`];
  return starts.flatMap((start, index) => {
    const complaint = judgeStart(played, start, starts.slice(0, index));
    return complaint === null ? [] : [`the POST of ${start.sentAt} was wrong: ${complaint}`];
  });
}

/** How long ago a spawn of somebody else may have begun without the command knowing, in milliseconds. */
const unnoticed = 2_500;

function judgeStart(played: Played, start: Exchange, earlier: readonly Exchange[]): string | null {
  const { record } = played;
  const last = earlier.at(-1);
  if (start.server?.pending === 'spawn') {
    const pending = start.server.spawn;
    const begun = record.spawns.find(({ spawn }) => spawn === pending);
    const isOurs = last !== undefined && begun?.isEarlier === false;
    if (isOurs || (begun !== undefined && start.sentAt - begun.at > unnoticed && canSee(played, start)))
      return 'a spawn was pending';
  }
  if (last === undefined) return null;
  const failed = own(played).find(
    ({ outcome, endedAt }) => outcome?.kind === 'failed' && endedAt !== null && endedAt < start.sentAt,
  );
  // The Hub forgets a failure when it restarts.
  const restarted = record.during(failed?.endedAt ?? 0, start.sentAt).some(({ hubIsUp }) => !hubIsUp);
  if (failed !== undefined && !restarted) return 'a spawn of this command had failed';
  const begun = own(played).find(({ at }) => at >= last.sentAt && at < start.sentAt);
  if (begun === undefined) return null;
  if (last.isGenuine && last.answeredAt !== null && last.answeredAt <= start.sentAt)
    return 'the one before had begun a spawn, and the Hub had answered it';
  const since = last.sentAt;
  // A POST for a server that runs changes nothing.
  const isOver = states(played).some(
    ({ answeredAt, server }) => answeredAt >= since && answeredAt <= start.sentAt && server.pending === null,
  );
  return isOver ? null : 'the one before was lost, and no state showed that it had begun nothing';
}

function canSee(played: Played, { sentAt }: Exchange): boolean {
  return states(played).some(({ answeredAt, server }) => answeredAt <= sentAt && server.pending === 'spawn');
}

function judgeStops(played: Played): string[] {
  const { story, network } = played;
  const { command } = story;
  const stops = network.exchanges.filter(({ route }) => route === 'stop');
  if (stops.length === 0) return [];
  const mayStop = command.name === 'stop' || (command.name === 'spawn' && command.onConflict === 'replace');
  if (!mayStop) return ['sent a DELETE'];
  const wrong: string[] = [];
  for (const [index, each] of stops.entries()) {
    const before = stops[index - 1];
    if (before === undefined) continue;
    // A request is repeated at once if its connection was cut, which may have been an old one.
    const isRepeated = before.trouble === 'cut' && before.endedAt === each.sentAt;
    if (!isRepeated && each.sentAt - before.sentAt < 400)
      wrong.push(`DELETEs at ${before.sentAt} and ${each.sentAt}`);
    const stopped = answers(played, 'stop').some(
      (answer) => answer === before && (answer.status === 204 || answer.status === 202),
    );
    const changed = states(played).some(
      ({ answeredAt, server }) =>
        answeredAt >= before.sentAt && answeredAt <= each.sentAt && server.pending !== 'stop',
    );
    if (stopped && !changed) wrong.push(`the DELETE of ${each.sentAt} repeats one that was accepted`);
  }
  return wrong;
}

/** At most one request for the state a second; only the last look need not wait for its turn. */
function judgeRate({ story, network, begunAt }: Played): string[] {
  const lastLook = begunAt + story.timeout - Math.min(2000, story.timeout / 2);
  let last: Exchange | undefined;
  for (const each of network.exchanges) {
    const { route, sentAt } = each;
    if (route !== 'state') continue;
    // A request is repeated at once if its connection was cut, which may have been an old one.
    const isRepeated = network.exchanges.some(
      (cut) => cut.route === 'state' && cut !== each && cut.trouble === 'cut' && cut.endedAt === sentAt,
    );
    if (isRepeated) continue;
    if (last !== undefined && sentAt - last.sentAt < 999 && sentAt < lastLook - 1)
      return [`the state was requested at ${last.sentAt} and again at ${sentAt}`];
    last = each;
  }
  return [];
}
