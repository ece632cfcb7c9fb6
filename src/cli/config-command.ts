/**
 * `lab config` on the command line: its subcommands, their options and help, and what they print.
 *
 * Leaves the work to `commands/config.ts`, which is loaded when one of them runs.
 */
import { Argument, Option, type Command } from 'commander';
import type { Change } from '../commands/config.js';
import type { Profile } from '../config/profile.js';
import { profileKeys } from '../config/profile-keys.js';
import { UsageError } from '../model/usage-error.js';
import type { Context } from '../runtime/context.js';
import { outputModes } from '../display/modes.js';
import { displayOptions } from './options.js';
import { servers } from './servers.js';

interface ConfigFlags {
  profile?: string;
}

interface ShowFlags extends ConfigFlags {
  all?: boolean;
  output?: string;
}

/** Adds `lab config`; `done` receives the exit code. Wrong usage is thrown as a UsageError. */
export function addConfig(program: Command, context: Context, done: (code: number) => void): void {
  const config = program
    .command('config')
    .description('Manage named profiles: server, user and token')
    .helpCommand(false)
    .usage('[command]')
    .addHelpText(
      'after',
      `
A profile holds any of:
  controller     a controller's URL; without a path, /nublado is appended
  hub            a JupyterHub's public URL, or auto to find the controller's;
                 with a controller, both are used
  user           the user whose lab to act on
  server_name    a named server at the JupyterHub
  token_file     a file with the token
  token_command  a command that prints the token, with its arguments; run
                 without a shell, for at most 10 seconds
Options and LAB_ variables override the profile. A profile's token and user are
used only with its own servers. Without --profile or LAB_PROFILE, the profile
"default" is used.

Examples:
  lab config set controller https://data.example.org
  lab config set token_file ~/.config/rsp-token
  lab config set --profile int token_command -- pass show rsp/int
  lab config show --all
  lab status --profile int
`,
    )
    .action(() => {
      const [word] = config.args;
      if (word === undefined) {
        config.outputHelp();
        return;
      }
      const names = config.commands.map((command) => command.name()).join(', ');
      throw new UsageError(`lab config: unknown command "${word}"`, `Choose ${names}.`);
    });
  addShow(config, context, done);
  addSet(config, context, done);
  addUnset(config, context, done);
  addPath(config, context, done);
  // An unknown command reaches the action, whose message is better than commander's. Set after the commands are added,
  // because they would inherit it.
  config.allowExcessArguments();
}

function addProfileOption(command: Command): Command {
  return command.option('--profile <name>', 'Profile (LAB_PROFILE; default: default)');
}

function keyArgument(): Argument {
  return (
    new Argument('<key>', 'Setting')
      .choices(profileKeys)
      // Replaces the parser that commander adds for choices, which repeats an unknown value: it may be a token.
      .argParser((text) => text)
  );
}

const nothing = 'nothing is set';

function addShow(config: Command, context: Context, done: (code: number) => void): void {
  const command = config.command('show').description("Print a profile's settings, one per line");
  addProfileOption(command)
    .option('--all', "Print every profile; each line starts with the profile's name")
    .addOption(new Option('-o, --output <mode>', 'Format on stdout (LAB_OUTPUT)').choices(outputModes))
    .addHelpText(
      'after',
      `
Examples:
  lab config show
  lab config show --profile int
  lab config show --all -o json | jq .profiles

This shows the file; \`lab status -v\` shows the effective settings.
`,
    )
    .action(async (flags: ShowFlags) => {
      const started = context.clock.monotonic();
      const { output } = displayOptions(
        flags.output === undefined ? {} : { output: flags.output },
        context.env,
      );
      const { configLines, showConfig } = await import('../commands/config.js');
      const profiles = showConfig(context, { ...flags, servers });
      const lines = configLines(profiles, flags.all === true);
      if (output === 'text') {
        context.out.write(lines.map((line) => `${line}\n`).join(''));
        if (lines.length === 0) say(context, nothing);
      } else {
        const message = lines.length === 0 ? nothing : `settings of ${Object.keys(profiles).join(', ')}`;
        await writeResult(context, started, message, { profiles });
      }
      done(0);
    });
}

function addSet(config: Command, context: Context, done: (code: number) => void): void {
  const command = config
    .command('set')
    .description('Set a value in a profile, creating it if needed')
    .addArgument(keyArgument())
    .argument('<value...>', 'Value; for token_command the command and its arguments');
  addProfileOption(command)
    .addHelpText(
      'after',
      `
Examples:
  lab config set controller https://data.example.org
  lab config set user anna --profile int
  lab config set token_file ~/.config/rsp-token
  lab config set token_command -- op read --no-newline op://work/rsp/token

Put -- before a command with options of its own. The file never contains a
token: put the token into a file that only you can read, and set token_file.
`,
    )
    .action(async (key: string, values: string[], flags: ConfigFlags) => {
      const { setConfig } = await import('../commands/config.js');
      await report(context, () => setConfig(context, key, values, { ...flags, servers }));
      done(0);
    });
}

function addUnset(config: Command, context: Context, done: (code: number) => void): void {
  const command = config
    .command('unset')
    .description('Remove a value from a profile (the profile is deleted when empty)')
    .addArgument(keyArgument());
  addProfileOption(command)
    .addHelpText(
      'after',
      `
Examples:
  lab config unset user
  lab config unset token_file --profile int
`,
    )
    .action(async (key: string, flags: ConfigFlags) => {
      const { unsetConfig } = await import('../commands/config.js');
      await report(context, () => unsetConfig(context, key, { ...flags, servers }));
      done(0);
    });
}

function addPath(config: Command, context: Context, done: (code: number) => void): void {
  config
    .command('path')
    .description('Print the path of the file, whether or not it exists')
    .addHelpText(
      'after',
      `
Example:
  "$EDITOR" "$(lab config path)"

XDG_CONFIG_HOME changes the directory.
`,
    )
    .action(async () => {
      const { configFile } = await import('../commands/config.js');
      context.out.write(`${configFile(context)}\n`);
      done(0);
    });
}

/** Makes a change and reports it: as a sentence on stderr, or as the result object on stdout. A warning goes to stderr. */
async function report(context: Context, change: () => Promise<Change>): Promise<void> {
  const started = context.clock.monotonic();
  const { output } = displayOptions({}, context.env);
  const { message, warning } = await change();
  if (output === 'text') say(context, message);
  else await writeResult(context, started, message);
  if (warning !== undefined) say(context, `warning: ${warning}`);
}

function say(context: Context, message: string): void {
  context.err.write(`${message}\n`);
}

/** `started` is in monotonic milliseconds. */
async function writeResult(
  { clock, out }: Context,
  started: number,
  message: string,
  more: { profiles?: Record<string, Profile> } = {},
): Promise<void> {
  const { toOutputJson } = await import('../model/json.js');
  const result = {
    schema: 1,
    kind: 'result',
    time: new Date(clock.now()).toISOString(),
    elapsed_ms: Math.max(0, Math.round(clock.monotonic() - started)),
    outcome: 'ok',
    exit_code: 0,
    message,
    events: 0,
    lab: null,
    ...more,
  };
  out.write(`${toOutputJson(result)}\n`);
}
