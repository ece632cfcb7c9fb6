/**
 * The target of `--demo`: a simulated server or platform in this process, which ends with the command.
 */
import { setting } from '../config/setting.js';
import { noNamedServers } from '../config/target.js';
import { UsageError } from '../model/usage-error.js';
import type { Context } from '../runtime/context.js';
import { connect, type Endpoint, type Servers } from './connection.js';
import { hubSettings, type OpenTarget, type TargetTask } from './open-target.js';
import type { CommonFlags } from './options.js';

/** Simulated servers. */
interface Demo {
  servers: Servers;
  token: string;
  user: string;
  close(): Promise<void>;
}

/** The scenario of a demo that names none. */
const defaultScenario = 'happy';

export async function openDemo(
  context: Context,
  { demo, controller, hub, serverName = '' }: CommonFlags,
  task: TargetTask,
): Promise<OpenTarget> {
  if (controller !== undefined || hub !== undefined) {
    const option = controller === undefined ? '--hub' : '--controller';
    throw new UsageError(`--demo uses its own server, so it cannot be combined with ${option}`);
  }
  const { demoScenario = defaultScenario } = task;
  const scenario = demo === true || demo === undefined ? demoScenario : demo;
  const started = await startDemo(context, scenario, serverName, task);
  const { servers, token, user } = started;
  const connected = await connect(context, {
    servers,
    credentials: { kind: 'bearer', token },
    user: { name: user, given: false },
    secrets: { credentials: [token], values: task.secrets },
  });
  const { address } = connected;
  return {
    ...connected,
    demo: true,
    origins: [
      ...Object.entries({ JupyterHub: address.hub, controller: address.controller }).flatMap(([kind, url]) =>
        url === null ? [] : [`${kind} ${url}: from --demo, scenario ${scenario}`],
      ),
      `user ${user}: from --demo`,
      'token: from --demo',
    ],
    warnings: [],
    async close() {
      await connected.close();
      await started.close();
    },
  };
}

function endpoint(url: string): Endpoint {
  return { base: new URL(url), way: { certificates: [], proxy: null } };
}

async function startDemo(
  { clock }: Context,
  scenario: string,
  serverName: string,
  { demoUnderWay, hub = {} }: TargetTask,
): Promise<Demo> {
  const [{ scenarioNames }, { hubScenarioNames }, { platformScenarioNames }] = await Promise.all([
    import('../simulator/stories/scenarios.js'),
    import('../simulator/jupyterhub/scenarios.js'),
    import('../simulator/platform/scenarios.js'),
  ]);
  if (scenarioNames.includes(scenario)) {
    const { startSimulator } = await import('../simulator/server.js');
    const simulator = await startSimulator({ clock, scenario });
    if (demoUnderWay) simulator.beginSpawn();
    const { url, token, user } = simulator;
    const servers = { kind: 'controller', controller: endpoint(url) } as const;
    return { servers, token, user, close: () => simulator.close() };
  }
  if (hubScenarioNames.includes(scenario)) {
    const { startHub } = await import('../simulator/jupyterhub/hub.js');
    const simulator = await startHub({ clock, scenario });
    if (demoUnderWay) simulator.beginSpawn();
    const { url, tokens, user } = simulator;
    const servers = {
      kind: 'hub',
      hub: endpoint(url),
      settings: hubSettings(serverName, hub, {}),
    } as const;
    return { servers, token: tokens.user, user, close: () => simulator.close() };
  }
  if (platformScenarioNames.includes(scenario)) {
    if (serverName !== '') throw noNamedServers(setting(serverName, '--server-name'));
    const { startPlatform } = await import('../simulator/platform/platform.js');
    const simulator = await startPlatform({ clock, scenario });
    if (demoUnderWay) simulator.beginSpawn();
    const { controllerUrl, hubUrl, token, user } = simulator;
    const servers = {
      kind: 'platform',
      hub: endpoint(hubUrl),
      controller: endpoint(controllerUrl),
      settings: hubSettings('', hub, {}),
      hosts: [],
    } as const;
    return { servers, token, user, close: () => simulator.close() };
  }
  const known = [...scenarioNames, ...hubScenarioNames, ...platformScenarioNames].join(', ');
  throw new UsageError(`--demo: unknown scenario "${scenario}"`, `Choose ${known}.`);
}
