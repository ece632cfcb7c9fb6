/**
 * Opening a lab in the user's browser: whether there is one, and whether the lab's address may be opened.
 *
 * A server's address is not trusted by itself: it is opened only if the server has authority over its host. Leaves to
 * `process/browser.ts` how a browser is started.
 */
import { readVariable } from '../../config/environment.js';
import type { Lab } from '../../model/lab.js';
import { isCi } from '../../runtime/ci.js';
import type { Context } from '../../runtime/context.js';
import type { Session } from './session.js';

export type Opened =
  | { kind: 'opened' }
  /** `isWarning`: the lab's address is the reason, and not the circumstances. */
  | { kind: 'not opened'; reason: string; isWarning: boolean }
  | { kind: 'failed'; reason: string };

export async function openLab(
  { context, server }: Pick<Session, 'context' | 'server'>,
  lab: Lab | null,
): Promise<Opened> {
  const url = lab?.address?.url ?? null;
  const problem = problemOf(lab, server);
  if (url === null || problem !== null) {
    return { kind: 'not opened', reason: problem ?? `${server} did not report its URL`, isWarning: true };
  }
  const obstacle = obstacleIn(context);
  if (obstacle !== null) return { kind: 'not opened', reason: obstacle, isWarning: false };
  context.trace(1, `opening ${url} in the browser`);
  try {
    await context.openBrowser(url);
    return { kind: 'opened' };
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Why no browser should be started here. As for `gh browse`, a stdout that is not a terminal is no reason by itself. */
function obstacleIn({ env, out, err }: Context): string | null {
  if (isCi(env)) return 'this is a CI job';
  if (out.isTTY !== true && err.isTTY !== true) return 'there is no terminal';
  const isRemote = readVariable(env, 'SSH_CONNECTION') !== undefined;
  const hasDisplay = (readVariable(env, 'DISPLAY') ?? readVariable(env, 'WAYLAND_DISPLAY')) !== undefined;
  // A browser that was chosen may be on the other side, as in a remote editor.
  const isChosen = readVariable(env, 'BROWSER') !== undefined;
  return isRemote && !hasDisplay && !isChosen ? 'this is an SSH session without a display' : null;
}

/** Why the address must not be opened, or cannot be. */
function problemOf(lab: Lab | null, server: Session['server']): string | null {
  const address = lab?.address ?? null;
  if (address === null) return null;
  if (server === 'the controller') return 'its URL works only inside the cluster';
  if (!address.mayOpen) return `${new URL(address.url).hostname} is not a host of ${server}`;
  return address.hasCapitals
    ? 'its host name has capital letters, and browsers send lower case, so no browser reaches it'
    : null;
}
