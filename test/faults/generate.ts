/**
 * Composes a story from a seed: an operation with its true outcome, and faults that must not change it.
 */
import { encodeFrame } from './encode.js';
import { deletionOperation, lengthOf, resumedOperation, spawnOperation } from './operations.js';
import { Random } from './random.js';
import type { Frame, Operation, Route, Status, Story, StreamFault, Trouble, Truth, Window } from './story.js';

const quarterOfAnHour = 900_000;
/** For what never ends; longer than all troubles that pass. */
const shortTimeout = 420_000;
const nothing: Story['interference'] = { restarts: [], deletedAt: null, expiresAt: null, expiry: 401 };
const noTroubles: Story['troubles'] = { create: [], events: [], state: [], remove: [], who: [] };

export function generate(seed: number): Story {
  const random = new Random(seed);
  const plain = plainStory(seed, random);
  const story = random.chance(0.12) ? withEnd(random, plain) : withFaults(random, plain);
  return story;
}

/** Everything that happens at the controller. */
function plainStory(seed: number, random: Random): Story {
  const result = random.chance(0.6) ? 'running' : 'failed';
  const name = random.pick(['spawn', 'spawn', 'spawn', 'wait', 'wait', 'stop', 'events'] as const);
  const status = statusBefore(random, name);
  const underWay = underWayFor(random, status, result);
  const recreate = status === 'failed' || random.chance(0.05);
  const spawns: Story['spawns'] = [
    spawnOperation(random, result, 'one', recreate),
    spawnOperation(random, result, 'two', recreate),
  ];
  const fails = (name === 'stop' || name === 'spawn') && random.chance(0.1);
  const deletion = underWay?.kind === 'deletion' ? underWay.operation : deletionOperation(random, fails);
  const story: Story = {
    seed,
    command: commandFor(random, name),
    who: whoFor(random, name),
    timeout: quarterOfAnHour,
    before: {
      status,
      dead: status === 'running' && name === 'spawn' && random.chance(0.2),
      queue: queueBefore(random, status),
      underWay,
    },
    spawns,
    resumed: resumedOperation(random, result, underWay?.operation ?? spawns[0]),
    deletion,
    interference: nothing,
    troubles: noTroubles,
    windows: [],
    streams: [],
    wire: {
      lineEnd: random.chance(0.9) ? '\r\n' : '\n',
      pings: random.chance(0.85) ? 'comment' : 'event',
      utf8: random.chance(0.3),
      slicing: 'frames',
      latency: random.chance(0.5) ? 0 : random.whole(1, 300),
      slowCreate: random.chance(0.1) ? random.whole(1000, 40_000) : 0,
    },
    truth: { outcomes: [], why: '', within: null },
  };
  const told = { ...story, truth: truthOf(story, result, fails) };
  return withInterference(random, told);
}

function commandFor(random: Random, name: Story['command']['name']): Story['command'] {
  switch (name) {
    case 'spawn':
      return { name, onConflict: random.pick(['attach', 'attach', 'replace', 'fail']) };
    case 'wait':
      return { name, goal: random.pick(['running', 'running', 'absent']) };
    case 'stop':
    case 'events':
      return { name };
  }
}

function whoFor(random: Random, name: Story['command']['name']): Story['who'] {
  const who = random.pick(['own', 'own', 'own', 'own', 'named', 'direct', 'another'] as const);
  return who === 'another' && (name === 'spawn' || name === 'events') ? 'own' : who;
}

function statusBefore(random: Random, name: Story['command']['name']): Status | null {
  switch (name) {
    case 'spawn':
      return random.pick([null, null, null, null, 'failed', 'failed', 'running', 'pending', 'terminating']);
    case 'wait':
      return random.pick([null, 'pending', 'pending', 'pending', 'running', 'failed', 'terminating']);
    case 'stop':
      return random.pick([null, 'running', 'running', 'failed', 'pending', 'terminating']);
    case 'events':
      return random.pick([null, 'pending', 'pending', 'pending', 'running', 'failed', 'terminating']);
  }
}

function underWayFor(
  random: Random,
  status: Status | null,
  result: 'running' | 'failed',
): Story['before']['underWay'] {
  if (status === 'pending') {
    return { kind: 'spawn', operation: spawnOperation(random, result, 'zero', random.chance(0.2)) };
  }
  if (status === 'terminating') return { kind: 'deletion', operation: deletionOperation(random, false) };
  return null;
}

function queueBefore(random: Random, status: Status | null): readonly Frame[] | null {
  const frames = (result: 'running' | 'failed'): Frame[] =>
    spawnOperation(random, result, 'before', false).flatMap(({ frame }) => (frame === null ? [] : [frame]));
  switch (status) {
    case 'failed':
      return frames('failed');
    case 'running':
      return frames('running');
    default:
      return null;
  }
}

const truth = (why: string, ...outcomes: string[]): Truth => ({ outcomes, why, within: null });

function truthOf({ command, before }: Story, result: 'running' | 'failed', fails: boolean): Truth {
  const end = result === 'running' ? ['complete', 'running'] : ['failed'];
  const spawned = truth(`the spawn ends ${result}`, ...end);
  switch (command.name) {
    case 'spawn': {
      const { onConflict } = command;
      if (before.status === null || before.status === 'failed' || before.dead) return spawned;
      if (onConflict === 'fail') return truth('there is a lab already', 'conflict');
      if (before.status === 'terminating') return spawned;
      if (onConflict === 'replace') {
        return fails ? truth('the old lab cannot be deleted', 'failed') : spawned;
      }
      return before.status === 'running' ? truth('the lab runs already', 'running') : spawned;
    }
    case 'wait':
      if (command.goal === 'absent') {
        if (before.status === null || before.status === 'terminating') return truth('it is gone', 'absent');
        return truth('the lab stays', 'timeout');
      }
      if (before.status === 'pending') return spawned;
      if (before.status === 'running') return truth('the lab runs', 'running');
      return before.status === 'failed'
        ? truth('the lab has failed', 'failed')
        : truth('no lab', 'not-found');
    case 'stop':
      if (before.status === null) return truth('there is nothing to stop', 'not-found');
      if (before.status === 'terminating') return truth('it is going already', 'absent');
      return fails ? truth('the deletion fails', 'failed') : truth('it is deleted', 'absent');
    case 'events':
      if (before.status === null) return truth('never seen', 'not-found');
      if (before.status === 'pending') return spawned;
      if (before.status === 'terminating') return truth('a deletion ends cleanly', 'ok');
      return before.status === 'running'
        ? truth('the queue is complete', 'complete', 'running')
        : truth('the queue failed', 'failed');
  }
}

/** The operation that the command is about, where that is a spawn. */
function mainSpawn({ command, before, spawns }: Story): Operation | null {
  if (command.name === 'stop') return null;
  if (command.name === 'wait' && command.goal === 'absent') return null;
  if (before.underWay?.kind === 'spawn') {
    const attached = command.name !== 'spawn' || command.onConflict === 'attach';
    return attached ? before.underWay.operation : null;
  }
  if (command.name !== 'spawn') return null;
  const accepted = before.status === null || before.status === 'failed' || before.dead;
  return accepted ? spawns[0] : null;
}

/** Restarts, other people and tokens that expire, in the middle of it. */
function withInterference(random: Random, story: Story): Story {
  if (story.truth.outcomes.includes('timeout')) return withPatience(random, story);
  const main = mainSpawn(story);
  if (main === null) return story;
  const length = lengthOf(main);
  const fate = random.unit();
  if (fate < 0.2) return withRestart(random, story, length);
  // Early enough that the client, who must have seen the beginning, can tell what it means.
  if (length < 4000 || story.wire.slowCreate > 0) return story;
  const at = random.whole(1500, length - 500);
  if (fate < 0.26) {
    const interference = { ...nothing, deletedAt: at };
    const outcomes = story.command.name === 'events' ? ['failed', 'ok', 'not-found'] : ['failed'];
    return {
      ...story,
      deletion: deletionOperation(random, false),
      interference,
      truth: truth('somebody deletes the lab', ...outcomes),
    };
  }
  if (fate < 0.32) {
    const interference = { ...nothing, expiresAt: at, expiry: random.pick([401, 403] as const) };
    return { ...story, interference, truth: truth('the token expires', 'unauthorized') };
  }
  return story;
}

/** A lab that stays is waited for in vain, unless somebody deletes it. */
function withPatience(random: Random, story: Story): Story {
  if (random.chance(0.3)) return { ...story, timeout: shortTimeout };
  const interference = { ...nothing, deletedAt: random.whole(0, 30_000) };
  return {
    ...story,
    interference,
    deletion: deletionOperation(random, false),
    truth: truth('somebody deletes the lab', 'absent'),
  };
}

function withRestart(random: Random, story: Story, length: number): Story {
  const restarts = random.list(random.chance(0.2) ? 2 : 1, (index) => ({
    at: index * 60_000 + random.whole(0, length + 3000),
    down: random.whole(200, 20_000),
  }));
  const { outcomes } = story.truth;
  const more: string[] = [];
  if (story.command.name === 'events') {
    // What ended before the restart is forgotten by the stream; then it is silent for ever, or 404.
    more.push(outcomes.includes('failed') ? 'not-found' : 'timeout');
  }
  // Whoever asks for the first time after a restart finds no failed lab any more.
  if (story.command.name === 'wait' && outcomes.includes('failed')) more.push('not-found');
  return {
    ...story,
    interference: { ...nothing, restarts },
    truth: { ...story.truth, why: `${story.truth.why}; restart`, outcomes: [...outcomes, ...more] },
  };
}

const passing: readonly [number, ...number[]] = [408, 425, 429, 500, 502, 503, 504];

function passingTrouble(random: Random, mayArrive: boolean): Trouble {
  const arrived = mayArrive && random.chance(0.5);
  const fate = random.unit();
  if (fate < 0.2) return { kind: 'reset', arrived };
  if (fate < 0.3) return { kind: 'hang', arrived };
  if (fate < 0.4) return { kind: 'refused' };
  const status = random.pick(passing);
  const retryAfter = (status === 429 || status === 503) && random.chance(0.5) ? random.whole(0, 20) : null;
  // A request that the ingress holds back never arrives.
  return { kind: 'status', status, retryAfter, arrived: arrived && status >= 500 };
}

/** Faults that all pass in time, so that the truth can be known and must be told. */
function withFaults(random: Random, plain: Story): Story {
  const early = random.chance(0.35);
  const some = (most: number, probability: number): (Trouble | null)[] =>
    random.list(random.chance(probability) ? random.whole(1, most) : 0, () =>
      random.chance(0.8) ? passingTrouble(random, true) : null,
    );
  const troubles: Story['troubles'] = {
    create: early ? some(3, 0.7) : [],
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
  const outcomes = clouded(story);
  const timeout = outcomes.includes('timeout') ? shortTimeout : story.timeout;
  return { ...story, timeout, truth: { ...story.truth, outcomes } };
}

function slicingFor(random: Random, { spawns, resumed, before }: Story): Story['wire']['slicing'] {
  const operations = [...spawns, resumed, before.underWay?.operation ?? []].flat();
  const frames = [...operations.map(({ frame }) => frame), ...(before.queue ?? [])];
  // Sixteen million bytes are not handed over one by one.
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

function streamFault(random: Random, story: Story): StreamFault {
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
function clouded(story: Story): readonly string[] {
  const {
    command,
    before,
    troubles,
    truth: { outcomes },
    interference,
    streams,
    windows,
  } = story;
  const hidden = [...streams, ...windows, ...troubles.events, ...troubles.state].some(
    (fault) => fault !== null,
  );
  const lost = troubles.create.some((trouble) => trouble !== null);
  const asking = windows.length > 0 || troubles.state.some((trouble) => trouble !== null);
  const more: string[] = [];
  switch (command.name) {
    case 'spawn':
      if (outcomes.includes('conflict')) {
        // What was in the way may be gone, or pass for our own, once a request had to be repeated.
        if (lost || story.wire.slowCreate > 0 || windows.length > 0)
          more.push('complete', 'running', 'failed');
      }
      if (
        command.onConflict === 'replace' &&
        lost &&
        (before.status === 'running' || before.status === 'pending')
      ) {
        more.push('complete', 'running', 'failed');
      }
      // A lab that is gone by the time at which a lost request is looked into is asked for once more.
      if (interference.deletedAt !== null && (lost || (before.status === 'pending' && asking))) {
        more.push('complete', 'running');
      }
      if (lost && before.dead) more.push('running');
      break;
    case 'wait':
      // Who only polls cannot tell a spawn that was cancelled from a lab that was deleted.
      if ((hidden || story.who === 'another') && interference.deletedAt !== null) more.push('not-found');
      break;
    case 'stop':
      if (before.status === null && [...troubles.remove, ...windows].some((trouble) => trouble !== null)) {
        more.push('absent');
      }
      break;
    case 'events':
      if (streams.some((fault) => fault?.kind === 'end')) more.push('ok');
      if (streams.some((fault) => fault?.kind === 'pings-only')) more.push('timeout');
      break;
  }
  return [...new Set([...outcomes, ...more])];
}

/** Faults that do not pass: the command must say that it does not know, and when. */
function withEnd(random: Random, plain: Story): Story {
  const story: Story = { ...plain, interference: nothing };
  const always = (trouble: Trouble, from = 0): Window => ({ from, to: Infinity, route: 'all', trouble });
  const first = firstRoute(story);
  switch (random.pick(['never', 'stranger', 'retry-after', 'heard', 'lost'] as const)) {
    case 'never':
      return {
        ...story,
        windows: [always({ kind: 'refused' })],
        truth: {
          outcomes: ['unknown'],
          why: 'nobody is there',
          within: 5000 + 2 * story.wire.latency + story.wire.slowCreate,
        },
      };
    case 'stranger':
      return {
        ...story,
        windows: [always({ kind: 'stranger' })],
        truth: {
          outcomes: ['unknown'],
          why: 'it is no controller',
          within: 5000 + 2 * story.wire.latency + story.wire.slowCreate,
        },
      };
    case 'retry-after': {
      const trouble: Trouble = { kind: 'status', status: 429, retryAfter: 3600, arrived: false };
      return {
        ...story,
        troubles: { ...noTroubles, [first]: [trouble] },
        truth: {
          outcomes: ['unknown'],
          why: 'Retry-After lies past the deadline',
          within: 2000 + story.wire.latency + story.wire.slowCreate,
        },
      };
    }
    case 'heard':
      return unending(random, story, [], truth('the time is up, and it goes on', 'timeout'));
    case 'lost': {
      const trouble = random.pick<Trouble>([
        { kind: 'refused' },
        { kind: 'reset', arrived: false },
        { kind: 'hang', arrived: false },
        { kind: 'status', status: 503, retryAfter: null, arrived: false },
      ]);
      return unending(
        random,
        story,
        [always(trouble, random.whole(20_000, 60_000))],
        truth('lost and not back', 'unknown'),
      );
    }
  }
}

function firstRoute({ command, who }: Story): Route {
  if ((command.name === 'wait' || command.name === 'stop') && (who === 'named' || who === 'another'))
    return 'who';
  switch (command.name) {
    case 'spawn':
      return 'create';
    case 'wait':
      return 'state';
    case 'stop':
      return 'remove';
    case 'events':
      return 'events';
  }
}

/** A spawn that takes an hour, and a command that has four minutes. */
function unending(random: Random, story: Story, windows: Window[], end: Truth): Story {
  const slow = (operation: Operation): Operation =>
    operation.map((step, index) => (index === operation.length - 1 ? { ...step, after: 3_600_000 } : step));
  const underWay = {
    kind: 'spawn' as const,
    operation: slow(spawnOperation(random, 'running', 'zero', false)),
  };
  const command =
    story.command.name === 'stop' || story.command.name === 'spawn'
      ? ({ name: 'spawn', onConflict: 'attach' } as const)
      : story.command;
  const spawns: Story['spawns'] = [slow(story.spawns[0])];
  const lost = windows.length > 0;
  // Once everything is lost, so is the stream that was open.
  const at = (windows[0]?.from ?? 0) + random.whole(0, 1000);
  return {
    ...story,
    command,
    who: story.who === 'another' ? 'own' : story.who,
    timeout: 240_000,
    before:
      command.name === 'spawn'
        ? { status: null, dead: false, queue: null, underWay: null }
        : { status: 'pending', dead: false, queue: null, underWay },
    spawns,
    resumed: slow(story.resumed),
    interference: lost ? { ...nothing, restarts: [{ at, down: 500 }] } : nothing,
    windows,
    streams: lost
      ? []
      : random
          .list(random.whole(0, 2), () => streamFault(random, story))
          .filter(({ kind }) => kind !== 'end'),
    wire: { ...story.wire, slowCreate: Math.min(story.wire.slowCreate, 5000) },
    truth: { ...end, within: 240_000 + 2000 },
  };
}
