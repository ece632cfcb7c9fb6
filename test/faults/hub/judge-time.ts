/**
 * Judges when a command ended: by its deadline, and soon after there was something to know.
 */
import type { Outcome } from '../../../src/model/outcome.js';
import type { Played } from './play.js';
import { isListed, responds } from './record.js';

/** The longest that a command may need to notice what has happened, in milliseconds: see `calmSince`. */
const patience = 45_000 + 15_000 + 45_000 + 35_000 + 10_000;

export function judgeTime(played: Played, { kind }: Outcome): string[] {
  const { story, begunAt, endedAt } = played;
  const deadline = begunAt + story.timeout;
  if (endedAt > deadline + 10) return [`ended ${endedAt - deadline} ms after its deadline`];
  if (kind === 'timeout' && endedAt < deadline) return [`time was up ${deadline - endedAt} ms too early`];
  const due = calmSince(played) + patience;
  if (endedAt <= due || waitsForNothing(played)) return [];
  return [`ended as ${kind} at ${endedAt}, although nothing had changed since ${due - patience}`];
}

/** How long a stream may be silent before it counts as dead, in milliseconds, and a little more. */
const silence = 20_000 + 1_000;

/** A stream that is silent, which the Hub's never is, must be given up. */
export function judgeSilence({ network, endedAt: end }: Played): string[] {
  return network.exchanges.flatMap(({ route, status, answeredAt, lastByteAt, endedAt }) => {
    if (route !== 'progress' || status !== 200 || answeredAt === null) return [];
    const silentFor = Math.min(endedAt ?? end, end) - (lastByteAt ?? answeredAt);
    return silentFor > silence ? [`a stream was kept that had been silent for ${silentFor} ms`] : [];
  });
}

/** When the last thing happened that the command may have had to wait for. */
function calmSince({ record, network, story, begunAt }: Played): number {
  const windows = story.windows.map(({ to }) => begunAt + to);
  const full = network.exchanges.filter(({ status }) => status === 429).map(({ sentAt }) => sentAt);
  return Math.max(record.changedAt, network.troubledAt, begunAt, ...windows, ...full);
}

/** Whether the command waits for something that does not happen. */
function waitsForNothing({ story: { command }, record }: Played): boolean {
  const last = record.moments.at(-1);
  if (last === undefined) return false;
  const isForAbsent = command.name === 'stop' || (command.name === 'wait' && command.goal === 'absent');
  if (isForAbsent) return isListed(last);
  return last.pending !== null || (last.ready && !responds(last) && !last.hubIsUp);
}
