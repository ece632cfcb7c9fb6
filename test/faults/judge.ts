/**
 * Judges how a story was played: by the story's truth, and by what truly crossed the wire.
 *
 * The truth says how the command must end. The wire says what must have been shown (judge-events.ts), by whom the
 * outcome was reported (judge-witness.ts), the request counts (judge-requests.ts), and when to end (judge-time.ts).
 */
import { exitCode } from '../../src/model/outcome.js';
import { judgeEvents, judgeProgress } from './judge-events.js';
import { judgeRequests } from './judge-requests.js';
import { judgeDeadline, judgeTime } from './judge-time.js';
import { judgeReason, judgeWitness, looksFailed, looksInProgress } from './judge-witness.js';
import type { Played } from './play.js';

/**
 * How much of the wire is known: in memory everything, to the moment at which the client took each byte; between real
 * sockets only what was sent, of which the end may be lost in transit, and time is not judged.
 */
export type Wire = 'memory' | 'sockets';

/** The failures; empty if everything was correct. */
export function judge(played: Played, wire: Wire = 'memory'): string[] {
  const { ending, thrown, leaks, world, endedAt } = played;
  if (thrown !== null) {
    return [`threw ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : JSON.stringify(thrown)}`];
  }
  if (ending === null) return [`did not end by ${endedAt / 1000} s`];
  return [
    ...judgeOutcome(played, wire),
    ...judgeWitness(played),
    ...judgeReason(played),
    ...(wire === 'memory' ? [...judgeTime(played), ...judgeDeadline(played), ...judgeRequests(played)] : []),
    // `status` reads the stream but shows none of it.
    ...(played.story.command.name === 'status'
      ? []
      : [...judgeEvents(played, wire), ...judgeProgress(played)]),
    ...(wire === 'memory' ? world.log.violations : []),
    ...leaks.map((leak) => `left behind: ${leak}`),
  ];
}

function judgeOutcome(played: Played, wire: Wire): string[] {
  const { story, ending, endedAt, world } = played;
  if (ending === null) return [];
  const { kind, message } = ending.outcome;
  const { outcomes } = story.truth;
  if (outcomes.includes(kind)) return [];
  // Which of the two it is depends on whether the controller was reachable at the end: see judge-time.ts.
  if (kind === 'unknown' && outcomes.includes('timeout') && endedAt >= (story.timeout ?? Infinity)) return [];
  if (kind === 'unknown' && wasNeverFound(played, wire)) return [];
  // A wait beyond the deadline is not waited for.
  if (kind === 'unknown' && world.log.waitUntil > (story.timeout ?? Infinity)) return [];
  if (kind === 'failed' && looksFailed(played)) return [];
  if (kind === 'timeout' && looksInProgress(played)) return [];
  return [
    `ended as ${kind} (exit ${exitCode(ending.outcome)}: ${message}), not as ${outcomes.join(' or ')}: ${story.truth.why}`,
  ];
}

/** How long a controller that was never found is looked for, in milliseconds; the last attempt may come a little sooner. */
const search = 5_000;

/** Whether no controller had ever responded, and then none was reachable for as long as the client must keep trying. */
function wasNeverFound({ story, world, endedAt }: Played, wire: Wire): boolean {
  const found = world.log.told.some(
    ({ status, route }) => status !== null && status < 405 && route !== 'who',
  );
  if (found) return false;
  // Between sockets, attempts at a closed port are invisible, and a busy machine may connect only then.
  if (wire === 'sockets') return story.interference.restarts.length > 0;
  const answered = world.log.told.filter(({ none }) => none !== 'refused').at(-1)?.at ?? 0;
  const firstRefused = world.log.told.find(({ none, at }) => none === 'refused' && at >= answered);
  return firstRefused !== undefined && endedAt - firstRefused.at >= search - 1000;
}
