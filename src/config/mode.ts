/**
 * Which servers are used: a Nublado controller, a JupyterHub, or both of one platform.
 *
 * Owns the levels of settings. The strongest level that names a server decides. A Hub and a controller of that level are used
 * together; a server of a weaker level is not used, because the two may belong to different sites. `none` at a level
 * disables that kind of server at all weaker ones. With `auto`, the Hub of a configured controller is found, so the
 * controller may be of a weaker level; `find-hub.ts` does the search.
 */
import type { Result } from '../model/result.js';
import { readVariable, type Variable } from './environment.js';
import type { Context } from '../runtime/context.js';
import type { ChosenProfile } from './profile.js';
import type { ServerKind, Servers, Services } from './servers.js';
import { setting, type Setting } from './setting.js';

/** Where settings come from, the strongest first. `instance`: the variables of the lab that this program runs in. */
const levels = ['option', 'environment', 'profile', 'instance'] as const;
export type Level = (typeof levels)[number];

/** Whether a setting of one level may decide about a server of another: not if the server's level is weaker. */
export function isAsStrong(server: Level, than: Level): boolean {
  return levels.indexOf(server) <= levels.indexOf(than);
}

interface Chosen {
  url: Setting<URL>;
  /** The level of its setting. If `auto` found it with a controller, the weaker one of the two. */
  level: Level;
  /** The servers that were configured or searched for and are not used, in words. */
  unused: string[];
}

export interface ChosenController extends Chosen {
  kind: 'controller';
}

export interface ChosenHub extends Chosen {
  kind: 'hub';
  /** The controller of the same platform, which is used as well; null for a Hub alone. */
  controller: Setting<URL> | null;
  /** The site whose service discovery has named it; null if none has. */
  site: URL | null;
  /** Whether `url` is the Hub's public prefix, and not an address for the servers of that Hub. */
  isPublic: boolean;
}

export type ChosenServer = ChosenController | ChosenHub;

/** A Hub and a controller together. */
export type ChosenPlatform = ChosenHub & { controller: Setting<URL> };

export function isPlatform(server: ChosenServer | null): server is ChosenPlatform {
  return server?.kind === 'hub' && server.controller !== null;
}

/** Whether the setting of a server is no URL but a word: `none` disables that kind of server, and `auto` finds the Hub. */
export function isServerWord(kind: ServerKind, text: string): boolean {
  return text === 'none' || (kind === 'hub' && text === 'auto');
}

export interface ServerOptions {
  controller?: string | undefined;
  hub?: string | undefined;
}

/** An unparsed text with its source; null if there is none, or if that kind of server is disabled. */
type Text = Setting<string> | null;

type Named = Readonly<Record<ServerKind, Text>>;

/** Null if no server is configured. `discover` is called only for `auto`. */
export async function chooseServer(
  options: ServerOptions,
  env: Context['env'],
  profile: ChosenProfile,
  servers: Servers,
  discover: (site: URL) => Promise<Result<Services>>,
): Promise<ChosenServer | null> {
  const { named, isOff } = namedServers(options, env, profile);
  const level = levels.find((each) => {
    // The profile could not be read, and what follows it in the order must not replace it.
    if (each === 'profile' && profile.problem !== null) throw profile.problem;
    return named[each].controller !== null || named[each].hub !== null;
  });
  if (level === undefined) return null;
  const { controller, hub } = named[level];
  const parsed = (kind: ServerKind, text: Setting<string>): Setting<URL> =>
    setting(servers[kind].parseUrl(text.value, text.origin), text.origin);
  if (hub === null) {
    // The level has one of the two.
    if (controller === null) return null;
    const chosen = { kind: 'controller', url: parsed('controller', controller), level } as const;
    return { ...chosen, unused: unusedAfter(level, 'hub', chosen.url, named) };
  }
  if (hub.value !== 'auto') {
    const url = parsed('hub', hub);
    const together = controller === null ? null : parsed('controller', controller);
    const unused = together === null ? unusedAfter(level, 'controller', url, named) : [];
    return { kind: 'hub', url, controller: together, site: null, isPublic: true, level, unused };
  }
  const given = strongestController(level, named, profile);
  const { findHub } = await import('./find-hub.js');
  const { tried, ...found } = await findHub({
    source: hub.origin,
    controller: given === null ? null : parsed('controller', given.text),
    withoutController: isOff.controller,
    env,
    hub: servers.hub,
    discover,
  });
  const dropped = found.controller === null ? unusedAfter(level, 'controller', found.url, named) : [];
  const weaker = given === null || isAsStrong(given.level, level) ? level : given.level;
  return { kind: 'hub', ...found, level: weaker, unused: [...tried, ...dropped] };
}

/** The servers of all levels that are not disabled. */
function namedServers(
  options: ServerOptions,
  env: Context['env'],
  { values, origin }: ChosenProfile,
): { named: Readonly<Record<Level, Named>>; isOff: Readonly<Record<ServerKind, boolean>> } {
  const variable = (name: Variable): Text => textOf(readVariable(env, name), name);
  const isOff = { controller: false, hub: false };
  const left = (kind: ServerKind, text: Text): Text => {
    if (text?.value === 'none') isOff[kind] = true;
    return isOff[kind] ? null : text;
  };
  const at = (controller: Text, hub: Text): Named => ({
    controller: left('controller', controller),
    hub: left('hub', hub),
  });
  // In the order of the levels, because `none` counts from its level on.
  const named = {
    option: at(textOf(options.controller, '--controller'), textOf(options.hub, '--hub')),
    environment: at(variable('LAB_CONTROLLER'), variable('LAB_HUB')),
    profile: at(textOf(values.controller, origin), textOf(values.hub, origin)),
    instance: at(variable('EXTERNAL_INSTANCE_URL'), null),
  };
  return { named, isOff };
}

function textOf(value: string | undefined, origin: string): Text {
  return value === undefined ? null : setting(value, origin);
}

/** The controller for `auto` at this level: somebody named it, which the variables of a lab do not count as. */
function strongestController(
  from: Level,
  named: Readonly<Record<Level, Named>>,
  profile: ChosenProfile,
): { text: Setting<string>; level: Level } | null {
  for (const level of levels.slice(levels.indexOf(from), levels.indexOf('instance'))) {
    if (level === 'profile' && profile.problem !== null) throw profile.problem;
    const text = named[level].controller;
    if (text !== null) return { text, level };
  }
  return null;
}

/** The servers of this kind at weaker levels. */
function unusedAfter(
  level: Level,
  kind: ServerKind,
  { origin }: Setting<URL>,
  named: Readonly<Record<Level, Named>>,
): string[] {
  const what = kind === 'hub' ? 'Hub' : 'controller';
  return levels
    .slice(levels.indexOf(level) + 1)
    .flatMap((each) => named[each][kind] ?? [])
    .map((other) => `the ${what} of ${other.origin} is not used, because ${origin} is stronger`);
}
