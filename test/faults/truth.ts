/**
 * What a command must report for a story, derived only from the promises of the command line and the facts.
 */
import type { Result } from './operations.js';
import { deletionFails } from './facts.js';
import { isDead, type Operation, type Story, type Truth } from './story.js';

export const truth = (why: string, ...outcomes: string[]): Truth => ({ outcomes, why, within: null });

/** The truth if nothing interferes and every request gets a response. */
export function truthOf(story: Story, result: Result): Truth {
  const { command, before } = story;
  const end = result === 'running' ? ['complete', 'running'] : ['failed'];
  const spawned = truth(`the spawn ends ${result}`, ...end);
  const fails = deletionFails(story);
  switch (command.name) {
    case 'spawn':
      return truthOfSpawn(story, spawned);
    case 'wait':
      if (command.goal === 'absent') return truthOfAbsent(story);
      if (before.underWay?.kind === 'spawn') return spawned;
      if (before.status === 'running') return truth('the lab runs, says the state', 'running');
      if (before.status === 'failed') return truth('the lab has failed', 'failed');
      if (before.status === 'terminating' && fails) return truth('the deletion fails', 'failed');
      return truth('no lab', 'not-found');
    case 'stop':
      if (before.status === null) return truth('there is nothing to stop', 'not-found');
      return fails ? truth('the deletion fails', 'failed') : truth('it is deleted', 'absent');
    case 'status':
      if (before.status === null) return truth('no lab', 'not-found');
      if (before.underWay !== null) return truth('an operation is in progress', 'pending');
      return before.status === 'running'
        ? truth('the lab runs, says the state', 'running')
        : truth('the lab has failed', 'failed');
    case 'events':
      if (before.status === null) return truth('never seen', 'not-found');
      if (before.underWay?.kind === 'spawn') return spawned;
      if (before.status === 'terminating') {
        return fails ? truth('the deletion fails', 'failed') : truth('a deletion ends cleanly', 'ok');
      }
      return before.status === 'running'
        ? truth('the queue is complete', 'complete', 'running')
        : truth('the queue failed', 'failed');
  }
}

function truthOfSpawn(story: Story, spawned: Truth): Truth {
  const { command, before, interference } = story;
  if (command.name !== 'spawn') return spawned;
  if (before.status === null || before.status === 'failed' || isDead(before)) return spawned;
  if (command.onConflict === 'fail') return truth('there is a lab already', 'conflict');
  const fails = deletionFails(story);
  if (before.underWay?.kind === 'deletion') {
    // The client may wait for what is to be replaced or delete it; both are the same deletion.
    if (fails && command.onConflict === 'replace')
      return { ...spawned, outcomes: [...spawned.outcomes, 'failed'] };
    return spawned;
  }
  if (command.onConflict === 'replace') {
    // Before its pod exists a spawn reads `failed`, as may a deletion: the command may follow it to find out which.
    if (before.underWay !== null)
      return fails ? { ...spawned, outcomes: [...spawned.outcomes, 'failed'] } : spawned;
    return fails ? truth('the old lab cannot be deleted', 'failed') : spawned;
  }
  if (before.underWay !== null) return spawned;
  if (before.status === 'running') return truth('the lab is already running', 'running');
  return interference.deletedAt === null ? truth('the lab sleeps on', 'timeout') : spawned;
}

function truthOfAbsent(story: Story): Truth {
  const { before, who } = story;
  const fails = deletionFails(story);
  if (before.status === null) return truth('it is gone', 'absent');
  if (before.status === 'terminating' && !fails) return truth('it is gone', 'absent');
  if (before.status === 'terminating') return truth('the deletion fails', 'failed');
  if (who === 'another' && (before.status === 'failed' || before.underWay?.kind === 'spawn')) {
    // The contract does not say what a failed lab means to a client that waits for its end.
    return truth('the lab stays', 'timeout', 'failed');
  }
  return truth('the lab stays', 'timeout');
}

/** The operation that the command concerns, if that is a spawn. */
export function mainSpawn({ command, before, spawns }: Story): Operation | null {
  if (command.name === 'stop' || command.name === 'status') return null;
  if (command.name === 'wait' && command.goal === 'absent') return null;
  if (before.underWay?.kind === 'spawn') {
    const attached = command.name !== 'spawn' || command.onConflict === 'attach';
    return attached ? before.underWay.operation : null;
  }
  if (command.name !== 'spawn') return null;
  const accepted = before.status === null || before.status === 'failed' || isDead(before);
  return accepted ? spawns[0] : null;
}
