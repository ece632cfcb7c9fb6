/**
 * From flags to a backend: the configured server, or a simulated one for a demo.
 */
import type { Dispatcher } from 'undici';
import type { ConnectSettings, Context } from '../runtime/context.js';
import { isOwnSite } from '../config/audience.js';
import { readVariable } from '../config/environment.js';
import { proxySecrets } from '../config/proxy.js';
import { resolveTarget, type Target } from '../config/target.js';
import { UsageError } from '../model/usage-error.js';
import type { Backend } from '../backends/backend.js';
import type { HubSettings } from '../backends/jupyterhub/backend.js';
import type { ControllerOptions, Credentials } from '../http/transport.js';
import type { UserOptions } from '../model/lab-request.js';
import { createRedactor, type Redactor } from '../model/redactor.js';
import type { UserSetting } from '../commands/session/session.js';
import type { ServerAddress } from '../display/display.js';
import type { Task } from './execute.js';
import type { CommonFlags } from './options.js';
import { servers } from './servers.js';

export interface OpenTarget {
  backend: Backend;
  /** The same backend on new connections. */
  freshBackend: () => Promise<Backend>;
  address: ServerAddress;
  user: UserSetting;
  /** Whether the server stops with this program. */
  demo: boolean;
  /** Removes the token and other secrets from texts. */
  redactor: Redactor;
  /** Where each setting came from, as text. */
  origins: readonly string[];
  /** What the user should know about the settings. */
  warnings: readonly string[];
  /** Closes every connection at once. */
  close(): Promise<void>;
}

/** What a command brings to its target. */
export type TargetTask = Pick<Task, 'demoUnderWay' | 'demoScenario' | 'secrets' | 'hub'>;

/** What a command needs from a JupyterHub, in addition to the settings. */
export interface HubTask {
  /** The options for the Spawner; default none, which are the Spawner's defaults. */
  userOptions?: UserOptions;
  /** Whether to delete the name of a named server when it is stopped. */
  forget?: boolean;
}

/**
 * Opens the target; sends nothing. Throws a UsageError if a setting is missing or wrong, and the signal's reason when that
 * aborts.
 */
export async function openTarget(
  context: Context,
  flags: CommonFlags,
  task: TargetTask,
  signal: AbortSignal,
): Promise<OpenTarget> {
  if (flags.demo !== undefined) return openDemo(context, flags, task);
  const target = await resolveTarget(flags, context, servers, signal);
  const user = target.user?.value ?? null;
  const token = target.token?.value ?? null;
  const origin = target.token?.origin ?? null;
  let credentials: Credentials;
  if (target.direct.value && user !== null) credentials = { kind: 'direct', user, token, origin };
  else if (token !== null) credentials = { kind: 'bearer', token, origin };
  else throw new Error('a target has a token or is direct');
  const given = user !== null && target.user?.origin !== 'JUPYTERHUB_USER';
  const proxy = target.proxy.value;
  const redactor = createRedactor({
    credentials: [...(token === null ? [] : [token]), ...proxySecrets(proxy)],
    values: task.secrets,
  });
  const opened = await open(context, {
    ...serverOf(target, task, context),
    credentials,
    user: { name: user, given },
    way: { certificates: target.certificates?.value ?? [], proxy },
    redactor,
  });
  return {
    ...opened,
    demo: false,
    origins: [...originsOf(target), ...extraCertificates(context)],
    warnings: target.warnings,
  };
}

/** A server to connect to: its URL and, for a JupyterHub, which of a user's servers is meant. */
interface Endpoint {
  base: URL;
  /** Null for a controller. */
  hub: HubSettings | null;
}

function serverOf({ server, serverName }: Target, { hub = {} }: TargetTask, { env }: Context): Endpoint {
  const base = server.url.value;
  if (server.kind === 'controller') return { base, hub: null };
  const name = serverName?.value ?? '';
  return { base, hub: hubSettings(name, hub, isOwnSite(server, env, servers) ? env : {}) };
}

/** `env`: the environment, if this runs in a server of the same Hub. */
function hubSettings(
  server: string,
  { userOptions = {}, forget = false }: HubTask,
  env: Context['env'],
): HubSettings {
  const user = readVariable(env, 'JUPYTERHUB_USER');
  const self =
    user === undefined ? null : { user, server: readVariable(env, 'JUPYTERHUB_SERVER_NAME') ?? '' };
  return { server, userOptions, forget, self };
}

function originsOf(target: Target): string[] {
  const { server, serverName, user, token, direct, certificates, proxy, profile } = target;
  const { kind, url, unused } = server;
  return [
    `${kind === 'hub' ? 'JupyterHub' : 'controller'} ${url.value.href}: from ${url.origin}`,
    ...unused,
    ...(serverName === null ? [] : [`server ${serverName.value}: from ${serverName.origin}`]),
    // Otherwise it is known once the server has responded.
    ...(user === null ? [] : [`user ${user.value}: from ${user.origin}`]),
    token === null ? 'token: none' : `token: from ${token.origin}`,
    ...(direct.value ? [`identity headers instead of a bearer token: from ${direct.origin}`] : []),
    ...(certificates === null
      ? []
      : [`certificate authorities in addition to Node's: from ${certificates.origin}`]),
    ...(proxy.value === null
      ? proxy.origin === 'default'
        ? []
        : [`no proxy: ${proxy.origin}`]
      : [`proxy ${proxy.value.url.origin}: from ${proxy.origin}`]),
    `profile ${profile.value}: from ${profile.origin}`,
  ];
}

/** Node itself reads these. */
function extraCertificates({ env }: Context): string[] {
  const path = readVariable(env, 'NODE_EXTRA_CA_CERTS');
  return path === undefined
    ? []
    : [`certificate authorities in addition to Node's: from NODE_EXTRA_CA_CERTS (${path})`];
}

interface Connection extends Endpoint {
  credentials: Credentials;
  user: UserSetting;
  way: ConnectSettings;
  redactor: Redactor;
}

async function open(
  context: Context,
  { base, hub, credentials, user, way, redactor }: Connection,
): Promise<Omit<OpenTarget, 'demo' | 'origins' | 'warnings'>> {
  const dispatchers: Dispatcher[] = [];
  const freshBackend = async (): Promise<Backend> => {
    const [create, dispatcher] = await Promise.all([backendFor(hub), context.connect(way)]);
    dispatchers.push(dispatcher);
    return create({
      base,
      credentials,
      dispatcher,
      turn: context.turn,
      clock: context.clock,
      redact: redactor.redact,
      trace: (message) => {
        context.trace(2, message);
      },
    });
  };
  return {
    backend: await freshBackend(),
    freshBackend,
    address:
      hub === null
        ? { controller: base.href, hub: null, name: null }
        : { controller: null, hub: base.href, name: hub.server },
    user,
    redactor,
    close: async () => {
      await Promise.all(dispatchers.map((dispatcher) => dispatcher.destroy()));
    },
  };
}

/** Loads only the backend that is needed. */
async function backendFor(hub: HubSettings | null): Promise<(options: ControllerOptions) => Backend> {
  if (hub === null) return (await import('../backends/nublado/backend.js')).createNublado;
  const { createJupyterHub } = await import('../backends/jupyterhub/backend.js');
  return (options) => createJupyterHub(options, hub);
}

/** A simulated server for a demo. */
interface Demo {
  base: URL;
  token: string;
  user: string;
  isHub: boolean;
  close(): Promise<void>;
}

/** The scenario of a demo that names none. */
const defaultScenario = 'happy';

async function openDemo(
  context: Context,
  { demo, controller, hub: hubUrl, serverName = '' }: CommonFlags,
  { demoUnderWay, demoScenario = defaultScenario, secrets: values, hub }: TargetTask,
): Promise<OpenTarget> {
  if (controller !== undefined || hubUrl !== undefined) {
    const option = controller === undefined ? '--hub' : '--controller';
    throw new UsageError(`--demo uses its own server, so it cannot be combined with ${option}`);
  }
  const scenario = demo === true || demo === undefined ? demoScenario : demo;
  const started = await startDemo(context, scenario, demoUnderWay);
  const target = await open(context, {
    base: started.base,
    hub: started.isHub ? hubSettings(serverName, hub ?? {}, {}) : null,
    credentials: { kind: 'bearer', token: started.token },
    user: { name: started.user, given: false },
    way: { certificates: [], proxy: null },
    redactor: createRedactor({ credentials: [started.token], values }),
  });
  return {
    ...target,
    demo: true,
    origins: [
      `${started.isHub ? 'JupyterHub' : 'controller'} ${started.base.href}: from --demo, scenario ${scenario}`,
      `user ${started.user}: from --demo`,
      'token: from --demo',
    ],
    warnings: [],
    async close() {
      await target.close();
      await started.close();
    },
  };
}

async function startDemo({ clock }: Context, scenario: string, isUnderWay: boolean): Promise<Demo> {
  const [{ scenarioNames }, { hubScenarioNames }] = await Promise.all([
    import('../simulator/stories/scenarios.js'),
    import('../simulator/jupyterhub/scenarios.js'),
  ]);
  if (scenarioNames.includes(scenario)) {
    const { startSimulator } = await import('../simulator/server.js');
    const simulator = await startSimulator({ clock, scenario });
    if (isUnderWay) simulator.beginSpawn();
    const { url, token, user } = simulator;
    return { base: new URL(url), token, user, isHub: false, close: () => simulator.close() };
  }
  if (hubScenarioNames.includes(scenario)) {
    const { startHub } = await import('../simulator/jupyterhub/hub.js');
    const simulator = await startHub({ clock, scenario });
    if (isUnderWay) simulator.beginSpawn();
    const { url, tokens, user } = simulator;
    return { base: new URL(url), token: tokens.user, user, isHub: true, close: () => simulator.close() };
  }
  const known = [...scenarioNames, ...hubScenarioNames].join(', ');
  throw new UsageError(`--demo: unknown scenario "${scenario}"`, `Choose ${known}.`);
}
