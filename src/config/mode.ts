/**
 * Which server is used: a Nublado controller or a JupyterHub.
 *
 * Owns the levels of settings. The strongest level that names a server decides; a server of a weaker level is not used,
 * because the two may belong to different sites. `none` at a level disables that kind of server at all weaker ones.
 */
import type { Context } from '../runtime/context.js';
import { UsageError } from '../model/usage-error.js';
import { readVariable, type Variable } from './environment.js';
import type { ChosenProfile } from './profile.js';
import type { ServerKind, Servers } from './servers.js';
import { setting, type Setting } from './setting.js';

/** Where settings come from, the strongest first. `instance`: the variables of the lab that this program runs in. */
const levels = ['option', 'environment', 'profile', 'instance'] as const;
export type Level = (typeof levels)[number];

/** Whether a setting of one level may decide about a server of another: not if the server's level is weaker. */
export function isAsStrong(server: Level, than: Level): boolean {
  return levels.indexOf(server) <= levels.indexOf(than);
}

export interface ChosenServer {
  kind: ServerKind;
  url: Setting<URL>;
  level: Level;
  /** The servers that were configured and are not used, in words. */
  unused: string[];
}

export interface ServerOptions {
  controller?: string | undefined;
  hub?: string | undefined;
}

/** A text with its source, before it is parsed. */
type Text = Setting<string> | null;

/** Null if no server is configured. */
export function chooseServer(
  options: ServerOptions,
  env: Context['env'],
  { values, origin, problem }: ChosenProfile,
  servers: Servers,
): ChosenServer | null {
  const variable = (name: Variable): Text => textOf(readVariable(env, name), name);
  const given: Readonly<Record<Level, Readonly<Record<ServerKind, Text>>>> = {
    option: { controller: textOf(options.controller, '--controller'), hub: textOf(options.hub, '--hub') },
    environment: { controller: variable('LAB_CONTROLLER'), hub: variable('LAB_HUB') },
    profile: { controller: textOf(values.controller, origin), hub: textOf(values.hub, origin) },
    instance: { controller: variable('EXTERNAL_INSTANCE_URL'), hub: null },
  };
  const isOff = { controller: false, hub: false };
  let chosen: ChosenServer | null = null;
  const unused: string[] = [];
  for (const level of levels) {
    // The profile could not be read, and what follows it in the order must not replace it.
    if (level === 'profile' && problem !== null && chosen === null) throw problem;
    const left = (kind: ServerKind): Text => {
      const text = given[level][kind];
      if (text?.value === 'none') isOff[kind] = true;
      return isOff[kind] ? null : text;
    };
    const named = { controller: left('controller'), hub: left('hub') };
    if (chosen === null) chosen = serverAt(level, named, servers, env, unused);
    else unused.push(...unusedAt(named, chosen));
  }
  return chosen;
}

function textOf(value: string | undefined, origin: string): Text {
  return value === undefined ? null : setting(value, origin);
}

function serverAt(
  level: Level,
  { controller, hub }: Record<ServerKind, Text>,
  servers: Servers,
  env: Context['env'],
  unused: string[],
): ChosenServer | null {
  if (controller !== null && hub !== null) {
    throw new UsageError(
      `${controller.origin} and ${hub.origin}: a controller and a JupyterHub cannot be used together yet`,
      'Give one of the two, or disable one with --controller none or --hub none.',
    );
  }
  const kind = hub === null ? 'controller' : 'hub';
  const text = hub ?? controller;
  if (text === null) return null;
  const url =
    hub?.value === 'auto'
      ? servers.hub.find(env, hub.origin)
      : setting(servers[kind].parseUrl(text.value, text.origin), text.origin);
  return { kind, url, level, unused };
}

function unusedAt({ controller, hub }: Record<ServerKind, Text>, { kind, url }: ChosenServer): string[] {
  const other = kind === 'hub' ? controller : hub;
  if (other === null) return [];
  return [
    `the ${kind === 'hub' ? 'controller' : 'Hub'} of ${other.origin} is not used, because ${url.origin} is stronger`,
  ];
}
