/**
 * The three releases of JupyterHub that the simulator supports, and their differences.
 *
 * Owns the differences as data. The code that they affect reads them, so no other module checks the version.
 */

/** The major versions. */
export type HubVersion = 4 | 5 | 6;

export interface Release {
  number: string;
  /** The Python below it, for the single-user server's `Server` header. */
  python: string;
  /** Errors without a text have `"message": null`; before, the status's own words. */
  nullMessages: boolean;
  /** The message of a spawn that failed while its POST was held. */
  failedMessage: string;
  /** Whether that message is the Spawner's own, if it wrote one for the user. */
  failedMessageToUser: boolean;
  /** The scope for POST `server`. */
  startScope: 'servers' | 'start:servers';
  /** GET and PUT `servers/NAME`, and a body with `user_options` and `display_name`. */
  serverRoutes: boolean;
  displayNames: boolean;
  userInfo: boolean;
  /** `full_name`, `full_url` and `full_progress_url` in a server's model. */
  fullUrls: boolean;
  tokenIds: boolean;
  shares: boolean;
  /** `GET hub/api/` may be read by any origin. */
  openRoot: boolean;
  /** The names that a server may have. */
  serverNames: 'slugs' | 'without slash';
  /** DELETE cancels a spawn; before, it is refused. */
  cancelsSpawns: boolean;
  /** The reason of a spawn whose start() took too long. */
  timeoutReason: string;
  /** The response to the first POST after a failed spawn is 201, pending or not. */
  strayCreated: boolean;
  /** How long the Hub waits at least for a server that accepts connections but never responds, in milliseconds. */
  muteMs: number;
  /** The path below the server's URL that the Hub requests to check whether it is up. */
  upPath: string;
  /** The response to a held POST if the process has exited, and its delay after `slow_spawn_timeout`. */
  exited: { message: 'status' | 'plain'; afterMs: number };
  /** DELETE of an unknown user's server, by an administrator. */
  unknownUserDelete: 404 | 500;
}

const six: Release = {
  number: '6.1.1',
  python: '3.13.0',
  nullMessages: true,
  failedMessage: 'Internal Server Error',
  failedMessageToUser: true,
  startScope: 'start:servers',
  serverRoutes: true,
  displayNames: true,
  userInfo: true,
  fullUrls: true,
  tokenIds: true,
  shares: true,
  openRoot: true,
  serverNames: 'slugs',
  cancelsSpawns: true,
  timeoutReason: '',
  strayCreated: true,
  muteMs: 300_000,
  upPath: 'api',
  exited: { message: 'plain', afterMs: 1000 },
  unknownUserDelete: 404,
};

const five: Release = {
  ...six,
  number: '5.5.4',
  python: '3.12.1',
  nullMessages: false,
  failedMessage: 'error',
  failedMessageToUser: false,
  startScope: 'servers',
  serverRoutes: false,
  displayNames: false,
  userInfo: false,
  serverNames: 'without slash',
  strayCreated: false,
  muteMs: 20_000,
};

const four: Release = {
  ...five,
  number: '4.1.6',
  python: '3.11.7',
  fullUrls: false,
  tokenIds: false,
  shares: false,
  openRoot: false,
  cancelsSpawns: false,
  timeoutReason: 'Timeout',
  upPath: '',
  exited: { message: 'status', afterMs: 0 },
  unknownUserDelete: 500,
};

export const releases: Readonly<Record<HubVersion, Release>> = { 4: four, 5: five, 6: six };
