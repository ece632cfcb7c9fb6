/**
 * Judges how a story at a Hub was played, by the simulated Hub's record of what really happened.
 *
 * Owns the outcome. judge-events.ts judges what was shown, judge-requests.ts what was sent, judge-time.ts when it ended.
 */
import { exitCode, type Outcome } from '../../../src/model/outcome.js';
import { judgeEvents } from './judge-events.js';
import { judgeRequests } from './judge-requests.js';
import { judgeSilence, judgeTime } from './judge-time.js';
import { answers, concerning, staleness, states, unresponsiveFor, wasAbsent, wasListed } from './facts.js';
import type { Played } from './play.js';
import { isListed, responds } from './record.js';

/** The failures; empty if everything was correct. */
export function judge(played: Played): string[] {
  const { ending, thrown, begunAt, endedAt } = played;
  if (thrown !== null) {
    return [`threw ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : JSON.stringify(thrown)}`];
  }
  if (ending === null) return [`did not end within ${(endedAt - begunAt) / 1000} s`];
  const { outcome } = ending;
  const wrong = judgeOutcome(played, outcome);
  return [
    ...(wrong === null
      ? []
      : [`ended as ${outcome.kind} (exit ${exitCode(outcome)}: ${outcome.message}), but ${wrong}`]),
    ...judgeEvents(played, outcome),
    ...judgeRequests(played),
    ...judgeTime(played, outcome),
    ...judgeSilence(played),
  ];
}

/** Why this is not what happened; null if it is. */
function judgeOutcome(played: Played, outcome: Outcome): string | null {
  const { command } = played.story;
  switch (outcome.kind) {
    case 'complete':
    case 'running':
      return judgeRunning(played, outcome);
    case 'failed':
      return judgeFailed(played, outcome);
    case 'timeout':
      return null;
    case 'unknown':
      return judgeUnknown(played);
    case 'absent':
      return command.name === 'stop' || goalIs(played, 'absent')
        ? judgeGone(played)
        : 'that is no outcome of this command';
    case 'not-found':
      return judgeNotFound(played);
    case 'conflict':
      return judgeConflict(played);
    case 'refused':
      return judgeRefused(played);
    case 'unauthorized':
      return played.story.isBlind || spawnerSaid(played, 403) ? null : 'the token has all rights';
    case 'detached':
      return judgeDetached(played);
    case 'pending':
      return judgePending(played);
    default:
      return 'that is no outcome of a Hub';
  }
}

function goalIs({ story: { command } }: Played, goal: 'ready' | 'running' | 'absent'): boolean {
  return 'goal' in command && command.goal === goal;
}

function judgeRunning(played: Played, { kind }: Outcome): string | null {
  const { story, begunAt, endedAt } = played;
  if (story.isBlind) return 'the token cannot see that';
  if (story.command.name === 'stop' || goalIs(played, 'absent')) return 'that is no outcome of this command';
  if (story.command.name === 'status' && kind === 'complete') return 'that is no outcome of this command';
  if (goalIs(played, 'running')) return judgeSaidReady(played);
  if (story.command.name === 'status') {
    const { moments } = played.record;
    // One probe decides, unless it gives no evidence.
    const isUnproven =
      moments.some(({ ready, kind: is }) => ready && isUnclear(is)) || isProbeTroubled(played);
    if (isUnproven || endedAt >= begunAt + story.timeout) return null;
  }
  const since = endedAt - 2 * staleness(played) - 5_000;
  const proof = answers(played, 'probe').some(
    ({ server, answeredAt }) => answeredAt >= since && responds(server),
  );
  return proof ? null : 'no response of the server itself shows that it is alive';
}

/** Whether the responses of such a server prove nothing. */
function isUnclear(kind: string): boolean {
  return ['deaf', 'login', 'forbidden'].includes(kind);
}

function isProbeTroubled({ network }: Played): boolean {
  return network.exchanges.some(({ route, trouble }) => route === 'probe' && trouble !== null);
}

/** Two states two seconds apart, and none between them that says anything else. */
function judgeSaidReady(played: Played): string | null {
  const said = states(played);
  const lastOther = said.findLastIndex(({ server }) => !server.ready);
  const [first, ...more] = said.slice(lastOther + 1);
  const last = more.at(-1);
  if (first === undefined || last === undefined) return 'the Hub did not say ready twice';
  return last.answeredAt - first.answeredAt >= 1_999 ? null : 'the Hub did not say ready for two seconds';
}

/** How long the Hub must have said ready before the server may be given up, in milliseconds. */
const readyTime = 28_000;

function judgeFailed(played: Played, outcome: Outcome): string | null {
  const { story, record, begunAt, endedAt } = played;
  const { command } = story;
  const recent = record.during(endedAt - staleness(played), endedAt);
  if (command.name === 'stop') return judgeStopFailed(played);
  if (command.name !== 'spawn' && !goalIs(played, 'absent') && hadFailed(played)) return null;
  if (story.isBlind) return 'the token cannot see that';
  if (goalIs(played, 'absent')) return 'a server that stays is no failure';
  const isLost = recent.some((moment) => !isListed(moment));
  const ends = concerning(played).filter(({ endedAt: at }) => at !== null && at >= begunAt);
  // The old server cannot be replaced.
  if (command.name === 'spawn' && command.onConflict === 'replace' && isStopRefused(played)) return null;
  const failedSpawn = ends.find(({ outcome: end }) => end?.kind === 'failed');
  if (failedSpawn !== undefined && isLost) return judgeReason(played, outcome);
  if (isLost && (ends.length > 0 || wasListed(played, begunAt, endedAt - 1))) return null;
  if (command.name !== 'status' && (hadReadyTime(played) || wasShutOff(played))) return null;
  if (recent.some((moment) => moment.pending === 'spawn')) return 'the spawn is still in progress';
  return recent.some(responds) ? 'the server is alive' : 'nothing of this command has failed';
}

/** Whether the Hub said ready for so long, and nothing responded; the last moments may have been unnoticed. */
function hadReadyTime(played: Played): boolean {
  const { endedAt } = played;
  const ends = [endedAt, endedAt - staleness(played), endedAt - 2 * staleness(played)];
  return ends.some((end) => unresponsiveFor(played, end) >= readyTime);
}

/** The same, as far as the client could know: no response reached it. */
function wasShutOff(played: Played): boolean {
  const from = played.endedAt - readyTime;
  const saidReady = states(played).some(({ server, answeredAt }) => server.ready && answeredAt <= from);
  return (
    saidReady &&
    !answers(played, 'probe').some(({ answeredAt, server }) => answeredAt > from && responds(server))
  );
}

/** Whether the last spawn before the command had failed. */
function hadFailed({ record, begunAt }: Played): boolean {
  const last = record.spawns.findLast(({ isEarlier }) => isEarlier);
  return last?.outcome?.kind === 'failed' && (last.endedAt ?? Infinity) <= begunAt;
}

/** The reason of the spawn that failed must be named, where the Hub says it and nothing kept it from the client. */
function judgeReason({ story, record, network }: Played, outcome: Outcome): string | null {
  const last = record.spawns.findLast(({ outcome: end }) => end?.kind === 'failed');
  if (last?.outcome?.kind !== 'failed' || network.faults.size > 0) return null;
  if (story.interference.length > 0) return null;
  const { failure } = last.outcome;
  const text = failure.kind === 'exception' ? failure.text : failure.kind === 'told' ? failure.message : '';
  const reason = /^[\w-]+/.exec(text)?.[0] ?? '';
  return outcome.message.includes(reason) ? null : `the reason was "${text}"`;
}

function judgeStopFailed(played: Played): string | null {
  const { record, endedAt } = played;
  const recent = record.during(endedAt - 10_000, endedAt);
  return isStopRefused(played) || recent.some((moment) => moment.ready)
    ? null
    : 'the server is gone, or still being stopped, and no stop has failed';
}

function isStopRefused(played: Played): boolean {
  return answers(played, 'stop').some(({ status }) => status === 500);
}

/** How long before the deadline the last look begins, in milliseconds. */
const lastLook = 2_000;

function judgeUnknown(played: Played): string | null {
  const { story, network, begunAt, endedAt } = played;
  const deadline = begunAt + story.timeout;
  if (endedAt >= deadline - 10) {
    const from = deadline - Math.min(lastLook, story.timeout / 2);
    // Which of several requests is the last look, only the client knows.
    const isTroubled = network.exchanges.some(
      ({ sentAt, trouble }) => sentAt >= from - 1 && trouble !== null,
    );
    // Where nothing is listed, a second request finds out why.
    const heard =
      !isTroubled &&
      states(played).some(
        ({ sentAt, answeredAt }) => sentAt >= from && answeredAt + story.latency < deadline - 10,
      );
    return heard ? 'the Hub answered shortly before the deadline' : null;
  }
  const recent = played.record.during(endedAt - staleness(played), endedAt);
  if (recent.some(({ kind, ready }) => ready && (isProbeTroubled(played) || isUnclear(kind)))) {
    return hadReadyTime(played) || wasShutOff(played) ? null : 'the server had more time to respond';
  }
  const wasFound = network.exchanges.some(({ status, answeredAt }) => status !== null && answeredAt !== null);
  if (!wasFound) return null;
  const lastStart = network.exchanges.findLast(({ route }) => route === 'start');
  // The Hub's own error, with nothing left of the spawn.
  return lastStart?.isGenuine === true && (lastStart.status ?? 0) >= 500
    ? null
    : 'the Hub was reachable, and the outcome can be known';
}

function judgeGone(played: Played): string | null {
  const { story, record, endedAt } = played;
  if (story.isBlind && story.command.name !== 'stop') return 'the token cannot see that';
  const recent = record.during(endedAt - staleness(played), endedAt);
  if (recent.some((moment) => !isListed(moment))) return null;
  return story.isBlind && answers(played, 'stop').some(({ status }) => status === 204)
    ? null
    : 'the Hub lists the server';
}

function judgeNotFound(played: Played): string | null {
  const { story, begunAt, endedAt } = played;
  const { command } = story;
  if (story.isBlind && !isNamedStop(played)) return 'the token cannot see that';
  if (command.name === 'spawn') return 'that is no outcome of this command';
  if (goalIs(played, 'absent')) return 'that is the awaited outcome';
  if (!wasAbsent(played, begunAt, endedAt)) return 'the Hub listed the server all the time';
  const sawPending = states(played).some(({ server }) => server.pending === 'spawn');
  if (command.name === 'wait' && sawPending) return 'the spawn was lost';
  if (command.name !== 'stop' && hadFailed(played) && progressTells(played)) return 'the last spawn failed';
  return null;
}

/** A blind stop learns from the Hub itself that there is no server of that name. */
function isNamedStop(played: Played): boolean {
  return played.story.command.name === 'stop' && answers(played, 'stop').some(({ status }) => status === 404);
}

/** Whether the Hub's progress stream was read, which says that the last spawn failed. */
function progressTells(played: Played): boolean {
  return answers(played, 'progress').some(
    ({ status, trouble, endedAt }) => status === 200 && trouble === null && endedAt !== null,
  );
}

function judgeConflict(played: Played): string | null {
  const { story, begunAt, endedAt } = played;
  const { command } = story;
  if (command.name !== 'spawn' || command.onConflict !== 'fail') return 'nothing is to fail on a conflict';
  const isRefused = answers(played, 'start').some(({ status }) => status === 400);
  return isRefused || wasListed(played, begunAt, endedAt) ? null : 'there was nothing in the way';
}

function judgeRefused(played: Played): string | null {
  if (answers(played, 'start').some(({ status }) => status === 429)) return null;
  // A token that sees nothing cannot wait for a spawn to end.
  if (played.story.isBlind && answers(played, 'stop').some(({ status }) => status === 400)) return null;
  return spawnerSaid(played, 400, 409, 429) ? null : 'the Hub did not refuse anything';
}

/** Whether a spawn failed with one of these statuses, which the POST then has. */
function spawnerSaid({ record }: Played, ...statuses: number[]): boolean {
  return record.spawns.some(
    ({ outcome }) =>
      outcome?.kind === 'failed' &&
      outcome.failure.kind === 'http' &&
      statuses.includes(outcome.failure.status),
  );
}

function judgeDetached(played: Played): string | null {
  const { command } = played.story;
  if (command.name !== 'spawn' || !command.detach) return 'the command was not to detach';
  return concerning(played).length > 0 ? null : 'no spawn began';
}

function judgePending(played: Played): string | null {
  const { story, record, begunAt, endedAt } = played;
  if (story.command.name !== 'status') return 'that is no outcome of this command';
  if (story.isBlind) return 'the token cannot see that';
  const between = record.during(begunAt, endedAt);
  const isPending = between.some((moment) => moment.pending !== null) || endedAt >= begunAt + story.timeout;
  return isPending || between.some((moment) => moment.ready && (!responds(moment) || isProbeTroubled(played)))
    ? null
    : 'nothing was pending, or without a response';
}
