/**
 * Judges how a story at a platform was played, by the truth at every moment and by what reached the client.
 *
 * Owns the outcome and when it came. judge-events.ts judges what was shown, judge-requests.ts what was sent.
 */
import { exitCode, type Outcome } from '../../../src/model/outcome.js';
import { answers, earliest, isDenied, isOrphan, wasCalm } from './facts.js';
import { judgeEvents } from './judge-events.js';
import { judgeRequests } from './judge-requests.js';
import type { Played } from './play.js';
import type { Spawn } from './hub.js';
import type { Moment } from './truth.js';

/** The failures; empty if everything was correct. */
export function judge(played: Played): string[] {
  const { ending, thrown, begunAt, endedAt } = played;
  if (thrown !== null) {
    return [`threw ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : JSON.stringify(thrown)}`];
  }
  if (ending === null) return [`did not end within ${(endedAt - begunAt) / 1000} s`];
  const { outcome } = ending;
  const wrong = judgeOutcome(played, outcome);
  const ended = `ended as ${outcome.kind} (exit ${exitCode(outcome)}: ${outcome.message})`;
  return [
    ...(wrong === null ? [] : [`${ended}, but ${wrong}`]),
    ...judgeEvents(played, outcome),
    ...judgeRequests(played),
    ...judgeTime(played, outcome),
  ];
}

function goalIs({ story: { command } }: Played, goal: 'ready' | 'running' | 'absent'): boolean {
  return 'goal' in command && command.goal === goal;
}

const isNoOutcome = 'that is no outcome of this command';

/** Why this is not what happened; null if it is. */
function judgeOutcome(played: Played, outcome: Outcome): string | null {
  const { story, begunAt, endedAt, truth } = played;
  const { command } = story;
  const all = truth.during(begunAt, endedAt);
  switch (outcome.kind) {
    case 'complete':
    case 'running':
      return judgeRunning(played);
    case 'failed':
      return judgeFailed(played, outcome);
    case 'timeout':
      return null;
    case 'unknown':
      return wasCalm(played) && !isTooSlow(played) ? 'nothing went wrong on the way' : null;
    case 'absent':
      return command.name === 'stop' || goalIs(played, 'absent') ? judgeGone(recently(played)) : isNoOutcome;
    case 'not-found':
      if (command.name === 'spawn' || goalIs(played, 'absent')) return isNoOutcome;
      // An orphan is no lab to wait for, but one that can be stopped.
      return command.name !== 'stop' && all.some(isOrphan) ? null : judgeGone(all);
    case 'conflict':
      return judgeConflict(played);
    case 'unauthorized':
      return !story.mayDelete && isDenied(played) ? null : 'the token has the rights that this needs';
    case 'detached':
      return command.name === 'spawn' && command.detach ? null : 'the command was not to detach';
    case 'pending':
      return judgePending(played);
    default:
      return 'that is no outcome of a platform';
  }
}

/** Whether the last look before the deadline is too short for its three requests. */
function isTooSlow({ story: { latency, timeout } }: Played): boolean {
  return 3 * latency >= Math.min(2_000, timeout / 2);
}

/** What a command may still have known at its end, a contradiction and a confirmation included. */
function recently(played: Played, more = 0): Moment[] {
  return played.truth.during(earliest(played) - more, played.endedAt);
}

function judgeRunning(played: Played): string | null {
  const { story, endedAt } = played;
  const { command, ingress } = story;
  if (command.name === 'stop' || goalIs(played, 'absent')) return isNoOutcome;
  const recent = recently(played);
  if (!recent.some(({ listed }) => listed === 'ready')) return 'the Hub did not say ready';
  const since = earliest(played);
  const states = answers(played, 'state').filter(({ answeredAt }) => answeredAt >= since);
  const lastOther = answers(played, 'hub state').findLast(({ truth: { listed } }) => listed !== 'ready');
  const whileReady = states.filter(({ sentAt }) => sentAt > (lastOther?.answeredAt ?? 0));
  const isConfirmed = states.some(({ truth: { told } }) => told === 'running');
  const probes = played.network.exchanges.filter(
    ({ route, sentAt }) => route === 'probe' && sentAt >= since && sentAt <= endedAt,
  );
  const genuine = answers(played, 'probe').filter(({ answeredAt }) => answeredAt >= since);
  if (command.name === 'status') {
    const isRefuted = ingress === 'open' && genuine.some(({ truth: { responds } }) => !responds);
    return isRefuted ? 'its probe showed that nothing responds' : null;
  }
  if (goalIs(played, 'running')) {
    const isDoubted = whileReady.length > 0 && !isConfirmed;
    return isDoubted ? 'the controller did not say running' : null;
  }
  if (ingress === 'open' && genuine.some(({ truth: { responds } }) => responds)) return null;
  // Exempted: a lab that cannot be probed from here, of which neither Hub nor controller knows that it is dead.
  const isUnreachable = ingress !== 'open' || probes.some(({ trouble }) => trouble !== null);
  if (!isUnreachable) return 'no response of the lab shows that it is alive';
  return isConfirmed ? null : 'nothing confirms what the Hub says';
}

/** How long a contradiction must have lasted, and how long a lab may take to respond, in milliseconds. */
const doubt = 5_000;
const readyTime = 28_000;

function judgeFailed(played: Played, outcome: Outcome): string | null {
  const { story, truth, begunAt, endedAt, network } = played;
  const { command } = story;
  const recent = recently(played);
  const absent = recent.some(({ listed }) => listed === null);
  if (command.name === 'stop' || goalIs(played, 'absent'))
    return recent.some(({ listed, told }) => listed === 'ready' || told === 'failed')
      ? null
      : 'no deletion has failed';
  const over = truth.hub.spawns.filter(({ endedAt: at }) => at !== null && at >= begunAt);
  const failed = over.findLast(({ end }) => end === 'failed');
  if (failed !== undefined && absent) return judgeReason(played, failed, outcome);
  // The last failure, and what is left of it.
  const isLeft = recent.some(({ listed, failure }) => listed === null && failure !== null);
  if (command.name !== 'spawn' && isLeft) return null;
  const isSaidFailed = recent.some(({ listed, told }) => listed === null && told === 'failed');
  if (command.name !== 'spawn' && isSaidFailed) return null;
  const wasListed = truth.during(begunAt, endedAt - 1).some(({ listed }) => listed !== null);
  if (absent && (over.length > 0 || wasListed)) return null;
  if (isContradicted(played)) return null;
  const states = answers(played, 'hub state');
  const firstReady = states.find(({ truth: { listed } }) => listed === 'ready');
  const probes = network.exchanges.filter(({ route }) => route === 'probe');
  const from = command.name === 'status' ? begunAt : endedAt - readyTime;
  const hasProof = answers(played, 'probe').some(
    ({ answeredAt, truth: { responds } }) => answeredAt > from && responds && story.ingress === 'open',
  );
  const isDue = command.name === 'status' || (firstReady !== undefined && firstReady.answeredAt <= from);
  if (isDue && !hasProof && probes.length > 0 && (story.ingress === 'open' || hadTrouble(probes)))
    return null;
  return 'nothing has failed';
}

function hadTrouble(exchanges: Played['network']['exchanges']): boolean {
  return exchanges.some(({ trouble }) => trouble !== null);
}

/** Whether the Hub said ready, and the controller contradicted it in all that the client heard for five seconds. */
function isContradicted(played: Played): boolean {
  const heard = answers(played, 'state');
  const lastOther = heard.findLastIndex(({ truth: { told } }) => told === 'running' || told === 'pending');
  const [first, ...more] = heard.slice(lastOther + 1);
  const last = more.at(-1);
  if (
    first === undefined ||
    last === undefined ||
    last.answeredAt - first.sentAt + played.story.latency < doubt - 10
  )
    return false;
  const said = answers(played, 'hub state').filter(
    ({ answeredAt }) => answeredAt >= last.answeredAt - doubt - 10,
  );
  return said.length > 0 && said.every(({ truth: { listed } }) => listed === 'ready');
}

/** The reason must be named where the controller gave one, and nothing kept it from the client. */
function judgeReason(played: Played, { plan, at, endedAt }: Spawn, outcome: Outcome): string | null {
  // Exempted: one that was over before any stream was open, since the Hub deletes the lab with its events.
  const isFollowed = [...answers(played, 'events'), ...answers(played, 'progress')].some(
    ({ arrivedAt }) => arrivedAt > at + plan.delayMs && arrivedAt < (endedAt ?? 0) - plan.deleteMs,
  );
  if (!isFollowed) return null;
  // Exempted: one that a state showed at the same moment as the streams.
  const isByState = played.network.exchanges.some(
    (each) => each.route === 'progress' && each.arrivedAt !== null && each.arrivedAt >= (endedAt ?? 0),
  );
  if (isByState) return null;
  if (!wasCalm(played) || played.story.lag > 0) return null;
  const { reason, podMs, listenMs } = plan;
  if (podMs === null) return null;
  if (reason === null) {
    const isNamed = listenMs !== null || outcome.message.includes("didn't respond");
    return isNamed ? null : 'the reason was that Jupyter did not respond';
  }
  return outcome.message.includes(reason) ? null : `the reason was "${reason}"`;
}

/** Whether the Hub and the controller knew nothing, each at some time. */
function judgeGone(moments: readonly Moment[]): string | null {
  if (!moments.some(({ listed }) => listed === null)) return 'the Hub lists the lab';
  return moments.some(({ told }) => told === null) ? null : 'the controller has the lab';
}

function judgeConflict(played: Played): string | null {
  const { story, truth, begunAt, endedAt } = played;
  const { command } = story;
  if (command.name !== 'spawn' || command.onConflict === 'replace') return 'nothing is to fail on a conflict';
  const all = truth.during(begunAt, endedAt);
  if (command.onConflict === 'fail')
    return all.some(({ listed, told }) => listed !== null || told !== null) ? null : 'nothing was in the way';
  return recently(played).some(isOrphan) ? null : 'there is no lab that the Hub does not know';
}

function judgePending(played: Played): string | null {
  const { story, truth, begunAt, endedAt } = played;
  if (story.command.name !== 'status') return isNoOutcome;
  const isPending = truth
    .during(begunAt, endedAt)
    .some(
      ({ listed, told }) => listed === 'spawn' || listed === 'stop' || (told !== 'running' && told !== null),
    );
  // Without the time to confirm a contradiction, it decides nothing.
  const isShort = endedAt - begunAt >= Math.min(story.timeout - 2_000, story.timeout / 2);
  const isDoubtful = isShort && truth.during(begunAt, endedAt).some(isOrphan);
  return isPending || isDoubtful ? null : 'nothing was pending';
}

/** The longest that a command may need to notice what has happened, in milliseconds. */
const patience = 45_000 + 15_000 + 45_000 + 35_000 + 10_000;

function judgeTime(played: Played, { kind }: Outcome): string[] {
  const { story, truth, network, begunAt, endedAt } = played;
  const deadline = begunAt + story.timeout;
  if (endedAt > deadline + 10) return [`ended ${endedAt - deadline} ms after its deadline`];
  if (kind === 'timeout' && endedAt < deadline) return [`time was up ${deadline - endedAt} ms too early`];
  const last = truth.moments.at(-1);
  const windows = story.windows.map(({ to }) => begunAt + to);
  const calm = Math.max(last?.at ?? 0, begunAt, network.troubledAt, ...windows);
  if (endedAt <= calm + patience || last === undefined) return [];
  const isForAbsent = story.command.name === 'stop' || goalIs(played, 'absent');
  const waits = isForAbsent
    ? last.listed !== null || last.status !== null
    : last.listed === 'spawn' || last.operation !== null;
  // A lie that lasts changes nothing, and is no end either.
  return waits || last.told !== last.status
    ? []
    : [`ended as ${kind} at ${endedAt}, although nothing had changed since ${calm}`];
}
