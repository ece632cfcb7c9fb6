/**
 * JupyterHub as a Backend: implements the operations of commands with the Hub's routes.
 *
 * Owns the choice of the user, and which requests an operation needs. One server is in
 * `server.ts`.
 */
import type { Failure, Result } from '../../model/result.js';
import { Pace, stateInterval } from '../../runtime/pace.js';
import { UsageError } from '../../model/usage-error.js';
import type { Backend } from '../backend.js';
import { createHubClient, type HubClient, type HubClientOptions } from './client.js';
import type { TokenOwner } from './schemas.js';
import { describedLabs, listedLabs } from './listing.js';
import { cannotSee } from './looks.js';
import { hubServer, publicBaseOf, type HubSettings, type HubWorld } from './server.js';

export type { HubSettings } from './server.js';
import { labOf } from './state.js';

export function createJupyterHub(options: HubClientOptions, settings: HubSettings): Backend {
  const { credentials } = options;
  // Only a platform's ingress asks for a token; elsewhere a probe needs none.
  const world = credentials.kind === 'session' ? { ...options, token: credentials.token } : options;
  return hubBackend(createHubClient(options), settings, world);
}

export function hubBackend(client: HubClient, settings: HubSettings, world: HubWorld): Backend {
  const pace = new Pace(world.clock, stateInterval);
  const publicBase = publicBaseOf(settings, world);

  async function whoAmI(signal: AbortSignal): Promise<Result<string>> {
    const owner = await client.owner(signal);
    if (!owner.ok) return owner;
    return isService(owner.value)
      ? { ok: false, failure: serviceToken(owner.value) }
      : { ok: true, value: owner.value.name };
  }

  return {
    name: 'the Hub',
    confirmAbsenceAfter: 3_000,
    checkSettings(action, given = []) {
      if (action === 'choices') {
        throw new UsageError('a JupyterHub does not list what may be chosen for a server', spawnerHint);
      }
      if (given.includes('--remove') && settings.server === '') {
        throw new UsageError(
          '--remove deletes the name of a named server, and the default server has none',
          'Name the server with --server-name.',
        );
      }
      const foreign = given.find((name) => controllerOptions.includes(name));
      if (foreign === undefined) return;
      throw new UsageError(`${foreign} is for a Nublado controller, and this is a JupyterHub`, spawnerHint);
    },
    async subject({ name }, lookup) {
      // The Hub knows the token's scopes and decides whether it may act for the user.
      if (name !== null) return { ok: true, value: { name, own: true } };
      const user = await lookup.request(whoAmI, 'server');
      return user.ok ? { ok: true, value: { name: user.value, own: true } } : user;
    },
    whoAmI,
    async list(signal) {
      const users = await client.readyUsers(signal);
      if (!users.ok) return users;
      const names = users.value.map(({ name }) => name);
      return { ok: true, value: { users: names, labs: users.value.flatMap(listedLabs) } };
    },
    async labsOf(name, signal) {
      await pace.turn(signal);
      const user = await client.user(name, signal);
      if (!user.ok) return user;
      if (user.value.servers === undefined) return { ok: false, failure: cannotSee(name, world.base) };
      return { ok: true, value: describedLabs(user.value, publicBase, world.redact) };
    },
    lab: ({ name }) =>
      hubServer(client, { user: name, server: settings.server }, settings, { ...world, pace }),
    async ownState(signal) {
      const owner = await client.owner(signal);
      if (!owner.ok) return owner;
      const model = owner.value.servers?.[settings.server];
      return { ok: true, value: model === undefined ? null : labOf(model, publicBase, world.redact) };
    },
  };
}

const spawnerHint = 'What its Spawner understands is given with --option KEY=VALUE.';

/** Options that a controller understands and a Hub does not. */
const controllerOptions: readonly string[] = [
  '--image',
  '--tag',
  '--class',
  '--size',
  '--enable-debug',
  '--reset-user-env',
  '--env',
];

function isService({ kind }: TokenOwner): boolean {
  return kind === 'service';
}

function serviceToken({ name }: TokenOwner): Failure {
  return {
    kind: 'usage',
    error: {
      type: 'service_token',
      message: `the token belongs to the service ${name}, which has no servers`,
      status: null,
      hint: 'Name the user with --user or LAB_USER.',
    },
    retry: 'never',
    effect: 'none',
    from: 'server',
  };
}
