/**
 * Profiles: where the file is, what it contains, and which of its profiles is used.
 *
 * Owns the format of the file and the errors in it. Leaves writing to `save.ts`, and the order of options, environment and
 * profile to `target.ts`. The file contains no token, only where to get one.
 */
import { dirname, isAbsolute, join, resolve } from 'node:path';
import * as z from 'zod';
import type { Context } from '../runtime/context.js';
import { readVariable } from './environment.js';
import { isServerWord } from './mode.js';
import { isTypo } from './parse.js';
import { fileProblem } from '../runtime/file-problem.js';
import { profileKeys, type ProfileKey } from './profile-keys.js';
import { readWhole } from '../runtime/read-start.js';
import type { Servers } from './servers.js';
import { setting, type Setting } from './setting.js';
import { UsageError } from '../model/usage-error.js';

/** A profile as it is in the file. */
export interface Profile {
  controller?: string;
  hub?: string;
  user?: string;
  server_name?: string;
  token_file?: string;
  /** A command and its arguments; no shell. */
  token_command?: string[];
}

export type Profiles = ReadonlyMap<string, Profile>;

export interface ProfileFile {
  /** Null where there is no home directory to keep one in. */
  path: string | null;
  /** In the order of the file; empty if there is no file. */
  profiles: Profiles;
  /** Why the file cannot be read; null if it can, or does not exist. Thrown only if the file is needed. */
  problem: UsageError | null;
}

/** The profile in use: its name, its values, and its name in origins and errors. */
export interface ChosenProfile {
  name: Setting<string>;
  values: Profile;
  origin: string;
  /** The path of its file, which relative paths start from. */
  file: string;
  /** Why it could not be read; null if it was. Thrown when a value of the profile would be used. */
  problem: UsageError | null;
}

export const defaultProfile = 'default';

/** The largest file, in bytes: enough for thousands of profiles. */
const fileLimit = 1024 * 1024;

const example = 'It should look like {"profiles": {"default": {"controller": "https://data.example.org"}}}.';
const knownKeys = `Known settings: ${profileKeys.join(', ')}.`;

const text = z.string('it must be text in quotes');
const command = z.array(text, 'it must be a list of texts, as in ["pass", "show", "rsp"]');

const File = z.strictObject(
  {
    profiles: z
      .record(
        z.string(),
        z.strictObject(
          {
            controller: text.optional(),
            hub: text.optional(),
            user: text.optional(),
            server_name: text.optional(),
            token_file: text.optional(),
            token_command: command.optional(),
          },
          { error: objectError },
        ),
        { error: objectError },
      )
      .optional(),
  },
  { error: objectError },
);

/** Unknown keys have an issue of their own, and keep zod's message here. */
function objectError(issue: { code: string }): string | undefined {
  return issue.code === 'invalid_type' ? 'it must be an object in braces' : undefined;
}

/** The path of the file; null if neither XDG_CONFIG_HOME nor the home directory is known. */
export function configPath({ env, home }: Context): string | null {
  const configured = readVariable(env, 'XDG_CONFIG_HOME');
  // The XDG specification says to ignore a relative path. It would also be unsafe: a file in the current directory could
  // name a command.
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(home, '.config');
  return isAbsolute(base) ? join(base, 'nublado-lab', 'config.json') : null;
}

/** Reads and checks the whole file. Throws a UsageError if its content is wrong. */
export function lookForProfiles(context: Context, servers: Servers): ProfileFile {
  const path = configPath(context);
  const none = { path, profiles: new Map<string, Profile>(), problem: null };
  if (path === null) return none;
  let content: Buffer;
  try {
    content = readWhole(path, fileLimit);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return none;
    const problem = new UsageError(`${path}: cannot be read: ${fileProblem(error)}`);
    // A directory or device in its place is an error; but a directory without access may not be this user's.
    if (code === undefined) throw problem;
    return { ...none, problem };
  }
  return { ...none, profiles: parseProfiles(textOf(content, path), path, servers) };
}

/** The same, but throws if the file cannot be read. */
export function readProfiles(context: Context, servers: Servers): ProfileFile {
  const file = lookForProfiles(context, servers);
  if (file.problem !== null) throw file.problem;
  return file;
}

/** The text of the file, which may begin with a byte order mark, or be empty. */
function textOf(content: Buffer, path: string): string {
  const mark = content.toString('hex', 0, 2);
  if (mark === 'fffe' || mark === 'feff') {
    throw new UsageError(`${path}: not UTF-8 but UTF-16`, 'Save it as UTF-8.');
  }
  const text = content.toString('utf8').replace(/^\uFEFF/, '');
  return text.trim() === '' ? '{}' : text;
}

function parseProfiles(content: string, path: string, servers: Servers): Profiles {
  const raw = parseJson(content, path);
  const { error } = File.safeParse(raw);
  const issue = error?.issues[0];
  if (issue !== undefined) throw shapeError(issue, path);
  // Not the parsed copy, whose keys are in the order of the schema.
  const profiles = new Map(Object.entries((raw as { profiles?: Record<string, Profile> }).profiles ?? {}));
  for (const [name, profile] of profiles) {
    parseProfileName(name, `${path}: profiles`);
    checkProfile(profile, (key) => `${path}: profiles.${name}.${key}`, servers);
  }
  return profiles;
}

function parseJson(content: string, path: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    // Only the position from the message: it quotes the text there, which may be a token.
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    const line = position === undefined ? '' : ` (line ${lineAt(content, Number(position))})`;
    throw new UsageError(`${path}: not JSON${line}`, example);
  }
}

function lineAt(content: string, position: number): number {
  return content.slice(0, position).split('\n').length;
}

function shapeError(issue: z.core.$ZodIssue, path: string): UsageError {
  const at = (keys: readonly PropertyKey[]): string =>
    [path, keys.map(String).join('.')].filter(Boolean).join(': ');
  if (issue.code === 'unrecognized_keys') {
    const place = at([...issue.path, issue.keys[0] ?? '']);
    return new UsageError(
      `${place}: unknown setting`,
      issue.path.length === 0 ? 'The only one is profiles.' : knownKeys,
    );
  }
  return new UsageError(`${at(issue.path)}: ${issue.message}`, example);
}

/** The name of a profile. It is used on command lines and in dotted paths. */
export function parseProfileName(name: string, source: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name)) {
    throw new UsageError(
      `${source}: not a profile name`,
      'Profile names are letters, digits, dashes and underscores.',
    );
  }
  return name;
}

export function parseProfileKey(key: string, source: string): ProfileKey {
  const known = profileKeys.find((each) => each === key);
  // An unknown key is not repeated: it may be a token.
  if (known === undefined) {
    const similar = profileKeys.find((each) => isTypo(key, each));
    throw new UsageError(
      `${source}: unknown setting`,
      similar === undefined ? knownKeys : `Did you mean ${similar}? ${knownKeys}`,
    );
  }
  return known;
}

/** Throws a UsageError if a value is wrong; `source` names the place of a key's value. */
export function checkProfile(profile: Profile, source: (key: ProfileKey) => string, servers: Servers): void {
  for (const key of profileKeys) {
    const value = profile[key];
    if (value !== undefined) checkValue(key, value, source(key), servers, profile);
  }
  if (profile.token_file !== undefined && profile.token_command !== undefined) {
    throw new UsageError(
      `${source('token_command')}: it cannot be combined with token_file`,
      'A profile has one source for its token: remove one of the two.',
    );
  }
}

function checkValue(
  key: ProfileKey,
  value: string | readonly string[],
  source: string,
  { controller, hub, containsToken, startsLikeToken }: Servers,
  profile: Profile,
): void {
  const parts = typeof value === 'string' ? [value] : value;
  if (parts.some(containsToken) || (key === 'token_file' && startsLikeToken(parts[0] ?? ''))) {
    throw new UsageError(
      `${source}: this looks like a token, and no token is kept here`,
      'Put the token into a file that only you can read, and name that file as token_file.',
    );
  }
  if (parts.some((part) => part.includes('\0'))) {
    throw new UsageError(`${source}: it contains a zero byte`);
  }
  const [first] = parts;
  if (key === 'controller' || key === 'hub') {
    if (!isServerWord(key, first ?? '')) (key === 'hub' ? hub : controller).parseUrl(first ?? '', source);
  } else if (key === 'server_name') hub.parseServerName(first ?? '', source);
  // A Hub allows more user names than a controller does.
  else if (key === 'user') (profile.hub === undefined ? controller : hub).parseUser(first ?? '', source);
  else if (first === undefined || first.trim() === '') {
    throw new UsageError(
      `${source}: it is empty`,
      key === 'token_file'
        ? 'Give the path of a file.'
        : 'Give a command and its arguments, as in ["pass", "show", "rsp"].',
    );
  } else if (key === 'token_file' && first === '-') {
    throw new UsageError(`${source}: a profile cannot use stdin`, 'Give the path of a file.');
  }
}

/** The name of the profile to use, and where it comes from. The profile may not exist. */
export function profileName(option: string | undefined, { env }: Context): Setting<string> {
  if (option !== undefined) return setting(parseProfileName(option, '--profile'), '--profile');
  const value = readVariable(env, 'LAB_PROFILE');
  if (value !== undefined) return setting(parseProfileName(value, 'LAB_PROFILE'), 'LAB_PROFILE');
  return setting(defaultProfile, 'default');
}

/** The profile with that name; an empty one if the default profile does not exist. */
export function findProfile(
  { path, profiles }: Pick<ProfileFile, 'path' | 'profiles'>,
  { value, origin }: Setting<string>,
): Profile {
  const profile = profiles.get(value);
  if (profile !== undefined) return profile;
  if (value === defaultProfile) return {};
  const names = [...profiles.keys()].join(', ');
  throw new UsageError(
    `${origin}: no profile ${value}${path === null ? '' : ` in ${path}`}`,
    names === ''
      ? `No profiles exist yet. Create this one with \`lab config set controller URL --profile ${value}\`.`
      : `Existing profiles: ${names}.`,
  );
}

/** The profile to use. Throws a UsageError if it was named and cannot be read, or if its content is wrong. */
export function chooseProfile(option: string | undefined, context: Context, servers: Servers): ChosenProfile {
  const name = profileName(option, context);
  const file = lookForProfiles(context, servers);
  const { problem } = file;
  // A profile that was named is needed.
  if (problem !== null && name.origin !== 'default') throw problem;
  const path = file.path ?? '';
  const origin = `profile ${name.value} (${path})`;
  return { name, values: findProfile(file, name), origin, file: path, problem };
}

/**
 * A path in a profile: `~/` means the home directory, and a relative path starts from the file with the profile. Throws a
 * UsageError that begins with `source` if the home directory is needed and unknown.
 */
export function profilePath(path: string, file: string, home: string, source: string): string {
  if (!path.startsWith('~/')) return resolve(dirname(file), path);
  if (!isAbsolute(home)) throw new UsageError(`${source}: ${path}: there is no home directory`, 'Set HOME.');
  return join(home, path.slice(2));
}
