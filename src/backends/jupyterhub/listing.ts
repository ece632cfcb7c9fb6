/**
 * Servers in lists: those of all users, and those of one user.
 */
import type { Redact } from '../../model/redactor.js';
import type { ListedLab } from '../../model/lab.js';
import type { ServerModel, UserModel } from './schemas.js';
import { labOf } from './state.js';

/** The servers of a user that are active or pending. None if the token may not see them. */
export function listedLabs({ name: user, servers = {} }: UserModel): ListedLab[] {
  return Object.entries(servers)
    .filter(([, model]) => isThere(model))
    .map(([server, { ready, started, last_activity: lastActivity }]) => ({
      user,
      server,
      ready: ready ?? null,
      started: started ?? null,
      last_activity: lastActivity ?? null,
    }));
}

/** The same with their states and addresses. `hub`: see `labOf`. */
export function describedLabs(user: UserModel, hub: URL | null, redact: Redact): ListedLab[] {
  return listedLabs(user).map((listed) => {
    const model = user.servers?.[listed.server];
    const lab = model === undefined ? null : labOf(model, hub, redact);
    return lab === null ? listed : { ...listed, status: lab.status, url: lab.url };
  });
}

/** Whether it is more than the name of a stopped server. */
function isThere({ stopped, pending, ready }: ServerModel): boolean {
  return stopped !== true || ready === true || (pending ?? '') !== '';
}
