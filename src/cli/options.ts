/**
 * The options that commands share, and their values turned into types.
 *
 * Owns names, help texts and defaults on the command line; what they mean is decided below.
 */
import { Option, type Command } from 'commander';
import type { Context } from '../context.js';
import { readVariable, type Variable } from '../config/environment.js';
import { UsageError } from '../config/usage-error.js';
import { parseChoice, parseDuration } from '../config/parse.js';
import { colorModes, outputModes, progressModes, type DisplayOptions } from '../display/modes.js';
import type { Limits } from '../commands/session.js';

/** Values as commander hands them over. */
export interface CommonFlags {
  controller?: string;
  user?: string;
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
  /** How often -v was given. */
  verbose?: number;
  logFile?: string;
}

export function addTargetOptions(command: Command): Command {
  return command
    .optionsGroup('Who and where:')
    .option('--controller <url>', "the controller's URL (LAB_CONTROLLER)")
    .option('-u, --user <name>', 'whose lab (LAB_USER; default: as the token says)')
    .option('--token-file <path>', 'a file that holds the token, - for stdin (LAB_TOKEN_FILE, LAB_TOKEN)')
    .addOption(
      new Option('--token <value>').hideHelp().argParser(() => {
        throw new UsageError(
          '--token: others could read it in the process list',
          'Put the token into a file and name it in --token-file or LAB_TOKEN_FILE.',
        );
      }),
    )
    .option('--direct', 'send identity headers instead of a bearer token, behind the ingress (LAB_DIRECT=1)')
    .option('--ca-file <path>', "certificate authorities to trust beside Node's own, in PEM (LAB_CA_FILE)")
    .option('--profile <name>', 'the profile to use, see `lab config` (LAB_PROFILE)')
    .option('--demo [scenario]', 'use an embedded controller instead of a real one');
}

export function addLimitOptions(command: Command, timeout: string): Command {
  return command
    .optionsGroup('Waiting:')
    .option(
      '--timeout <duration>',
      'deadline for the whole command, as in 90s, 15m or 1h30m; 0 for none',
      timeout,
    )
    .option('--idle-timeout <duration>', 'a connection silent for this long is dead', '45s');
}

export function addDisplayOptions(command: Command): Command {
  return command
    .optionsGroup('Output:')
    .addOption(new Option('-o, --output <mode>', 'the result on stdout (LAB_OUTPUT)').choices(outputModes))
    .addOption(new Option('--progress <mode>', 'progress on stderr (LAB_PROGRESS)').choices(progressModes))
    .addOption(new Option('--color <when>', 'colours (NO_COLOR, FORCE_COLOR)').choices(colorModes))
    .option('-q, --quiet', 'errors only')
    .option(
      '-v, --verbose',
      'explain decisions; -vv: requests and answers too',
      (_text, level: number) => level + 1,
      0,
    )
    .option('--log-file <path>', 'write all of that to a file as well');
}

export function displayOptions(flags: CommonFlags, env: Context['env']): DisplayOptions {
  const choose = <T extends string>(
    flag: string | undefined,
    name: string,
    variable: Variable | null,
    choices: readonly T[],
    otherwise: T,
  ): T => {
    if (flag !== undefined) return parseChoice(flag, choices, name);
    const value = variable === null ? undefined : readVariable(env, variable);
    return value === undefined || variable === null ? otherwise : parseChoice(value, choices, variable);
  };
  return {
    output: choose(flags.output, '--output', 'LAB_OUTPUT', outputModes, 'text'),
    progress: choose(flags.progress, '--progress', 'LAB_PROGRESS', progressModes, 'auto'),
    color: choose(flags.color, '--color', null, colorModes, 'auto'),
    quiet: flags.quiet === true,
  };
}

export function limits(flags: CommonFlags): Limits {
  const timeout = parseDuration(flags.timeout ?? '0', '--timeout');
  const idleTimeout = parseDuration(flags.idleTimeout ?? '45s', '--idle-timeout');
  return {
    timeout: timeout === 0 ? null : timeout,
    idleTimeout: idleTimeout === 0 ? null : idleTimeout,
  };
}
