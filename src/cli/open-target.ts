/**
 * From flags to a backend: the configured controller, or the simulated one for a demo.
 */
import type { Dispatcher } from 'undici';
import type { ConnectSettings, Context } from '../runtime/context.js';
import { readVariable } from '../config/environment.js';
import { proxySecrets } from '../config/proxy.js';
import { resolveTarget, type Target } from '../config/target.js';
import { UsageError } from '../model/usage-error.js';
import type { Backend } from '../backends/backend.js';
import type { Credentials } from '../backends/nublado/client.js';
import { createRedactor, type Redactor } from '../model/redactor.js';
import type { UserSetting } from '../commands/session/session.js';
import type { Task } from './execute.js';
import type { CommonFlags } from './options.js';

export interface OpenTarget {
  backend: Backend;
  /** The same backend on new connections. */
  freshBackend: () => Promise<Backend>;
  controller: string;
  user: UserSetting;
  /** Whether the controller stops with this program. */
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
export type TargetTask = Pick<Task, 'demoUnderWay' | 'demoScenario' | 'secrets'>;

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
  const target = await resolveTarget(flags, context, signal);
  const user = target.user?.value ?? null;
  const token = target.token?.value ?? null;
  const origin = target.token?.origin ?? null;
  let credentials: Credentials;
  if (target.direct.value && user !== null) credentials = { kind: 'direct', user, token, origin };
  else if (token !== null) credentials = { kind: 'bearer', token, origin };
  else throw new Error('a target has a token or is direct');
  const given = user !== null && target.user?.origin !== 'JUPYTERHUB_USER';
  const setting = { name: user, given };
  const proxy = target.proxy.value;
  const way = { certificates: target.certificates?.value ?? [], proxy };
  const redactor = createRedactor({
    credentials: [...(token === null ? [] : [token]), ...proxySecrets(proxy)],
    values: task.secrets,
  });
  const opened = await open(context, target.controller.value, credentials, setting, way, redactor);
  return {
    ...opened,
    demo: false,
    origins: [...originsOf(target), ...extraCertificates(context)],
    warnings: target.warnings,
  };
}

function originsOf({ controller, user, token, direct, certificates, proxy, profile }: Target): string[] {
  return [
    `controller ${controller.value.href}: from ${controller.origin}`,
    // Otherwise it is known once the controller has responded.
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

async function open(
  context: Context,
  base: URL,
  credentials: Credentials,
  user: UserSetting,
  settings: ConnectSettings,
  redactor: Redactor,
): Promise<Omit<OpenTarget, 'demo' | 'origins' | 'warnings'>> {
  const dispatchers: Dispatcher[] = [];
  const freshBackend = async (): Promise<Backend> => {
    const [{ createNublado }, dispatcher] = await Promise.all([
      import('../backends/nublado/backend.js'),
      context.connect(settings),
    ]);
    dispatchers.push(dispatcher);
    return createNublado({
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
    controller: base.href,
    user,
    redactor,
    close: async () => {
      await Promise.all(dispatchers.map((dispatcher) => dispatcher.destroy()));
    },
  };
}

/** The scenario of a demo that names none. */
const defaultScenario = 'happy';

async function openDemo(
  context: Context,
  { demo, controller }: CommonFlags,
  { demoUnderWay, demoScenario = defaultScenario, secrets: values }: TargetTask,
): Promise<OpenTarget> {
  if (controller !== undefined) {
    throw new UsageError('--demo uses its own controller, so it cannot be combined with --controller');
  }
  const [{ startSimulator }, { scenarioNames }] = await Promise.all([
    import('../simulator/server.js'),
    import('../simulator/stories/scenarios.js'),
  ]);
  const scenario = demo === true || demo === undefined ? demoScenario : demo;
  if (!scenarioNames.includes(scenario)) {
    throw new UsageError(`--demo: unknown scenario "${scenario}"`, `Choose ${scenarioNames.join(', ')}.`);
  }
  const { clock } = context;
  const simulator = await startSimulator({ clock, scenario });
  if (demoUnderWay) simulator.beginSpawn();
  const target = await open(
    context,
    new URL(simulator.url),
    { kind: 'bearer', token: simulator.token },
    { name: simulator.user, given: false },
    { certificates: [], proxy: null },
    createRedactor({ credentials: [simulator.token], values }),
  );
  return {
    ...target,
    demo: true,
    origins: [
      `controller ${simulator.url}: from --demo, scenario ${scenario}`,
      `user ${simulator.user}: from --demo`,
      'token: from --demo',
    ],
    warnings: [],
    async close() {
      await target.close();
      await simulator.close();
    },
  };
}
