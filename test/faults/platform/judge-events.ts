/**
 * Judges the events that were shown: at most one that ends the operation, which the result has, and a bar that only a spawn
 * moves.
 */
import type { Event } from '../../../src/model/event.js';
import type { Outcome } from '../../../src/model/outcome.js';
import { answers, earliest } from './facts.js';
import type { Played } from './play.js';

export function judgeEvents(played: Played, outcome: Outcome): string[] {
  const { shown, story, endedAt } = played;
  const { command, ingress } = story;
  const ends = shown.filter(
    ({ event, at }) => event.type === 'complete' || (event.type === 'failed' && !isOld(played, event, at)),
  );
  const wrong: string[] = [];
  if (ends.length > 1)
    wrong.push(`showed more than one end: ${ends.map(({ event }) => event.type).join(', ')}`);
  const isSuccess = outcome.kind === 'complete' || outcome.kind === 'running';
  for (const { event, at } of ends) {
    if (event.type === 'complete' && !isSuccess) wrong.push(`showed complete, and ended as ${outcome.kind}`);
    if (event.type === 'failed' && outcome.kind !== 'failed')
      wrong.push(`showed failed, and ended as ${outcome.kind}`);
    const since = at - (endedAt - earliest(played));
    const isSaid = answers(played, 'hub state').some(
      ({ truth, answeredAt }) => answeredAt >= since && answeredAt <= at && truth.listed === 'ready',
    );
    if (event.type === 'complete' && !isSaid) wrong.push('showed complete, and the Hub did not say ready');
    const isProven = answers(played, 'probe').some(
      ({ truth, answeredAt }) => answeredAt >= since && answeredAt <= at && truth.responds,
    );
    const needsProof = ingress === 'open' && 'goal' in command && command.goal === 'ready';
    const isTroubled = played.network.exchanges.some(
      ({ route, trouble }) => route === 'probe' && trouble !== null,
    );
    if (event.type === 'complete' && needsProof && !isProven && !isTroubled)
      wrong.push('showed complete for a lab that had not responded');
  }
  for (const { event } of shown) {
    const { type, message, progress } = event;
    if (type === 'complete' || type === 'failed' || progress === null) continue;
    if (progress >= 100) wrong.push(`showed ${progress} % before the end: ${message}`);
    const isDeletions = message.startsWith('Shutting down') || message.startsWith('Deleting user');
    if (isDeletions && command.name === 'spawn') wrong.push(`a deletion moved the bar: ${message}`);
  }
  return wrong;
}

/**
 * Exempted: an earlier failure that the Hub still shows to a spawn, while the rest of that lab is deleted; the spawn follows
 * that deletion before its own POST.
 */
function isOld({ story, truth, begunAt }: Played, { message }: Event, at: number): boolean {
  if (story.command.name !== 'spawn') return false;
  const wasEnding = truth.hub.spawns.some(
    ({ isEarlier, end, endedAt }) => isEarlier && end === 'failed' && (endedAt ?? 0) >= begunAt,
  );
  const isStill = truth.moments.some(
    ({ at: then, told, failure }) =>
      then <= at && told === 'terminating' && failure !== null && message.includes(failure),
  );
  return wasEnding || isStill;
}
