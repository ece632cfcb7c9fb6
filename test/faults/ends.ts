/**
 * Permanent faults: the command must report an unknown outcome, or that it timed out, and when.
 */
import { calm, noTroubles } from './facts.js';
import { spawnOperation } from './operations.js';
import type { Random } from './random.js';
import type { Operation, Route, Story, Trouble, Truth, Window } from './story.js';
import { streamFault } from './troubles.js';
import { truth } from './truth.js';

export function withEnd(random: Random, plain: Story): Story {
  const story: Story = { ...plain, interference: calm };
  const { latency, slowCreate } = story.wire;
  const search = 5000 + 2 * latency + slowCreate;
  const unknown = (why: string, within: number): Truth => ({ ...truth(why, 'unknown'), within });
  const kinds = [
    'never',
    'stranger',
    'retry-after',
    'heard',
    'lost',
    'deadline',
    'deadline',
    'broken',
  ] as const;
  switch (random.pick(kinds)) {
    case 'never':
      return { ...story, windows: [always({ kind: 'refused' })], truth: unknown('nobody is there', search) };
    case 'stranger':
      return {
        ...story,
        windows: [always({ kind: 'stranger' })],
        truth: unknown('it is no controller', search),
      };
    case 'retry-after': {
      const trouble: Trouble = { kind: 'status', status: 429, retryAfter: 3600, effect: null };
      return {
        ...story,
        troubles: { ...noTroubles, [firstRoute(story)]: [trouble] },
        truth: unknown('Retry-After lies past the deadline', 2000 + latency + slowCreate),
      };
    }
    case 'heard':
      return heardOfToTheEnd(random, story);
    case 'lost':
      return lostForGood(random, story);
    case 'deadline':
      return cutShort(random, story);
    case 'broken':
      return brokenCreate(random, story);
  }
}

const always = (trouble: Trouble, from = 0, route: Window['route'] = 'all'): Window => ({
  from,
  to: Infinity,
  route,
  trouble,
});

function firstRoute({ command, who }: Story): Route {
  const { name } = command;
  if (name !== 'spawn' && name !== 'events' && (who === 'named' || who === 'another')) return 'who';
  switch (name) {
    case 'spawn':
      return 'create';
    case 'wait':
    case 'status':
      return 'state';
    case 'stop':
      return 'remove';
    case 'events':
      return 'events';
  }
}

function lasting(random: Random): Trouble {
  return random.pick<Trouble>([
    { kind: 'refused' },
    { kind: 'reset', effect: null },
    { kind: 'hang', effect: null },
    { kind: 'status', status: 503, retryAfter: null, effect: null },
  ]);
}

function heardOfToTheEnd(random: Random, story: Story): Story {
  const streams = random
    .list(random.whole(0, 2), () => streamFault(random, story))
    .filter(({ kind }) => kind !== 'end');
  return { ...unending(random, story, 240_000, truth('time is up, and it continues', 'timeout')), streams };
}

function lostForGood(random: Random, story: Story): Story {
  const from = random.whole(20_000, 60_000);
  return {
    ...unending(random, story, 240_000, truth('lost and not back', 'unknown')),
    windows: [always(lasting(random), from)],
    // Once everything is lost, the open stream is lost as well.
    interference: {
      ...calm,
      restarts: [{ at: from + random.whole(0, 1000), down: 500, forgets: false }],
    },
  };
}

/**
 * The deadline comes while streams are repeatedly cut, or while some or all requests fail. Whether that is 124 or 7
 * depends on what was received in the last two seconds, which the judge looks up.
 */
function cutShort(random: Random, plain: Story): Story {
  const timeout = random.whole(3000, 60_000);
  const story = unending(random, plain, timeout, truth('time is up', 'timeout', 'unknown'));
  const from = Math.max(1500, Math.floor(timeout * random.unit()));
  const route = random.pick(['all', 'all', 'events', 'state'] as const);
  return {
    ...story,
    laterStreams: random.chance(0.7) ? { kind: 'cut after', after: random.whole(1000, 6000) } : null,
    windows: random.chance(0.6) ? [always(lasting(random), from, route)] : [],
    wire: { ...story.wire, slowCreate: 0 },
  };
}

/** Every create gets a 500 response without a reason. */
function brokenCreate(random: Random, story: Story): Story {
  const trouble: Trouble = { kind: 'status', status: 500, retryAfter: null, effect: null };
  const fits = random.chance(0.7);
  const before: Story['before'] = fits
    ? { status: null, pod: 'none', queue: null, open: false, underWay: null }
    : { status: 'failed', pod: 'none', queue: [], open: false, underWay: null };
  return {
    ...story,
    command: { name: 'spawn', onConflict: 'attach' },
    who: story.who === 'another' ? 'own' : story.who,
    timeout: fits ? 900_000 : 120_000,
    before,
    windows: [always(trouble, 0, 'create')],
    truth: fits
      ? {
          ...truth('no create succeeds', 'unknown'),
          earliest: 60_000,
          // The last wait before the one that is too many, and the requests.
          within: 60_000 + 16_000 + 20 * story.wire.latency,
        }
      : { ...truth('no create succeeds, and there is a lab', 'timeout'), within: 120_010 },
  };
}

/** A spawn that takes an hour, and a command whose deadline is shorter. */
function unending(random: Random, story: Story, timeout: number, end: Truth): Story {
  const slow = (operation: Operation): Operation =>
    operation.map((step, index) => (index === operation.length - 1 ? { ...step, after: 3_600_000 } : step));
  const underWay = {
    kind: 'spawn' as const,
    operation: slow(spawnOperation(random, 'running', 'zero', false)),
  };
  const command: Story['command'] =
    story.command.name === 'stop' || story.command.name === 'spawn'
      ? { name: 'spawn', onConflict: 'attach' }
      : story.command.name === 'events'
        ? story.command
        : { name: 'wait', goal: 'running' };
  return {
    ...story,
    command,
    who: story.who === 'another' ? 'own' : story.who,
    timeout,
    before:
      command.name === 'spawn'
        ? { status: null, pod: 'none', queue: null, open: false, underWay: null }
        : { status: 'pending', pod: 'none', queue: null, open: false, underWay },
    spawns: [slow(story.spawns[0])],
    resumed: slow(story.resumed),
    wire: { ...story.wire, slowCreate: Math.min(story.wire.slowCreate, 5000) },
    truth: { ...end, within: timeout + 10 },
  };
}
