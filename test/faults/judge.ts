/**
 * Judges how a story was played: by the story's truth, and by what truly crossed the wire.
 *
 * The truth says how the command must end. The wire says what must have been shown: every frame that came over
 * whole, once, in order, and nothing else; and that the outcome was really told by somebody.
 */
import { exitCode } from '../../src/model/outcome.js';
import type { Played } from './play.js';
import { tellFrame } from './story.js';

/**
 * How much of the wire is known: in memory everything, to the moment at which the client took each byte; between real
 * sockets only what was sent, of which the end may be lost on the way, and time is no measure.
 */
export type Wire = 'memory' | 'sockets';

/** What was wrong; empty where everything was right. */
export function judge(played: Played, wire: Wire = 'memory'): string[] {
  const { ending, thrown, leaks, world, endedAt } = played;
  if (thrown !== null) {
    return [`threw ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : JSON.stringify(thrown)}`];
  }
  if (ending === null) return [`did not end by ${endedAt / 1000} s`];
  return [
    ...judgeOutcome(played, wire),
    ...judgeWitness(played),
    ...(wire === 'memory' ? judgeTime(played) : []),
    ...judgeEvents(played, wire),
    ...judgeProgress(played),
    ...(wire === 'memory' ? world.violations : []),
    ...leaks.map((leak) => `left behind: ${leak}`),
  ];
}

function judgeOutcome(played: Played, wire: Wire): string[] {
  const { story, ending } = played;
  if (ending === null) return [];
  const { kind, message } = ending.outcome;
  if (story.truth.outcomes.includes(kind)) return [];
  if (kind === 'unknown' && wasNeverFound(played, wire)) return [];
  return [
    `ended as ${kind} (exit ${exitCode(ending.outcome)}: ${message}), not as ${story.truth.outcomes.join(' or ')}: ${story.truth.why}`,
  ];
}

/** How long a controller that was never found is looked for, in milliseconds; the last attempt may come a little sooner. */
const search = 5_000;

/** Whether no controller had ever answered, and then there was nobody at all for as long as one has to look. */
function wasNeverFound({ story, world, endedAt }: Played, wire: Wire): boolean {
  const found = world.told.some(({ status, route }) => status !== null && status < 405 && route !== 'who');
  if (found) return false;
  // Between sockets nobody sees who knocks at a door that is shut, and a busy machine may come only then.
  if (wire === 'sockets') return story.interference.restarts.length > 0;
  const answered = world.told.filter(({ none }) => none !== 'refused').at(-1)?.at ?? 0;
  const firstRefused = world.told.find(({ none, at }) => none === 'refused' && at >= answered);
  return firstRefused !== undefined && endedAt - firstRefused.at >= search - 1000;
}

/** An outcome that nobody told is invented, even where it happens to be true. */
function judgeWitness({ ending, world }: Played): string[] {
  if (ending === null) return [];
  const { kind } = ending.outcome;
  const told = (route: string, status: number): boolean =>
    world.told.some((answer) => answer.route === route && answer.status === status);
  const state = (...labs: (string | null)[]): boolean =>
    world.told.some(({ lab }) => lab !== undefined && labs.includes(lab));
  const taken = (frame: RegExp): boolean =>
    world.connections.some(({ passages }) =>
      passages.some((passage) => passage.takenAt !== null && frame.test(tellFrame(passage.frame))),
    );
  const witnessed = ((): boolean => {
    switch (kind) {
      case 'complete':
        return taken(/^complete/);
      case 'running':
        return state('running');
      case 'failed':
        return taken(/^(broken )?failed/) || state('failed', null, 'terminating') || told('remove', 500);
      case 'absent':
        return told('remove', 204) || told('remove', 404) || state(null);
      case 'not-found':
        return told('remove', 404) || told('events', 404) || state(null);
      case 'ok':
        return world.connections.some(({ learned }) => learned === 'end');
      case 'conflict':
        return told('create', 409);
      case 'unauthorized':
        return world.told.some(({ status }) => status === 401 || status === 403);
      case 'timeout':
      case 'unknown':
        return true;
      default:
        return false;
    }
  })();
  return witnessed ? [] : [`nobody told that the outcome is ${kind}`];
}

/** The longest that a command may go on without need, in milliseconds: a dead connection, a back-off, a question. */
const patience = 45_000 + 15_000 + 15_000;

function judgeTime({ story, world, endedAt, ending }: Played): string[] {
  const { within } = story.truth;
  const timedOut = ending?.outcome.kind === 'timeout' ? story.timeout : null;
  const due =
    within ?? timedOut ?? Math.max(world.changedAt, world.calmSince) + patience * (1 + hardFaults(story));
  return endedAt <= due ? [] : [`ended only after ${endedAt / 1000} s, and not by ${due / 1000} s`];
}

/** Faults that may cost a whole idle timeout each. */
function hardFaults({ streams, troubles }: Played['story']): number {
  return [...streams, ...Object.values(troubles).flat()].filter((fault) => fault !== null).length;
}

function judgeEvents({ shown, world, endedAt, ending }: Played, wire: Wire): string[] {
  const frames = shown.filter((each) => each.kind === 'frame');
  const wrong: string[] = [];
  // Every connection repeats the queue; what it says beyond that, or otherwise, is new.
  let known: string[] = [];
  let next = 0;
  for (const [index, { passages, closedAt }] of world.connections.entries()) {
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

/** Whether the user was told, before this frame and after the one before, that another operation follows. */
function isAnnounced(shown: Played['shown'], index: number): boolean {
  let frames = 0;
  const at = shown.findIndex(({ kind }) => kind === 'frame' && frames++ === index);
  for (let i = at - 1; i >= 0; i--) {
    const each = shown[i];
    if (each?.kind === 'frame') return false;
    // A following of its own begins with a connection that resumes nothing.
    if (each?.kind === 'connection' && (each.state === 'replaced' || each.state === 'open')) return true;
  }
  return true;
}

function judgeProgress({ shown }: Played): string[] {
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
