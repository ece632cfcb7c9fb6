/**
 * Judges the events that were shown: at most one that ends the operation, the one that the result has.
 */
import type { Outcome } from '../../../src/model/outcome.js';
import { answers, staleness } from './facts.js';
import type { Played } from './play.js';
import { responds } from './record.js';

export function judgeEvents(played: Played, outcome: Outcome): string[] {
  const { shown, story } = played;
  const ends = shown.filter(({ event }) => event.type === 'complete' || event.type === 'failed');
  const wrong: string[] = [];
  const types = ends.map(({ event }) => event.type).join(', ');
  if (ends.length > 1) wrong.push(`showed more than one end: ${types}`);
  const [end] = ends;
  if (end === undefined) return wrong;
  const { type } = end.event;
  const isSuccess = outcome.kind === 'complete' || outcome.kind === 'running';
  if (type === 'complete' && !isSuccess) wrong.push(`showed complete, and ended as ${outcome.kind}`);
  if (type === 'failed' && outcome.kind !== 'failed')
    wrong.push(`showed failed, and ended as ${outcome.kind}`);
  const { command } = story;
  if (type === 'complete' && !('goal' in command && command.goal === 'running')) {
    const since = end.at - staleness(played);
    const isProven = answers(played, 'probe').some(
      ({ server, answeredAt }) => answeredAt >= since && answeredAt <= end.at && responds(server),
    );
    if (!isProven) wrong.push('showed complete for a server that had not responded');
  }
  return wrong;
}
