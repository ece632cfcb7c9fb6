/**
 * Network faults that all pass in time, so that the truth can be known and must be reported.
 */
import { encodeFrame } from './encode.js';
import { also } from './interference.js';
import type { Random } from './random.js';
import { isDead, type Story, type StreamFault, type Trouble, type Window } from './story.js';
import { mainSpawn } from './truth.js';

const passing: readonly [number, ...number[]] = [408, 425, 429, 500, 502, 503, 504];

function passingTrouble(random: Random, mayArrive: boolean): Trouble {
  const effect = mayArrive && random.chance(0.5) ? 0 : null;
  const fate = random.unit();
  if (fate < 0.2) return { kind: 'reset', effect };
  if (fate < 0.3) return { kind: 'hang', effect };
  if (fate < 0.4) return { kind: 'refused' };
  const status = random.pick(passing);
  const retryAfter = (status === 429 || status === 503) && random.chance(0.5) ? random.whole(0, 20) : null;
  // A request that the ingress holds back never arrives.
  return { kind: 'status', status, retryAfter, effect: status >= 500 ? effect : null };
}

/** A response that the ingress gave up waiting for: the create takes effect later. */
function lateTrouble(random: Random): Trouble {
  const effect = random.whole(500, 8000);
  return random.chance(0.7)
    ? { kind: 'status', status: 504, retryAfter: null, effect }
    : { kind: 'reset', effect };
}

export function withFaults(random: Random, plain: Story): Story {
  const early = random.chance(0.35);
  const some = (most: number, probability: number): (Trouble | null)[] =>
    random.list(random.chance(probability) ? random.whole(1, most) : 0, () =>
      random.chance(0.8) ? passingTrouble(random, true) : null,
    );
  const create = early ? some(3, 0.7) : [];
  const dead = isDead(plain.before);
  if (plain.command.name === 'spawn' && random.chance(dead ? 0.5 : 0.05)) create.unshift(lateTrouble(random));
  const troubles: Story['troubles'] = {
    create,
    events: some(4, 0.3),
    state: early ? some(4, 0.5) : [],
    remove: early ? some(2, 0.7) : [],
    who: early ? some(2, 0.3) : [],
  };
  const windows = random.list(random.chance(0.25) ? random.whole(1, 2) : 0, () => passingWindow(random));
  const story: Story = {
    ...plain,
    troubles,
    windows,
    streams: random.list(random.chance(0.7) ? random.whole(1, 4) : 0, () =>
      random.chance(0.8) ? streamFault(random, plain) : null,
    ),
    wire: { ...plain.wire, slicing: slicingFor(random, plain) },
  };
  return also(story, 'faults', ...clouded(story));
}

function slicingFor(random: Random, { spawns, resumed, before }: Story): Story['wire']['slicing'] {
  const operations = [...spawns, resumed, before.underWay?.operation ?? []].flat();
  const frames = [...operations.map(({ frame }) => frame), ...(before.queue ?? [])];
  // Sixteen million bytes are not passed on one by one.
  if (frames.some((frame) => frame?.kind === 'oversized')) return 'frames';
  return random.pick(['frames', 'frames', 'random', 'random', 'bytes']);
}

function passingWindow(random: Random): Window {
  const from = random.whole(3000, 60_000);
  return {
    from,
    to: from + random.whole(500, 30_000),
    route: random.pick(['all', 'all', 'events', 'state'] as const),
    trouble: passingTrouble(random, false),
  };
}

export function streamFault(random: Random, story: Story): StreamFault {
  const frames = [...(mainSpawn(story) ?? story.deletion)].flatMap(({ frame }) =>
    frame === null ? [] : [frame],
  );
  const small = frames.filter(({ kind }) => kind !== 'oversized');
  const length = small.reduce((sum, frame) => sum + encodeFrame(frame, story.wire).length, 0);
  const at = random.whole(0, length);
  const fate = random.unit();
  if (fate < 0.55) return { kind: 'cut', at };
  if (fate < 0.7) return { kind: 'end', at };
  if (fate < 0.82) return { kind: 'silent', at };
  if (fate < 0.9) return { kind: 'pings-only', at };
  return { kind: 'buffered' };
}

/** What faults may truly leave open: which of two requests was first, or what a stream said that was never seen whole. */
function clouded(story: Story): string[] {
  const { command, before, troubles, interference, streams, windows, truth, who } = story;
  const { outcomes } = truth;
  const hidden = [...streams, ...windows, ...troubles.events, ...troubles.state].some(
    (fault) => fault !== null,
  );
  const lost = troubles.create.some((trouble) => trouble !== null);
  const asking = [...windows, ...troubles.state, ...troubles.who].some((trouble) => trouble !== null);
  const removed = interference.deletedAt !== null || interference.restarts.some(({ forgets }) => forgets);
  const more: string[] = [];
  switch (command.name) {
    case 'spawn':
      // Once a request was repeated, the obstacle may be gone, or be taken for the command's own operation.
      if (outcomes.includes('conflict') && (lost || story.wire.slowCreate > 0 || windows.length > 0)) {
        more.push('complete', 'running', 'failed');
      }
      if (command.onConflict === 'replace' && lost && before.status !== null && !isDead(before)) {
        more.push('complete', 'running', 'failed');
      }
      // A client that requested the sleeping lab earlier may take it for the newly requested one.
      if (before.status === 'hibernated' && lost) more.push('running');
      // A lab that is gone by the time the lost request is checked is requested once more.
      // A lab that another client had requested may be requested again.
      if (removed && (lost || before.underWay !== null)) more.push('complete', 'running');
      break;
    case 'wait':
      // A client that only polls cannot distinguish a cancelled spawn from a deleted lab.
      if ((hidden || who === 'another') && removed) more.push('not-found');
      // A client that has not seen the deletion does not know that it failed.
      if (command.goal === 'absent' && asking && outcomes.includes('failed')) more.push('timeout');
      break;
    case 'stop':
      if (before.status === null && [...troubles.remove, ...windows].some((trouble) => trouble !== null)) {
        more.push('absent');
      }
      break;
    case 'status':
      // The later the response, the more has happened; the judge compares what was reported.
      if (hidden || asking) more.push('pending', 'running', 'failed', 'not-found', 'timeout');
      break;
    case 'events':
      if (streams.some((fault) => fault?.kind === 'end')) more.push('ok');
      if (streams.some((fault) => fault?.kind === 'pings-only')) more.push('timeout');
      break;
  }
  return more;
}
