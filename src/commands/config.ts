/**
 * `lab config`: shows and changes profiles. It sends nothing to a controller.
 *
 * Owns what a change means; what a profile may hold and how the file is read and written is below, in config.
 */
import { resolve } from 'node:path';
import {
  checkProfile,
  configPath,
  findProfile,
  parseProfileKey,
  profileName,
  readProfiles,
  type Profile,
} from '../config/profile.js';
import { profileKeys, type ProfileKey } from '../config/profile-keys.js';
import { changeProfiles } from '../config/save.js';
import { isServerWord } from '../config/mode.js';
import type { ServerKind, Servers } from '../config/servers.js';
import { isSafe } from '../model/host.js';
import { UsageError } from '../model/usage-error.js';
import type { Context } from '../runtime/context.js';
import { sanitise } from '../model/text.js';

export interface ConfigOptions {
  /** The parsers for the values. */
  servers: Servers;
  /** As `--profile` gives it. */
  profile?: string | undefined;
}

export interface ShowOptions extends ConfigOptions {
  /** All profiles instead of one. */
  all?: boolean | undefined;
}

/** Where the profiles are, or would be. */
export function configFile(context: Context): string {
  const path = configPath(context);
  if (path === null) {
    throw new UsageError('there is no home directory for the profiles', 'Set HOME or XDG_CONFIG_HOME.');
  }
  return path;
}

/** The requested profiles by name, as they are in the file. */
export function showConfig(
  context: Context,
  { servers, profile, all }: ShowOptions,
): Record<string, Profile> {
  if (all === true && profile !== undefined) {
    throw new UsageError('--all shows every profile: leave out --profile');
  }
  const file = readProfiles(context, servers);
  if (all === true) return Object.fromEntries(file.profiles);
  const name = profileName(profile, context);
  return { [name.value]: findProfile(file, name) };
}

/** One line for each setting; with `all` they begin with the profile's name. */
export function configLines(profiles: Record<string, Profile>, all: boolean): string[] {
  return Object.entries(profiles).flatMap(([name, profile]) =>
    profileKeys.flatMap((key) => {
      const value = profile[key];
      if (value === undefined) return [];
      const text = typeof value === 'string' ? value : value.map(quoted).join(' ');
      return [sanitise(`${all ? `${name} ` : ''}${key} ${text}`)];
    }),
  );
}

/** An argument as a shell takes it, so that the line can be copied into `lab config set`. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}

/** The description of a change. */
export interface Change {
  message: string;
  /** What the user should know about the new value. */
  warning?: string | undefined;
}

/** Sets one value. */
export async function setConfig(
  context: Context,
  keyText: string,
  values: readonly string[],
  { servers, profile }: ConfigOptions,
): Promise<Change> {
  const path = configFile(context);
  const key = parseProfileKey(keyText, 'lab config set');
  const name = profileName(profile, context);
  const value = settingOf(key, values);
  await changeProfiles(path, context, servers, (profiles) => {
    const changed = { ...profiles.get(name.value), ...value };
    checkProfile(changed, (each) => `lab config set ${each}`, servers);
    return new Map(profiles).set(name.value, anchored(changed, key));
  });
  return {
    message: `${key} is set in profile ${name.value} (${path})`,
    warning:
      key === 'controller' || key === 'hub' ? plainHttpWarning(key, values[0] ?? '', servers) : undefined,
  };
}

/** The warning for a server to which no token will be sent. */
function plainHttpWarning(kind: ServerKind, text: string, servers: Servers): string | undefined {
  if (isServerWord(kind, text)) return undefined;
  const url = servers[kind].parseUrl(text, `lab config set ${kind}`);
  return isSafe(url) ? undefined : `a token will not be sent over plain http to ${url.hostname}; use https`;
}

function settingOf(key: ProfileKey, values: readonly string[]): Profile {
  if (key === 'token_command') return { token_command: [...values] };
  const [value, ...more] = values;
  if (value === undefined || more.length > 0) {
    throw new UsageError(`lab config set ${key}: expected one value`, 'Quote a value that contains spaces.');
  }
  return { [key]: value };
}

/**
 * Paths in the file are relative to the file, but a path on a command line is relative to the working directory. So the
 * new value becomes absolute; `~/` stays, because it means the same in both places.
 */
function anchored(profile: Profile, key: ProfileKey): Profile {
  const absolute = (path: string): string => (path.startsWith('~/') ? path : absolutePath(path, key));
  if (key === 'token_file' && profile.token_file !== undefined) {
    return { ...profile, token_file: absolute(profile.token_file) };
  }
  const [command, ...args] = profile.token_command ?? [];
  if (key === 'token_command' && command?.includes('/') === true) {
    return { ...profile, token_command: [absolute(command), ...args] };
  }
  return profile;
}

/** Resolves a path. The working directory may have been deleted; then a relative path cannot be resolved. */
function absolutePath(path: string, key: ProfileKey): string {
  try {
    return resolve(path);
  } catch {
    throw new UsageError(
      `lab config set ${key}: the directory in which this runs does not exist any more`,
      'Give a path that begins with a slash.',
    );
  }
}

/** Removes one value. Removing the last value removes the profile. */
export async function unsetConfig(
  context: Context,
  keyText: string,
  { servers, profile }: ConfigOptions,
): Promise<Change> {
  const path = configFile(context);
  const key = parseProfileKey(keyText, 'lab config unset');
  const name = profileName(profile, context);
  let done = 'was not';
  await changeProfiles(path, context, servers, (profiles) => {
    const { [key]: old, ...rest } = findProfile({ path, profiles }, name);
    if (old === undefined) return null;
    done = 'is no longer';
    const changed = new Map(profiles);
    if (Object.keys(rest).length === 0) changed.delete(name.value);
    else changed.set(name.value, rest);
    return changed;
  });
  return { message: `${key} ${done} set in profile ${name.value} (${path})` };
}
