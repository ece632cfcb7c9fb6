/**
 * Judges what the user was shown: every frame that arrived complete, once, in order, and nothing else.
 */
import type { Wire } from './judge.js';
import type { Played } from './play.js';
import { tellFrame } from './tell.js';

export function judgeEvents({ shown, world, endedAt, ending }: Played, wire: Wire): string[] {
  const frames = shown.filter((each) => each.kind === 'frame');
  const wrong: string[] = [];
  // Every connection repeats the queue; anything beyond that, or different, is new.
  let known: string[] = [];
  let next = 0;
  let heard: Played['world']['connections'][number]['queue'] | null = null;
  for (const [index, { passages, closedAt, queue }] of world.connections.entries()) {
    const [first] = passages;
    if (first === undefined || first.takenAt === null) continue;
    // Another operation may begin as the one before did. Then it is for the program to see that it is another.
    if (queue !== heard && frames[next]?.frame === tellFrame(first.frame) && isAnnounced(shown, next))
      known = [];
    heard = queue;
    let place = 0;
    for (const { frame, takenAt } of passages) {
      if (takenAt === null) break;
      const told = tellFrame(frame);
      if (known[place] !== told) {
        const replaces = place < known.length;
        if (frames[next]?.frame === told) {
          known = [...known.slice(0, place), told];
          if (replaces && !isAnnounced(shown, next))
            wrong.push(`"${told}" began another operation, which was not said`);
          if (!replaces && place > 0 && percentOf(frames[next]) < percentOf(frames[next - 1]))
            wrong.push(`progress was forgotten in the middle of an operation, at "${told}"`);
          next += 1;
        } else if (wire === 'memory' && takenAt !== closedAt && takenAt !== endedAt) {
          // What arrived in the moment in which the client left may have been left unread.
          wrong.push(
            `stream ${index + 1} brought "${told}" at ${takenAt}, but shown was ${frames[next]?.frame ?? 'nothing more'}`,
          );
          return wrong;
        } else {
          break;
        }
      }
      place += 1;
    }
  }
  if (next < frames.length) wrong.push(`shown again, or never sent: "${frames[next]?.frame ?? ''}"`);
  const count = frames.filter(({ frame }) => /^(info|error|complete|failed)/.test(frame)).length;
  if (ending !== null && ending.events !== count)
    wrong.push(`${count} events were shown, and ${ending.events} counted`);
  return wrong;
}

function percentOf(shown: Played['shown'][number] | undefined): number {
  return shown?.kind === 'frame' ? (shown.percent ?? 0) : 0;
}

/** Whether, between the previous frame and this one, the program reported that another operation follows. */
function isAnnounced(shown: Played['shown'], index: number): boolean {
  let frames = 0;
  const at = shown.findIndex(({ kind }) => kind === 'frame' && frames++ === index);
  for (let i = at - 1; i >= 0; i--) {
    const each = shown[i];
    if (each?.kind === 'frame') return false;
    // A separate following begins with a connection that does not resume another one.
    if (each?.kind === 'connection' && (each.state === 'replaced' || each.state === 'open')) return true;
  }
  return true;
}

export function judgeProgress({ shown }: Played): string[] {
  let percent = 0;
  for (const each of shown) {
    if (each.kind === 'connection') {
      if (each.state === 'replaced' || each.state === 'open') percent = 0;
    } else {
      if ((each.percent ?? 0) < percent)
        return [`progress moved back from ${percent} to ${each.percent ?? 'none'}`];
      percent = each.percent ?? 0;
    }
  }
  return [];
}
