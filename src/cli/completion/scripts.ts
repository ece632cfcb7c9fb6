/**
 * `lab completion`: prints a script that completes this command line in a shell.
 *
 * The script is static: pressing Tab does not start `lab`. Its content comes from the program itself. The generators, one
 * for each shell, are in src/cli/completion/ and are loaded when they are needed.
 */
import { Argument, type Command } from 'commander';
import { UsageError } from '../../model/usage-error.js';
import type { Context } from '../../runtime/context.js';
import type { CommandModel } from './model.js';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** The names under which the command is installed, see package.json. */
const names = ['lab', 'nublado-lab'] as const;

export function addCompletion(program: Command, context: Context): void {
  program
    .command('completion')
    .description('Print a completion script for a shell')
    .addArgument(
      new Argument('<shell>', 'the shell')
        .choices(shells)
        // Replaces the parser that commander adds for choices, whose messages look different.
        .argParser(parseShell),
    )
    .addHelpText(
      'after',
      `
bash, in ~/.bashrc:
  source <(lab completion bash)

  or, with bash 3.2 as on macOS:
  eval "$(lab completion bash)"

zsh, in ~/.zshrc, after compinit:
  source <(lab completion zsh)

  or once, as a file in a folder of $fpath:
  lab completion zsh > "\${fpath[1]}/_lab"

fish, in ~/.config/fish/config.fish:
  lab completion fish | source

Also completes nublado-lab. Start a new shell.
`,
    )
    .action(async (shell: Shell) => {
      const { describeProgram } = await import('./model.js');
      const { scenarios } = await import('../../simulator/stories/scenarios.js');
      const { hubScenarios } = await import('../../simulator/jupyterhub/scenarios.js');
      const { platformScenarios } = await import('../../simulator/platform/scenarios.js');
      const script = await generator(shell);
      context.out.write(
        script(describeProgram(program, { ...scenarios, ...hubScenarios, ...platformScenarios }), names),
      );
    });
}

function parseShell(text: string): Shell {
  const shell = shells.find((known) => known === text);
  if (shell === undefined) {
    throw new UsageError(`lab completion: unknown shell "${text}"`, `Choose ${shells.join(', ')}.`);
  }
  return shell;
}

async function generator(shell: Shell): Promise<(program: CommandModel, names: readonly string[]) => string> {
  switch (shell) {
    case 'bash':
      return (await import('./bash.js')).bashScript;
    case 'zsh':
      return (await import('./zsh.js')).zshScript;
    case 'fish':
      return (await import('./fish.js')).fishScript;
  }
}
