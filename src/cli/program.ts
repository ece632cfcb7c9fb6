/**
 * The command line: names, options, help. Each command's modules are loaded when it runs, not before.
 */
import { Command, CommanderError } from 'commander';
import type { Context } from '../context.js';
import { textOutput } from '../display/text-output.js';
import { usage } from '../model/outcome.js';
import { version } from '../model/version.js';
import { addCompletion } from './completion.js';
import { addConfig } from './config-command.js';
import { addController } from './controller-command.js';
import { addEvents } from './events-command.js';
import { topics } from './help-topics.js';
import { addImages, addList, addStatus, addStop, addWait } from './lab-commands.js';
import { addHelp, addSchema } from './reference-commands.js';
import { addSpawn } from './spawn-command.js';

/** Runs the command line to its exit code. */
export async function runProgram(outer: Context): Promise<number> {
  // Not spread: to look at stdin is to open it.
  const context = Object.create(outer, {
    out: { value: textOutput(outer.out) },
    err: { value: textOutput(outer.err) },
  }) as Context;
  let code = 0;
  const program = createProgram(context, (result) => {
    code = result;
  });
  try {
    // Like gh, kubectl and docker: without a command, the help.
    const argv = context.argv.length === 0 ? ['--help'] : context.argv.flatMap(apart);
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version were asked for and have been printed.
      if (error.exitCode === 0) return 0;
      const { finishWithout } = await import('./execute.js');
      return finishWithout(context, usage(commanderMessage(error), helpHint(program, context, error)));
    }
    const { finishWithout, outcomeOfThrown } = await import('./execute.js');
    return finishWithout(context, await outcomeOfThrown(error, context, null));
  }
}

/** Like kubectl and docker: -o=json is -o json, where commander takes the = for a part of the value. */
function apart(argument: string, index: number, argv: readonly string[]): string[] {
  const [, option, value] = /^(-[dqv]*[ou])=(.+)$/.exec(argument) ?? [];
  const isOurs = option !== undefined && value !== undefined && !argv.slice(0, index).includes('--');
  return isOurs ? [option, value] : [argument];
}

/** One line, and of an unknown option only the name: its value, which may stand right behind a letter, may be a secret. */
function commanderMessage(error: CommanderError): string {
  const line = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  return error.code === 'commander.unknownOption' ? line.replace(/'(--[^=']*|-[^-]).*'/, "'$1'") : line;
}

function helpWidth({ out: { columns = 0 } }: Context): number {
  return columns > 0 ? Math.min(columns, 100) : 80;
}

function helpHint(program: Command, { argv }: Context, error: CommanderError): string | null {
  if (error.code === 'commander.invalidArgument') return null;
  const command = program.commands.find((known) => known.name() === argv[0]);
  return command === undefined ? 'See `lab --help`.' : `See \`lab ${command.name()} --help\`.`;
}

/** Builds the program; `done` receives the exit code of the command that ran. */
export function createProgram(context: Context, done: (code: number) => void): Command {
  const program = new Command('lab')
    .description('Spawn a Rubin Science Platform lab and watch it come up.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => context.out.write(text),
      writeErr: (text) => context.out.write(text),
      // Errors become outcomes, which are printed in one place.
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
  lab spawn --demo                 see it work, without any controller
  lab spawn --size medium          start the recommended image and wait for it
  lab spawn -o json | jq .lab      for scripts: the result as JSON
  lab events --raw                 the event stream, byte for byte

Help topics: ${topics.map((topic) => `lab help ${topic}`).join(', ')}
`,
    );
  const wiring = { context, done };
  addSpawn(program, wiring);
  addWait(program, wiring);
  addEvents(program, wiring);
  addStatus(program, wiring);
  addList(program, wiring);
  addStop(program, wiring);
  addImages(program, wiring);
  addConfig(program, context, done);
  addController(program, context, done);
  addSchema(program, context);
  addCompletion(program, context);
  addHelp(program, context);
  return program;
}
