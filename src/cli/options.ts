/**
 * The options that commands share, and their values as types.
 *
 * Owns names, help texts and defaults on the command line. What an option means is decided in the layers below.
 */
import { Option, type Command } from 'commander';
import type { Context } from '../runtime/context.js';
import { readVariable, type Variable } from '../config/environment.js';
import { UsageError } from '../model/usage-error.js';
import { parseChoice, parseDuration } from '../config/parse.js';
import { setting, type Setting } from '../config/setting.js';
import { colorModes, outputModes, progressModes, type DisplayOptions } from '../display/modes.js';
import type { Limits } from '../commands/session/session.js';

/** Values as commander returns them. */
export interface CommonFlags {
  controller?: string;
  hub?: string;
  user?: string;
  serverName?: string;
  tokenFile?: string;
  direct?: boolean;
  caFile?: string;
  /** True, or the name of a scenario. */
  demo?: true | string;
  profile?: string;
  timeout?: string;
  idleTimeout?: string;
  output?: string;
  progress?: string;
  color?: string;
  quiet?: boolean;
  /** The number of times that -v was given. */
  verbose?: number;
  logFile?: string;
}

/** Shared options that a command does not use. They are accepted, so that scripts can pass the same set everywhere. */
export type UnusedOption = '--user' | '--server-name' | '--idle-timeout' | '--progress';

function option(flags: string, description: string, unused: readonly UnusedOption[] = []): Option {
  return new Option(flags, description).hideHelp(unused.some((name) => flags.includes(name)));
}

export function addTargetOptions(command: Command, unused: readonly UnusedOption[] = []): Command {
  return command
    .optionsGroup('Connection:')
    .option('--controller <url>', "A Nublado controller's URL (LAB_CONTROLLER)")
    .option('--hub <url>', "A JupyterHub's public URL, or auto; with --controller both are used (LAB_HUB)")
    .addOption(
      option('--server-name <name>', 'Named server at the JupyterHub (LAB_SERVER_NAME)', unused).default(
        undefined,
        'the default server',
      ),
    )
    .addOption(
      option('-u, --user <name>', 'User whose lab to act on (LAB_USER)', unused).default(
        undefined,
        "the token's user",
      ),
    )
    .option('--token-file <path>', 'File with the token, - for stdin (LAB_TOKEN_FILE, LAB_TOKEN)')
    .addOption(
      new Option('--token <value>').hideHelp().argParser(() => {
        throw new UsageError(
          '--token: other users could read it in the process list',
          'Put the token into a file and name it in --token-file or LAB_TOKEN_FILE.',
        );
      }),
    )
    .option('--direct', 'Send identity headers instead of a bearer token, behind the ingress (LAB_DIRECT=1)')
    .option(
      '--ca-file <path>',
      "Certificate authorities to trust in addition to Node's own, in PEM (LAB_CA_FILE)",
    )
    .addOption(
      new Option('--profile <name>', 'Profile to use, see `lab config` (LAB_PROFILE)').default(
        undefined,
        'default',
      ),
    )
    .option('--demo [scenario]', 'Use a simulated server instead of a real one');
}

/** Values as commander returns them, of a command that waits for a lab to run. */
export interface ReadyFlags<Goal extends string> {
  for?: Goal;
  readyTimeout?: string;
}

/** The options of a command that waits for a lab to run. */
export function readyOptions(states: readonly string[]): Option[] {
  return [
    new Option('--for <state>', 'State to wait for; ready means that the lab itself responds')
      .choices(states)
      .default(undefined, 'ready with a JupyterHub, otherwise running'),
    new Option(
      '--ready-timeout <duration>',
      'How long the lab may take to respond once it runs; 0 for as long as --timeout',
    ).default(undefined, '30s with a JupyterHub, otherwise 2m'),
  ];
}

/** The time limit in milliseconds; null for the default. Throws a UsageError if the command does not wait for `ready`. */
export function readyTimeout({ for: goal, readyTimeout: text }: ReadyFlags<string>): number | null {
  if (text === undefined) return null;
  const ms = parseDuration(text, '--ready-timeout');
  if (goal === undefined || goal === 'ready') return ms;
  throw new UsageError(
    `--ready-timeout has no meaning with --for ${goal}`,
    'Use --for ready, or leave it out.',
  );
}

export interface OpenFlags {
  open?: true;
}

/** The option of a command that ends with a running lab. */
export function openOption(): Option {
  return new Option('--open', "Open the lab's public URL in the browser, see `lab open`");
}

/** Whether `--open` was given. Throws a UsageError if there can be nothing to open; `because`: the option that says so. */
export function shouldOpen({ open, demo }: OpenFlags & CommonFlags, because: string | null): boolean {
  const reason = demo === undefined ? because : '--demo';
  if (open === true && reason !== null) {
    throw new UsageError(`--open: there is nothing to open with ${reason}`);
  }
  return open === true;
}

export function addLimitOptions(
  command: Command,
  timeout: string,
  unused: readonly UnusedOption[] = [],
): Command {
  return command
    .optionsGroup('Timeouts:')
    .option('--timeout <duration>', 'Deadline for the whole command: 90s, 15m, 1h30m; 0 for none', timeout)
    .addOption(
      option('--idle-timeout <duration>', 'Reconnect after this long without data', unused).default(
        undefined,
        '45s, for a JupyterHub 20s',
      ),
    );
}

export function addDisplayOptions(command: Command, unused: readonly UnusedOption[] = []): Command {
  return command
    .optionsGroup('Output:')
    .addOption(
      new Option('-o, --output <mode>', 'Format of the result on stdout (LAB_OUTPUT)')
        .choices(outputModes)
        .default(undefined, 'text'),
    )
    .addOption(
      option('--progress <mode>', 'Progress on stderr (LAB_PROGRESS)', unused)
        .choices(progressModes)
        .default(undefined, 'auto'),
    )
    .addOption(
      new Option('--color <when>', 'Use colour (NO_COLOR, FORCE_COLOR)')
        .choices(colorModes)
        .default(undefined, 'auto'),
    )
    .option('-q, --quiet', 'Print errors only')
    .addOption(
      new Option('-v, --verbose', 'Explain decisions; -vv also traces requests and responses')
        .argParser((_text, level: number | undefined) => (level ?? 0) + 1)
        .default(undefined),
    )
    .option('--log-file <path>', 'Also write the debug trace to a file');
}

export function displayOptions(flags: CommonFlags, env: Context['env']): DisplayOptions {
  const { output, progress, color } = displaySettings(flags, env);
  return { output: output.value, progress: progress.value, color: color.value, quiet: flags.quiet === true };
}

/** Where the display's settings come from, in words; only of those that are not defaults. */
export function displayOrigins(flags: CommonFlags, env: Context['env']): string[] {
  return Object.entries(displaySettings(flags, env)).flatMap(([name, { value, origin }]) =>
    origin === 'default' ? [] : [`${name} ${value}: from ${origin}`],
  );
}

function displaySettings(flags: CommonFlags, env: Context['env']) {
  const choose = <T extends string>(
    flag: string | undefined,
    name: string,
    variable: Variable | null,
    choices: readonly T[],
    otherwise: T,
  ): Setting<T> => {
    if (flag !== undefined) return setting(parseChoice(flag, choices, name), name);
    const value = variable === null ? undefined : readVariable(env, variable);
    return value === undefined || variable === null
      ? setting(otherwise, 'default')
      : setting(parseChoice(value, choices, variable), variable);
  };
  return {
    output: choose(flags.output, '--output', 'LAB_OUTPUT', outputModes, 'text'),
    progress: choose(flags.progress, '--progress', 'LAB_PROGRESS', progressModes, 'auto'),
    color: choose(flags.color, '--color', null, colorModes, 'auto'),
  };
}

export function limits(flags: CommonFlags): Limits {
  const timeout = parseDuration(flags.timeout ?? '0', '--timeout');
  const idleTimeout = parseDuration(flags.idleTimeout ?? '45s', '--idle-timeout');
  return {
    timeout: timeout === 0 ? null : timeout,
    idleTimeout: idleTimeout === 0 ? null : idleTimeout,
    isIdleTimeoutGiven: flags.idleTimeout !== undefined,
  };
}
