/**
 * Judges a story on a platform by what really happened: its outcome, what was shown, and what was sent.
 */
import { exitCode } from '../../../src/model/outcome.js';
import type { Played } from './play.js';
import { reason, type Moment } from './truth.js';

/** How far back an outcome may be from what it is based on: confirmations, probes and five seconds of doubt (ms). */
const memory = 12_000;

/** A lab that stays as it is for this long is noticed: the longest silence of a stream, and confirmations (ms). */
const patience = 75_000;

/** What was wrong with a story; empty if nothing was. */
export function judge(played: Played): string[] {
  const { ending, thrown, story, endedAt } = played;
  if (thrown !== null) return [`threw ${thrown instanceof Error ? (thrown.stack ?? '') : 'a value'}`];
  if (ending === null) return ['did not end'];
  if (endedAt > story.timeout + 2_000) return [`ended ${endedAt - story.timeout} ms after the deadline`];
  return [...judgeOutcome(played), ...judgeShown(played), ...judgeRequests(played)];
}

const isUp = ({ hub, controller, responds }: Moment): boolean =>
  hub === 'running' && controller === 'running' && responds;
const isNothing = ({ hub, controller }: Moment): boolean => hub === null && controller === null;
const hasNoUse = ({ hub }: Moment): boolean => hub === null;

function judgeOutcome(played: Played): string[] {
  const { story, ending, truth } = played;
  if (ending === null) return [];
  const { command } = story;
  const { kind, message } = ending.outcome;
  const code = exitCode(ending.outcome);
  const wrong = (why: string): string[] => [
    `${command.name} ended with ${kind}, ${code} (${message}): ${why}`,
  ];
  switch (kind) {
    case 'complete':
    case 'running': {
      if (command.name === 'wait' && command.goal === 'running') {
        return was(played, ({ hub }) => hub === 'running') ? [] : wrong('the Hub did not say ready');
      }
      const isKnown = story.isMasked
        ? was(played, ({ hub, controller }) => hub === 'running' && controller === 'running')
        : was(played, isUp);
      return isKnown ? [] : wrong('it did not run');
    }
    case 'absent':
      return was(played, isNothing) ? [] : wrong('there was a lab');
    case 'not-found':
      if (command.name === 'stop') return was(played, isNothing) ? [] : wrong('there was a lab');
      return was(played, hasNoUse) ? [] : wrong('the Hub knew the lab');
    case 'conflict': {
      if (command.name !== 'spawn' || command.onConflict === 'replace')
        return wrong('nothing was in the way');
      return was(played, ({ controller, hub }) => controller !== null || hub !== null)
        ? []
        : wrong('nothing was there');
    }
    case 'failed':
      return judgeFailure(played, wrong);
    case 'pending':
      return was(played, (moment) => !isNothing(moment)) ? [] : wrong('nothing was under way');
    case 'unauthorized':
      return story.mayDelete ? wrong('the token may delete') : [];
    case 'timeout':
    case 'unknown': {
      const last = lasting(played);
      if (command.name === 'status') return [];
      if (kind === 'unknown' && played.endedAt < story.timeout - 1_000) {
        // The ready check has given up: that is right only if nothing could be found out.
        return truth.disturbances.length > 0 ? [] : wrong('it ended before the deadline');
      }
      const isFinal =
        command.name === 'wait' && command.goal === 'absent'
          ? isNothing(last.moment)
          : isUp(last.moment) || (isNothing(last.moment) && command.name !== 'spawn');
      return isFinal && last.ms > patience ? wrong(`nothing had changed for ${last.ms} ms`) : [];
    }
    default:
      return wrong('no story has such an end');
  }
}

function judgeFailure({ story, ending, truth, endedAt }: Played, wrong: (why: string) => string[]): string[] {
  const { message = '' } = ending?.outcome ?? {};
  const isDisturbed = truth.disturbances.length > 0;
  const failed =
    truth.spawnFailures > 0 ||
    story.before === 'failed' ||
    truth.moments.some(({ controller }) => controller === 'failed');
  const isDead = truth.moments.some(({ hub, responds }) => hub === 'running' && !responds);
  const wasGoing = story.before === 'stopping' || story.before === 'leaving';
  if (!failed && !isDisturbed && !isDead && !wasGoing) return wrong('nothing had failed');
  const last = truth.moments.at(-1);
  if (last !== undefined && isUp(last) && endedAt - last.at > memory && !isDisturbed) return wrong('it runs');
  const isReasoned = message.startsWith('Spawn failed: Lab spawn failed');
  const isReadable =
    !story.isStreamRefused && !isDisturbed && !story.incidents.some(({ what }) => what === 'controller away');
  // Afterwards the Hub deletes what is left, and the controller's queue is that of the deletion.
  const isOwn = story.command.name === 'spawn' && story.before !== 'failed';
  if (isReasoned && isReadable && isOwn && !message.includes(reason)) return wrong('the reason is missing');
  return [];
}

function judgeShown({ shown, ending, story }: Played): string[] {
  const wrong: string[] = [];
  const terminal = shown.filter(({ event }) => event.type === 'complete' || event.type === 'failed');
  if (terminal.length > 1) wrong.push(`${terminal.length} terminal events were shown`);
  const kind = ending?.outcome.kind;
  const [end] = terminal;
  if (end?.event.type === 'complete' && kind !== 'complete')
    wrong.push(`complete was shown, and the end is ${kind ?? ''}`);
  if (end?.event.type === 'failed' && kind !== 'failed')
    wrong.push(`failed was shown, and the end is ${kind ?? ''}`);
  if (kind === 'complete' && end === undefined) wrong.push('no complete was shown');
  for (const { event } of shown) {
    if (event.message.startsWith('Old'))
      wrong.push(`an event of the operation before was shown: ${event.message}`);
  }
  if (story.command.name === 'spawn' || story.command.name === 'wait') {
    const early = shown.find(({ percent, event }) => (percent ?? 0) >= 100 && event.type === 'info');
    if (early !== undefined) wrong.push(`the bar was full at ${early.event.message}`);
  }
  return wrong;
}

function judgeRequests({ story, counts, truth, endedAt }: Played): string[] {
  const { command } = story;
  const wrong: string[] = [];
  const mayReplace = command.name === 'spawn' && command.onConflict === 'replace';
  if (counts.overOrphan > 0 && !mayReplace)
    wrong.push('a lab that the Hub does not know was deleted without being asked');
  if (truth.posts > 0 && command.name !== 'spawn') wrong.push(`${command.name} sent a POST`);
  const most = 12 + (endedAt / 1000) * 1.5;
  for (const [name, states] of [
    ['Hub', counts.hubStates],
    ['controller', counts.controllerStates],
  ] as const) {
    if (states > 2 * most) wrong.push(`${states} requests for the state to the ${name} in ${endedAt} ms`);
  }
  return wrong;
}

/** Whether this was true at some moment of the last seconds. */
function was({ truth, endedAt }: Played, holds: (moment: Moment) => boolean): boolean {
  return truth.moments.some((moment, i) => {
    const until = truth.moments[i + 1]?.at ?? Infinity;
    return until >= endedAt - memory && moment.at <= endedAt && holds(moment);
  });
}

/** What was true at the end, and for how long. */
function lasting({ truth, endedAt }: Played): { moment: Moment; ms: number } {
  const moment = truth.moments.filter(({ at }) => at <= endedAt).at(-1);
  if (moment === undefined) throw new Error('a story begins with a moment');
  const since = Math.max(moment.at, ...truth.disturbances);
  return { moment, ms: endedAt - since };
}
