/**
 * `lab completion`: prints a script that teaches a shell this command line.
 *
 * The script is static: completing starts no `lab`. What is in it comes from the program as it was built; the
 * shells' own languages are in src/cli/completion/, and loaded when one is asked for.
 */
import { Argument, type Command } from 'commander';
import { UsageError } from '../config/usage-error.js';
import type { Context } from '../context.js';
import type { CommandModel } from './completion/model.js';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** What the command is installed as, see package.json. */
const names = ['lab', 'nublado-lab'] as const;

export function addCompletion(program: Command, context: Context): void {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(
      new Argument('<shell>', 'for which shell')
        .choices(shells)
        // In place of the one that goes with the choices, whose message is of another form than ours.
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

It completes nublado-lab as well. Begin a new shell afterwards.
`,
    )
    .action(async (shell: Shell) => {
      const { describeProgram } = await import('./completion/model.js');
      const { scenarios } = await import('../embedded/scenarios.js');
      const script = await generator(shell);
      context.out.write(script(describeProgram(program, scenarios), names));
    });
}

function parseShell(text: string): Shell {
  const shell = shells.find((known) => known === text);
  if (shell === undefined) {
    throw new UsageError(`lab completion: there is none for "${text}"`, `There are: ${shells.join(', ')}.`);
  }
  return shell;
}

async function generator(shell: Shell): Promise<(program: CommandModel, names: readonly string[]) => string> {
  switch (shell) {
    case 'bash':
      return (await import('./completion/bash.js')).bashScript;
    case 'zsh':
      return (await import('./completion/zsh.js')).zshScript;
    case 'fish':
      return (await import('./completion/fish.js')).fishScript;
  }
}
