/**
 * `lab controller` on the command line: its options, its help, and the command after `--`.
 *
 * What it does is src/commands/controller.ts's, which is loaded when it runs.
 */
import { InvalidArgumentError, type Command } from 'commander';
import { UsageError } from '../config/usage-error.js';
import type { Context } from '../context.js';

interface ControllerFlags {
  port: number;
  host: string;
  yesExpose?: boolean;
  scenario: string;
  speed: number;
  ping: number;
  list?: boolean;
}

export function addController(program: Command, context: Context, done: (code: number) => void): void {
  program
    .command('controller')
    .description('run the embedded controller, for demos and tests')
    .usage('[options] [-- command...]')
    .argument('[command...]', 'after --: what to run beside it; it serves for as long as that runs')
    .option('--port <number>', 'the port; 0 for a free one', numberIn(0, 65_535, true), 0)
    .option(
      '--host <address>',
      'the address to listen on; another than loopback needs --yes-expose',
      '127.0.0.1',
    )
    .option('--yes-expose', 'let other machines reach it')
    .option('--scenario <name>', 'the story that it plays, see --list', 'happy')
    .option('--speed <factor>', 'play the story this many times as fast', numberIn(0.001, 1e9, false), 1)
    .option('--ping <seconds>', 'the time between two pings', numberIn(0.001, 86_400, false), 15)
    .option('--list', 'describe the scenarios and exit')
    .addHelpText(
      'after',
      `
Examples:
  lab controller                     prints the lines to export, and serves until Ctrl-C
  lab controller --scenario spawn-timeout --speed 10
  lab controller -- ./test.sh        runs it with LAB_CONTROLLER and LAB_TOKEN_FILE set,
                                     and ends with its exit code
  lab spawn --tag scenario-hostile   one controller plays every scenario, by image tag

Signals go on to the command, and the controller ends when the command has ended.

LAB_TOKEN_FILE has every scope. Beside it lie token-user, which may create and watch but
neither list nor delete, and token-hub, which may do that too.
`,
    )
    .action(async (words: string[], flags: ControllerFlags) => {
      const command = commandAfterDashes(context.argv, words);
      const { serve } = await import('../commands/controller.js');
      done(
        await serve(context, {
          ...flags,
          yesExpose: flags.yesExpose === true,
          list: flags.list === true,
          ...(command === null ? {} : { command }),
        }),
      );
    });
}

/** Null where there is no `--`. Without one, a slip in an option would be run as a command. */
function commandAfterDashes(argv: readonly string[], words: readonly string[]): readonly string[] | null {
  const dashes = argv.indexOf('--');
  const after = dashes === -1 ? 0 : argv.length - dashes - 1;
  const [stray] = words;
  if (stray !== undefined && words.length > after) {
    throw new UsageError(
      `lab controller: "${stray}" is no option`,
      'A command to run comes after --: lab controller -- COMMAND.',
    );
  }
  if (dashes === -1) return null;
  if (stray === undefined) {
    throw new UsageError('lab controller: no command follows --', 'Without --, it serves until Ctrl-C.');
  }
  return words;
}

function numberIn(least: number, most: number, whole: boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const fits = text.trim() !== '' && value >= least && value <= most && (!whole || Number.isInteger(value));
    if (!fits)
      throw new InvalidArgumentError(`It takes a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`);
    return value;
  };
}
