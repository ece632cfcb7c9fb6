/**
 * From flags to a backend: which servers are configured, how to connect to them, and where each setting came from.
 *
 * Leaves the connections to `connection.ts`, and a simulated server for a demo to `demo-target.ts`.
 */
import type { HubSettings } from '../backends/jupyterhub/backend.js';
import { isOwnSite } from '../config/audience.js';
import { readVariable } from '../config/environment.js';
import { isPlatform, type ChosenPlatform } from '../config/mode.js';
import { proxySecrets } from '../config/proxy.js';
import { resolveTarget, type Target } from '../config/target.js';
import type { Credentials } from '../http/transport.js';
import type { UserOptions } from '../model/lab-request.js';
import type { Context, ProxySettings } from '../runtime/context.js';
import { connect, type Connected, type Endpoint, type Servers } from './connection.js';
import type { Task } from './execute.js';
import type { CommonFlags } from './options.js';
import { servers } from './servers.js';

export interface OpenTarget extends Connected {
  /** Whether the server stops with this program. */
  demo: boolean;
  /** Where each setting came from, as text. */
  origins: readonly string[];
  /** What the user should know about the settings. */
  warnings: readonly string[];
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
 * Opens the target. Sends nothing but the request of service discovery where the settings need it, see `resolveTarget`. Throws
 * a UsageError if a setting is missing or wrong, and the signal's reason when that aborts.
 */
export async function openTarget(
  context: Context,
  flags: CommonFlags,
  task: TargetTask,
  signal: AbortSignal,
): Promise<OpenTarget> {
  if (flags.demo !== undefined) {
    const { openDemo } = await import('./demo-target.js');
    return openDemo(context, flags, task);
  }
  const target = await resolveTarget(flags, context, servers, signal);
  const user = target.user?.value ?? null;
  const token = target.token?.value ?? null;
  const origin = target.token?.origin ?? null;
  let credentials: Credentials;
  if (target.direct.value && user !== null) credentials = { kind: 'direct', user, token, origin };
  else if (token !== null) credentials = { kind: 'bearer', token, origin };
  else throw new Error('a target has a token or is direct');
  const given = user !== null && target.user?.origin !== 'JUPYTERHUB_USER';
  const proxies = [target.proxy.value, target.controllerProxy?.value ?? null];
  const connected = await connect(context, {
    servers: serversOf(target, task, context),
    credentials,
    secrets: {
      credentials: [...(token === null ? [] : [token]), ...proxies.flatMap(proxySecrets)],
      values: task.secrets,
    },
    user: { name: user, given },
  });
  return {
    ...connected,
    demo: false,
    origins: [...originsOf(target), ...extraCertificates(context)],
    warnings: target.warnings,
  };
}

function serversOf(target: Target, { hub = {} }: TargetTask, { env }: Context): Servers {
  const { server, serverName, proxy, controllerProxy } = target;
  const certificates = target.certificates?.value ?? [];
  const endpoint = (base: URL, through: ProxySettings | null): Endpoint => ({
    base,
    way: { certificates, proxy: through },
  });
  const own = endpoint(server.url.value, proxy.value);
  if (server.kind === 'controller') return { kind: 'controller', controller: own };
  const settings: HubSettings = {
    ...hubSettings(serverName?.value ?? '', hub, isOwnSite(server, env, servers) ? env : {}),
    hasPublicAddress: server.isPublic,
  };
  if (!isPlatform(server)) return { kind: 'hub', hub: own, settings };
  return {
    kind: 'platform',
    hub: own,
    controller: endpoint(server.controller.value, controllerProxy?.value ?? null),
    settings,
    hosts: hostsOf(server),
  };
}

/**
 * The other hosts of a platform that the settings or its service discovery have named: its login may use any of them. At the
 * Hub's own host it uses only pages of the Hub, so a redirect to the login page for browsers there means a wrong token.
 */
function hostsOf({ url, controller, site }: ChosenPlatform): string[] {
  const hosts = [controller.value.host, ...(site === null ? [] : [site.host])];
  return [...new Set(hosts)].filter((host) => host !== url.value.host);
}

/** `env`: the environment, if this runs in a server of the same Hub. */
export function hubSettings(
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
  const { server, serverName, user, token, direct, certificates, proxy, controllerProxy, profile } = target;
  const { kind, url, unused } = server;
  return [
    `${kind === 'hub' ? 'JupyterHub' : 'controller'} ${url.value.href}: from ${url.origin}`,
    ...(isPlatform(server)
      ? [`controller ${server.controller.value.href} of the same platform: from ${server.controller.origin}`]
      : []),
    ...unused,
    ...(serverName === null ? [] : [`server ${serverName.value}: from ${serverName.origin}`]),
    // Otherwise it is known once the server has responded.
    ...(user === null ? [] : [`user ${user.value}: from ${user.origin}`]),
    token === null ? 'token: none' : `token: from ${token.origin}`,
    ...(direct.value ? [`identity headers instead of a bearer token: from ${direct.origin}`] : []),
    ...(certificates === null
      ? []
      : [`certificate authorities in addition to Node's: from ${certificates.origin}`]),
    ...new Set([...proxyOrigin(proxy), ...(controllerProxy === null ? [] : proxyOrigin(controllerProxy))]),
    `profile ${profile.value}: from ${profile.origin}`,
  ];
}

function proxyOrigin({ value, origin }: Target['proxy']): string[] {
  if (value !== null) return [`proxy ${value.url.origin}: from ${origin}`];
  return origin === 'default' ? [] : [`no proxy: ${origin}`];
}

/** Node itself reads these. */
function extraCertificates({ env }: Context): string[] {
  const path = readVariable(env, 'NODE_EXTRA_CA_CERTS');
  return path === undefined
    ? []
    : [`certificate authorities in addition to Node's: from NODE_EXTRA_CA_CERTS (${path})`];
}
