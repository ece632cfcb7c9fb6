/**
 * The command line: the list of commands, help, and messages for wrong usage.
 *
 * Leaves options to one file for each command (or group of commands); what a command does is loaded when it runs.
 */
import { Command, CommanderError, type Argument, type Option } from 'commander';
import type { Context } from '../runtime/context.js';
import { textOutput } from '../display/text-output.js';
import { usage } from '../model/outcome.js';
import { version } from '../model/version.js';
import { addCompletion } from './completion/scripts.js';
import { addConfig } from './config-command.js';
import { addController } from './controller-command.js';
import { addEvents } from './events-command.js';
import { isTopic, topics } from './help-topics.js';
import { addImages, addList, addOpen, addStatus, addStop, addWait } from './lab-commands.js';
import { addHelp, addSchema } from './reference-commands.js';
import { addSpawn } from './spawn-command.js';
import { suggestion } from './suggestions.js';

/** Runs the command line to its exit code. */
export async function runProgram(outer: Context): Promise<number> {
  // Not a spread, which would read the property `in` and so open stdin.
  const context = Object.create(outer, {
    out: { value: textOutput(outer.out) },
    err: { value: textOutput(outer.err) },
  }) as Context;
  let code = 0;
  const program = createProgram(context, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(withHelp(program, context.argv).flatMap(apart), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help or version, already printed.
      if (error.exitCode === 0) return 0;
      const { finishWithout } = await import('./execute.js');
      return finishWithout(context, usage(...explained(program, context, error)));
    }
    const { finishWithout, outcomeOfThrown } = await import('./execute.js');
    return finishWithout(context, await outcomeOfThrown(error, context, null));
  }
}

/** Shows the help if there is no command. `help COMMAND` is `COMMAND --help`, as in gh, kubectl and docker. */
function withHelp(program: Command, argv: readonly string[]): readonly string[] {
  if (argv.length === 0) return ['--help'];
  const [help, name, ...more] = argv;
  const isPage = help !== 'help' || name === undefined || name.startsWith('-') || isTopic(name);
  if (isPage) return argv;
  // Without --help, commander reports an unknown command and suggests a similar one.
  return program.commands.some((known) => known.name() === name) ? [name, ...more, '--help'] : [name];
}

/** Reads -o=json as -o json, as kubectl and docker do; commander would make the = part of the value. */
function apart(argument: string, index: number, argv: readonly string[]): string[] {
  const [, option, value] = /^(-[dqv]*[ou])=(.+)$/.exec(argument) ?? [];
  const isOurs = option !== undefined && value !== undefined && !argv.slice(0, index).includes('--');
  return isOurs ? [option, value] : [argument];
}

/**
 * The message on one line. Of an unknown option only the name is repeated, because its value may be a secret; it can
 * follow a letter directly.
 */
function commanderMessage(error: CommanderError): string {
  const line = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  return error.code === 'commander.unknownOption' ? line.replace(/'(--[^=']*|-[^-]).*'/, "'$1'") : line;
}

/** The width of the terminal; for a pipe, COLUMNS. */
function helpWidth({ out: { columns = 0 }, env }: Context): number {
  if (columns > 0) return Math.min(columns, 100);
  const wanted = Number(env['COLUMNS'] ?? '');
  return Number.isInteger(wanted) && wanted > 0 ? Math.min(wanted, 80) : 80;
}

/** An option's description with its choices and default, as in `Format: text|json|ndjson (default: text)`. */
function optionDescription(option: Option): string {
  const choices = option.argChoices === undefined ? '' : `: ${option.argChoices.join('|')}`;
  const value: unknown = option.defaultValueDescription ?? option.defaultValue;
  const hasDefault = typeof value === 'string' || typeof value === 'number';
  return `${option.description}${choices}${hasDefault ? ` (default: ${value})` : ''}`;
}

function argumentDescription({ description, argChoices }: Argument): string {
  return argChoices === undefined ? description : `${description}: ${argChoices.join('|')}`;
}

/** The message and the hint for wrong usage. Our own suggestion replaces commander's, which only compares letters. */
function explained(program: Command, context: Context, error: CommanderError): [string, string | null] {
  const message = commanderMessage(error);
  const suggested = suggestion(error, context.argv);
  if (suggested === null) return [message, helpHint(program, context, error)];
  return [message.replace(/ \(Did you mean .*\)$/, ''), suggested];
}

function helpHint(program: Command, { argv }: Context, error: CommanderError): string | null {
  if (error.code === 'commander.invalidArgument') return null;
  if (error.code === 'commander.unknownCommand') {
    return argv[0] === 'help'
      ? `See \`lab --help\`, or choose a topic: ${topics.join(', ')}.`
      : 'See `lab --help`.';
  }
  const command = program.commands.find((known) => known.name() === argv[0]);
  return command === undefined ? 'See `lab --help`.' : `See \`lab ${command.name()} --help\`.`;
}

/** Builds the program; `done` receives the exit code of the command that ran. */
export function createProgram(context: Context, done: (code: number) => void): Command {
  const program = new Command('lab')
    .description('Spawn a Jupyter lab on the Science Platform or at a JupyterHub.')
    .version(version, '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Show help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: false, minWidthToWrap: 20, optionDescription, argumentDescription })
    .configureOutput({
      writeOut: (text) => context.out.write(text),
      writeErr: (text) => context.out.write(text),
      // Errors become outcomes, and those are printed in one place.
      outputError: () => undefined,
      getOutHelpWidth: () => helpWidth(context),
      getErrHelpWidth: () => helpWidth(context),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  lab spawn --demo                 try it without a server
  lab spawn --size medium          start the recommended image and wait for it
  lab spawn --hub https://hub.example.org/ --option profile=gpu
  lab spawn -o json | jq .lab      for scripts: the result as JSON
  lab events --raw                 the event stream, byte for byte

Help topics: ${topics.map((topic) => `lab help ${topic}`).join(', ')}
`,
    );
  const wiring = { context, done };
  program.commandsGroup('Lab:');
  addSpawn(program, wiring);
  addWait(program, wiring);
  addStatus(program, wiring);
  addOpen(program, wiring);
  addStop(program, wiring);
  program.commandsGroup('Inspect:');
  addEvents(program, wiring);
  addList(program, wiring);
  addImages(program, wiring);
  program.commandsGroup('Setup:');
  addConfig(program, context, done);
  addCompletion(program, context);
  program.commandsGroup('Development:');
  addController(program, context, done);
  addSchema(program, context);
  addHelp(program, context);
  return program;
}
