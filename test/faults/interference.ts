/**
 * What others do in the middle of a story, and what that makes of its truth: restarts, other clients, reconciliation,
 * tokens that expire.
 */
import { calm, deletionFails } from './facts.js';
import { deletionOperation } from './operations.js';
import type { Random } from './random.js';
import { isDead, lengthOf, type Operation, type Story } from './story.js';
import { mainSpawn, truth } from './truth.js';

/** For what never ends; longer than all temporary troubles, and than the wait for another user's failed lab. */
export const shortTimeout = 420_000;

/** Additional outcomes that may be correct. */
export function also(story: Story, why: string, ...outcomes: string[]): Story {
  const all = [...new Set([...story.truth.outcomes, ...outcomes])];
  const timeout = all.includes('timeout') ? Math.min(story.timeout ?? Infinity, shortTimeout) : story.timeout;
  return { ...story, timeout, truth: { ...story.truth, why: `${story.truth.why}; ${why}`, outcomes: all } };
}

export function withInterference(random: Random, plain: Story): Story {
  const story = withOthers(random, plain);
  if (story.truth.outcomes.includes('timeout')) return withPatience(random, story);
  const fate = random.unit();
  const { status, underWay } = story.before;
  if (underWay === null && (status === 'failed' || isDead(story.before)) && fate < 0.15) {
    return withReconciliation(random, story);
  }
  if (underWay?.kind === 'deletion' || (story.command.name === 'stop' && status !== null)) {
    return fate < 0.25 ? withForgottenDeletion(random, story) : story;
  }
  const main = mainSpawn(story);
  if (main === null) return story;
  const length = lengthOf(main);
  if (fate < 0.2) return withRestart(random, story, length);
  if (fate < 0.3 && main.at(-1)?.status === 'failed') return withForgottenReason(random, story, main);
  // Early enough that the client, which must have seen the beginning, can interpret it.
  if (length < 4000 || story.wire.slowCreate > 0) return story;
  const at = random.whole(1500, length - 500);
  if (fate < 0.36) return withRemoval(story, { ...story.interference, deletedAt: at }, random);
  if (fate < 0.4) {
    const restarts = [{ at, down: random.whole(200, 20_000), forgets: true }];
    return withRemoval(story, { ...story.interference, restarts }, random);
  }
  if (fate < 0.44) {
    const interference = { ...story.interference, expiresAt: at, expiry: random.pick([401, 403] as const) };
    return { ...story, interference, truth: truth('the token expires', 'unauthorized') };
  }
  return story;
}

/** Other clients request a lab while an operation is in their way. */
function withOthers(random: Random, story: Story): Story {
  const { underWay } = story.before;
  const operation = underWay?.operation ?? (story.command.name === 'spawn' ? story.spawns[0] : null);
  if (operation === null || !random.chance(0.4)) return story;
  const latest = random.chance(0.5) ? 3000 : lengthOf(operation);
  const othersAt = random.list(random.whole(1, 3), () => random.whole(0, latest));
  return { ...story, interference: { ...story.interference, othersAt } };
}

/** Waiting for a permanent lab never succeeds, unless another client deletes it. */
function withPatience(random: Random, story: Story): Story {
  if (story.command.name !== 'wait' || random.chance(0.3)) return { ...story, timeout: shortTimeout };
  return {
    ...story,
    interference: { ...story.interference, deletedAt: random.whole(0, 30_000) },
    deletion: deletionOperation(random, false),
    truth: truth('somebody deletes the lab', 'absent'),
  };
}

function withReconciliation(random: Random, plain: Story): Story {
  const { command } = plain;
  const story: Story = {
    ...plain,
    deletion: deletionOperation(random, false),
    interference: { ...plain.interference, reconciledAt: random.whole(0, 10_000) },
  };
  const why = 'reconciliation';
  switch (command.name) {
    case 'spawn':
      return command.onConflict === 'fail' ? also(story, why, 'conflict') : story;
    case 'wait':
      return also(story, why, 'not-found');
    case 'stop':
      return { ...story, truth: truth('it is deleted in any case', 'absent', 'not-found') };
    case 'status':
      return also(story, why, 'pending', 'not-found');
    case 'events':
      return also(story, why, 'ok');
  }
}

/** A restart interrupts the deletion that is in progress, or that the command requests. */
function withForgottenDeletion(random: Random, plain: Story): Story {
  const { command, deletion, before } = plain;
  const length = lengthOf(before.underWay?.operation ?? deletion);
  const restarts = [{ at: random.whole(0, length), down: random.whole(200, 20_000), forgets: false }];
  const story: Story = { ...plain, interference: { ...plain.interference, restarts } };
  const why = 'a restart forgets the deletion';
  switch (command.name) {
    case 'spawn':
      return command.onConflict === 'attach' ? also(story, why, 'running') : story;
    case 'wait':
      if (command.goal === 'absent') return also(story, why, 'timeout', 'absent');
      return also(story, why, 'running', 'not-found');
    case 'stop':
      return also(story, why, 'not-found', 'absent');
    case 'status':
      return also(story, why, 'running', 'not-found', 'failed');
    case 'events':
      return also({ ...story, timeout: shortTimeout }, why, 'timeout', 'not-found');
  }
}

function withRestart(random: Random, story: Story, length: number): Story {
  const restarts = random.list(random.chance(0.2) ? 2 : 1, (index) => ({
    at: index * 60_000 + random.whole(0, length + 3000),
    down: random.whole(200, 20_000),
    forgets: false,
  }));
  const { outcomes } = story.truth;
  const more: string[] = [];
  if (story.command.name === 'events') {
    // The stream forgets what ended before the restart; then it stays silent for ever, or gets 404.
    more.push(outcomes.includes('failed') ? 'not-found' : 'timeout');
  }
  // A client that sends its first request after a restart no longer finds a failed lab.
  if (story.command.name === 'wait' && outcomes.includes('failed')) more.push('not-found');
  return also({ ...story, interference: { ...story.interference, restarts } }, 'restart', ...more);
}

/** The stream has the reason of a failure, and then a restart forgets the failed lab. */
function withForgottenReason(random: Random, plain: Story, main: Operation): Story {
  const late = (operation: Operation): Operation =>
    operation.map((step, index) => (index === operation.length - 1 ? { ...step, after: 3000 } : step));
  const { before, spawns } = plain;
  const at = lengthOf(main) - (main.at(-1)?.after ?? 0) + random.whole(500, 2500);
  const restarts = [{ at, down: random.whole(200, 5000), forgets: true }];
  const story: Story = {
    ...plain,
    before: {
      ...before,
      underWay: before.underWay && { ...before.underWay, operation: late(before.underWay.operation) },
    },
    spawns: [late(spawns[0]), late(spawns[1] ?? spawns[0])],
    interference: { ...plain.interference, restarts },
  };
  const more = story.command.name === 'spawn' ? [] : ['not-found'];
  return also(story, 'a restart forgets it', ...more);
}

/** The lab goes away in the middle of its spawn. */
function withRemoval(story: Story, interference: Story['interference'], random: Random): Story {
  const outcomes = story.command.name === 'events' ? ['failed', 'ok', 'not-found'] : ['failed'];
  // Who has seen only `failed`, which another client's create has brought about, has seen no spawn.
  if (story.command.name === 'wait' && interference.othersAt.length > 0) outcomes.push('not-found');
  return {
    ...story,
    deletion: deletionOperation(random, false),
    interference,
    truth: truth('the lab goes away', ...outcomes),
  };
}

/** Another client deletes the sleeping lab, which is in the way of a spawn. */
export function withSleeper(random: Random, story: Story): Story {
  const { command, before } = story;
  if (command.name !== 'spawn' || before.status !== 'hibernated' || before.underWay !== null) return story;
  if (command.onConflict !== 'attach' || random.chance(0.3)) return story;
  const interference = { ...calm, deletedAt: random.whole(5000, 60_000) };
  return { ...story, interference, deletion: deletionOperation(random, false) };
}

/** An operation that may be over before the command's first request arrives. */
export function withRace(story: Story): Story {
  const { command, before } = story;
  if (before.underWay === null || lengthOf(before.underWay.operation) > 1500 + story.wire.slowCreate)
    return story;
  const outcomes = deletionFails(story) ? ['failed'] : [];
  const over = before.underWay.kind === 'spawn' ? ['running', 'failed'] : ['not-found', ...outcomes];
  if (command.name === 'status') return also(story, 'it may be over', ...over);
  if (command.name === 'spawn') return also(story, 'it may be over', 'complete', 'running', 'failed');
  return story;
}
