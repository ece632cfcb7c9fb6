/**
 * Judges by the source of the reported outcome. One that no source reported is invented, even if it happens to be true.
 */
import type { Connection } from './connection.js';
import type { Played } from './play.js';
import { tellFrame } from './tell.js';
import type { Told } from './wire-log.js';

export function judgeWitness(played: Played): string[] {
  const { ending } = played;
  if (ending === null) return [];
  const { kind } = ending.outcome;
  return isWitnessed(played, kind) ? [] : [`nobody told that the outcome is ${kind}`];
}

function isWitnessed(played: Played, kind: string): boolean {
  const { story, world } = played;
  const { told: all } = world.log;
  const told = (route: string, status: number): boolean =>
    all.some((answer) => answer.route === route && answer.status === status);
  const state = (...labs: (string | null)[]): boolean =>
    all.some(({ lab }) => lab !== undefined && labs.includes(lab));
  switch (kind) {
    case 'complete':
      return taken(world.connections, /^complete/, story.command.name === 'spawn');
    case 'running':
      // For a spawn, `running` may be reported of a dead lab that is about to be replaced; `lab_exists` never is.
      if (all.some(({ type }) => type === 'lab_exists')) return true;
      return story.command.name === 'spawn'
        ? all.some(({ lab, fresh }) => lab === 'running' && fresh)
        : state('running');
    case 'failed':
      return isFailure(played);
    case 'absent':
      return told('remove', 204) || told('remove', 404) || state(null);
    case 'not-found':
      if (story.command.name === 'wait' && hasSeenSpawn(played)) return false;
      return told('remove', 404) || told('events', 404) || state(null);
    case 'pending':
      return state('pending', 'terminating', 'terminated', 'hibernated', 'failed');
    case 'ok':
      return world.connections.some(({ learned }) => learned === 'end');
    case 'conflict':
      return told('create', 409);
    case 'unauthorized':
      return all.some(({ status }) => status === 401 || status === 403);
    case 'timeout':
    case 'unknown':
      return true;
    default:
      return false;
  }
}

/** Whether the client took such a frame; `ours`: one of an operation that was not over when it began. */
function taken(connections: readonly Connection[], pattern: RegExp, ours = false): boolean {
  return connections.some(
    ({ passages, queue }) =>
      (!ours || queue.of !== 'before') &&
      passages.some(({ frame, takenAt }) => takenAt !== null && pattern.test(tellFrame(frame))),
  );
}

/** Whether a missing lab was seen starting, so that it was removed before it ran. False if it was last seen failed. */
function hasSeenSpawn({ world }: Played): boolean {
  const states = world.log.told.flatMap(({ lab }) => (lab === undefined || lab === null ? [] : [lab]));
  return states.includes('pending') && states.at(-1) !== 'failed';
}

function isFailure(played: Played): boolean {
  const { story, world } = played;
  const { told } = world.log;
  if (taken(world.connections, /^(broken )?failed/)) return true;
  if (told.some(({ route, status }) => route === 'remove' && status === 500)) return true;
  // The lab was removed before it ran.
  if (told.some(({ lab }) => lab === null || lab === 'terminating')) return true;
  return looksFailed(played) || (story.command.name === 'status' && told.some(({ lab }) => lab === 'failed'));
}

/** How long a stream may be open without any event before a `failed` state is believed, in milliseconds. */
const silence = 30_000;

/** How long, and in how many responses, a state must be `failed` if the stream is another user's (milliseconds). */
const patience = 180_000;
const leastResponses = 10;

/** Whether the promises let a `failed` state count, true or not, as for another user's lab or a stream that has ended. */
export function looksFailed({ story, world, endedAt }: Played): boolean {
  const states = world.log.told.filter(({ lab }) => lab !== undefined);
  const last = states.at(-1);
  if (last?.lab !== 'failed') return false;
  if (story.who === 'another') return isFailedForLong(states, endedAt);
  const over = world.connections.some(
    ({ learned, endedAt: at }) => learned === 'end' && (at ?? 0) <= last.askedAt,
  );
  const gone = world.log.told.some(
    ({ route, status, at }) => route === 'events' && status === 404 && at <= last.askedAt,
  );
  const empty = world.connections.some(
    ({ openedAt, passages, closedAt }) =>
      (closedAt ?? endedAt) - openedAt >= silence - 1 && passages.every(({ takenAt }) => takenAt === null),
  );
  return over || gone || empty;
}

/** Whether the promises let a `failed` state be taken for an operation in progress, true or not. */
export function looksInProgress({ world }: Played): boolean {
  const last = world.log.told.findLast(({ lab }) => lab !== undefined);
  const watched = world.connections.at(-1);
  if (last?.lab !== 'failed' || watched?.learned !== null) return false;
  return watched.passages.some(({ takenAt }) => takenAt !== null);
}

function isFailedForLong(states: readonly Told[], endedAt: number): boolean {
  const since = states.findLastIndex(({ lab }) => lab !== 'failed') + 1;
  const first = states[since];
  return first !== undefined && endedAt - first.at >= patience - 1 && states.length - since >= leastResponses;
}

/** A failure states its reason, if the stream gave one. */
export function judgeReason({ story, world, ending }: Played): string[] {
  if (ending?.outcome.kind !== 'failed' || story.command.name === 'status') return [];
  const last = world.connections.at(-1);
  if (last === undefined) return [];
  const reasons = world.connections
    .filter(({ queue }) => queue === last.queue)
    .flatMap(({ passages }) => passages)
    .flatMap(({ frame, takenAt }) =>
      takenAt !== null && frame.kind === 'event' && frame.type === 'error' ? [frame.message] : [],
    );
  if (reasons.length === 0 || reasons.some((reason) => ending.outcome.message.includes(reason))) return [];
  return [`failed without its reason, ${reasons.at(-1) ?? ''}: ${ending.outcome.message}`];
}
