/**
 * The Science Platform as a Backend: its JupyterHub creates and deletes labs, and its controller shows the progress.
 */
import type { UserOptions } from '../../model/lab-request.js';
import type { Clock } from '../../runtime/context.js';
import type { Backend } from '../backend.js';

export interface PlatformParts {
  /** The Hub, with a session that the platform's token opens. */
  hub: Backend;
  controller: Backend;
  /** What the user chose for the Spawner with `--option`. */
  userOptions: UserOptions;
  clock: Clock;
}

export function createSciencePlatform({ hub }: PlatformParts): Backend {
  return hub;
}
