/**
 * `lab controller` on the command line: its options, its help, and the command after `--`.
 *
 * Leaves the work to `commands/controller.ts`, which is loaded when the command runs.
 */
import { InvalidArgumentError, type Command } from 'commander';
import { UsageError } from '../model/usage-error.js';
import type { Context } from '../runtime/context.js';
import type { HubVersion } from '../simulator/jupyterhub/hub.js';

interface ControllerFlags {
  port: number;
  host: string;
  yesExpose?: boolean;
  scenario?: string;
  speed: number;
  ping: number;
  withHub?: true | HubVersion;
  platform?: boolean;
  list?: boolean;
}

const newestHub: HubVersion = 6;

export function addController(program: Command, context: Context, done: (code: number) => void): void {
  program
    .command('controller')
    .description('Run a simulated controller, for demos and tests')
    .usage('[options] [-- command...]')
    .argument('[command...]', 'Command to run after --; the controller stops when it ends')
    .option('--port <number>', 'Port; 0 for a free one', numberIn(0, 65_535, true), 0)
    .option('--host <address>', 'Address to listen on; other than loopback needs --yes-expose', '127.0.0.1')
    .option('--yes-expose', 'Allow connections from other machines')
    .option('--scenario <name>', 'Scenario to run, see --list (default: happy, or platform)')
    .option('--speed <factor>', 'Speed-up factor', numberIn(0.001, 1e9, false), 1)
    .option('--ping <seconds>', 'Seconds between two pings', numberIn(0.001, 86_400, false), 15)
    .option('--with-hub [version]', 'Also run a simulated JupyterHub, version 4, 5 or 6', hubVersion)
    .option('--platform', 'Run a whole platform: a controller, a JupyterHub and discovery')
    .option('--list', 'Describe the scenarios and exit')
    .addHelpText(
      'after',
      `
Examples:
  lab controller                     print the lines to export, and run until Ctrl-C
  lab controller --scenario spawn-timeout --speed 10
  lab controller -- ./test.sh        run a command with LAB_CONTROLLER and
                                     LAB_TOKEN_FILE set, and exit with its code
  lab controller --with-hub=5 --scenario hub-fail
                                     run a JupyterHub, and set LAB_HUB
  lab controller --scenario platform-late
                                     run a platform, and set both
  lab spawn --tag scenario-hostile   choose a scenario by image tag

Signals are forwarded to the command. The controller ends when the command ends.

LAB_TOKEN_FILE names a token with every scope. The same folder has token-user
(create and watch only) and token-hub (also list and delete).
With --with-hub, LAB_HUB is set instead of LAB_CONTROLLER, and LAB_TOKEN_FILE
names an API token of the Hub. token-admin is an administrator's.
With --platform or a scenario of a platform, LAB_CONTROLLER, LAB_HUB and
EXTERNAL_INSTANCE_URL are set, and LAB_TOKEN_FILE names an ordinary user's
token. token-all has every scope.
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
          scenario: flags.scenario ?? null,
          platform: flags.platform === true,
          withHub: flags.withHub === true ? newestHub : (flags.withHub ?? null),
          ...(command === null ? {} : { command }),
        }),
      );
    });
}

/**
 * The words after `--`; null if there is none. It is required, because a typing error in an option would otherwise be run
 * as a command.
 */
function commandAfterDashes(argv: readonly string[], words: readonly string[]): readonly string[] | null {
  const dashes = argv.indexOf('--');
  const after = dashes === -1 ? 0 : argv.length - dashes - 1;
  const [stray] = words;
  if (stray !== undefined && words.length > after) {
    throw new UsageError(
      `lab controller: unexpected argument "${stray}"`,
      'Put a command to run after --: lab controller -- COMMAND.',
    );
  }
  if (dashes === -1) return null;
  if (stray === undefined) {
    throw new UsageError('lab controller: no command follows --', 'Without --, it runs until Ctrl-C.');
  }
  return words;
}

function hubVersion(text: string): HubVersion {
  const version = ([4, 5, 6] as const).find((each) => String(each) === text);
  if (version === undefined) throw new InvalidArgumentError('Choose 4, 5 or 6.');
  return version;
}

function numberIn(least: number, most: number, whole: boolean): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const fits = text.trim() !== '' && value >= least && value <= most && (!whole || Number.isInteger(value));
    if (!fits)
      throw new InvalidArgumentError(`Expected a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`);
    return value;
  };
}
