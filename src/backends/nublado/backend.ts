/**
 * The Nublado controller as a Backend: maps its routes to what commands need.
 *
 * Owns the route for each user's state, the meaning of a conflict, and what `--direct` allows. Leaves the requests to
 * `client.ts`.
 */
import type { Lab } from '../../model/lab.js';
import type { Failure, Result } from '../../model/result.js';
import { UsageError } from '../../model/usage-error.js';
import type { Action, Backend, Creation, RemoteLab, Subject } from '../backend.js';
import { probe } from '../probe.js';
import { createClient, type ControllerOptions, type NubladoClient } from './client.js';
import { createBody } from './create-body.js';
import { differences } from './differences.js';
import type { LabState } from './schemas.js';
import { labOf } from './state.js';
import { anothersLab, findNubladoSubject } from './subject.js';

export interface Identity {
  /** Behind the ingress: each request names the user; the token does not determine it. */
  direct: boolean;
  /** Whether there is a token. Some routes need one even behind the ingress. */
  hasToken: boolean;
}

export function createNublado(options: ControllerOptions): NubladoBackend {
  const { kind, token } = options.credentials;
  const identity = { direct: kind === 'direct', hasToken: token !== null };
  // The labs may be behind any Hub, whose prefix is not known.
  return nubladoBackend(createClient(options), identity, (address, signal) =>
    probe({ ...options, prefix: null }, address, signal),
  );
}

/** A controller, which is also a part of a platform. */
export interface NubladoBackend extends Backend {
  /** See `Backend.tokenExpiry`. */
  readonly expiry: NonNullable<Backend['tokenExpiry']>;
}

/** `probeLab` is left out where labs cannot be reached. */
export function nubladoBackend(
  client: NubladoClient,
  { direct, hasToken }: Identity,
  probeLab: RemoteLab['probe'] = null,
): NubladoBackend {
  async function stateOf({ name, own }: Subject, signal: AbortSignal): Promise<Result<Lab | null>> {
    if (!own) return toLab(await client.stateOf(name, signal));
    const result = await client.ownState(signal);
    // This request does not name the user: the token, or the ingress, determines the user.
    const whose = result.ok ? (result.value?.user?.username ?? name) : name;
    return whose === name ? toLab(result) : { ok: false, failure: anothersLab(name, whose, direct) };
  }

  function lab(subject: Subject): RemoteLab {
    const { name, own } = subject;
    return {
      shown(request) {
        const { options, env } = createBody(name, request);
        return { options, env: Object.keys(env) };
      },
      async create(request, signal): Promise<Result<Creation>> {
        const received = await client.create(name, createBody(name, request), signal);
        if (received.ok) return { ok: true, value: { kind: 'accepted' } };
        const { failure } = received;
        if (failure.kind !== 'conflict') return received;
        return { ok: true, value: { kind: 'conflict', phase: conflictPhase(failure), failure } };
      },
      state: (signal) => stateOf(subject, signal),
      events: own ? (signal) => client.events(name, signal) : null,
      async remove(signal) {
        const response = await client.remove(name, signal);
        return response.ok ? { ok: true, value: 'gone' } : response;
      },
      streamsDeletions: true,
      differences,
      hostsCommand: false,
      choices: (signal) => client.choices(name, signal),
      probe: probeLab,
      mustConfirmRunning: false,
    };
  }

  return {
    name: 'the controller',
    confirmAbsenceAfter: null,
    checkSettings(action, given = []) {
      const foreign = given.find((name) => hubOptions.includes(name));
      if (foreign !== undefined) {
        throw new UsageError(
          `${foreign} is for a JupyterHub, and this is a controller`,
          'Give the URL of a Hub with --hub, or leave the option out.',
        );
      }
      if (action === 'open') {
        throw new UsageError(
          'a lab of a controller alone has no public URL',
          'Give the URL of its JupyterHub with --hub, or --hub auto to find it.',
        );
      }
      if (hasToken || action === 'stop' || action === 'status') return;
      throw new UsageError(
        `--direct: ${needsToken[action]} needs a token all the same`,
        'Name a file that holds one in --token-file or LAB_TOKEN_FILE.',
      );
    },
    subject({ name, mayBeAnother }, lookup) {
      // Behind the ingress, the user is the one named.
      const wanted = { name, mayBeAnother: mayBeAnother && !direct };
      return findNubladoSubject(wanted, lookup, (signal) => client.whoAmI(signal));
    },
    whoAmI: (signal) => client.whoAmI(signal),
    async list(signal) {
      const users = await client.list(signal);
      return users.ok ? { ok: true, value: { users: users.value } } : users;
    },
    labsOf: null,
    expiry: (signal) => client.tokenExpiry(signal),
    lab,
    ownState: async (signal) => toLab(await client.ownState(signal)),
  };
}

/** Options for the Spawner of a JupyterHub. */
const hubOptions: readonly string[] = [
  '--option',
  '--options-file',
  '--option-env',
  '--reuse-options',
  '--remove',
  '--all',
];

const needsToken: Record<Extract<Action, 'create' | 'choices'>, string> = {
  create: 'creating a lab',
  choices: 'the form with the images and sizes',
};

function toLab(result: Result<LabState | null>): Result<Lab | null> {
  if (!result.ok) return result;
  return { ok: true, value: result.value === null ? null : labOf(result.value) };
}

/**
 * The phase that the error type of a 409 to a create proves. The message may or may not name the operation, so it is
 * ignored.
 */
function conflictPhase({ error }: Failure): 'running' | 'unsettled' | null {
  switch (error.type) {
    case 'lab_exists':
      return 'running';
    case 'operation_in_progress':
      return 'unsettled';
    default:
      return null;
  }
}
