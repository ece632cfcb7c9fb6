/**
 * How a story's controller responds to each user when the connection has no fault.
 */
import type { Controller } from './controller.js';
import * as replies from './replies.js';
import type { Status, Story } from './story.js';

/** Whose state is requested: that of the token's own user, or of the named user. */
export type Whose = 'own' | 'named';

export function createReply(result: ReturnType<Controller['create']>): replies.Reply {
  switch (result) {
    case 'accepted':
      return replies.created;
    case 'exists':
      return replies.exists;
    case 'busy':
      return replies.inProgress;
  }
}

export function userInfo({ userInfo: exists, who }: Story): replies.Reply {
  return exists ? replies.ok(200, { username: who === 'another' ? 'admin' : 'rachel' }) : replies.noSuchRoute;
}

/** `lab` is what the response says about rachel's lab; undefined if it says nothing. */
export function stateReply(
  { who, userInfo: exists }: Story,
  status: Status | null,
  whose: Whose,
): { reply: replies.Reply; lab?: Status | null } {
  // The administrator has no lab.
  if (who === 'another' && whose === 'own') return { reply: replies.unknownUser };
  if (who === 'named' && !exists && whose === 'named') return { reply: replies.notYours };
  return { reply: status === null ? replies.unknownUser : replies.labState(status), lab: status };
}
