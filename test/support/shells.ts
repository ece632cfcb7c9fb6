/**
 * The shells that completion scripts are for: a script in a file, what a shell offers for a line, and an interactive
 * shell at a terminal.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { addCompletion } from '../../src/cli/completion/scripts.js';
import { createProgram, runProgram } from '../../src/cli/program.js';
import { fakeContext } from './context.js';
import { atTerminal } from './program.js';
import { recorder } from './streams.js';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Options of a test that needs the shell: without it, the test is skipped. */
export function missing(shell: Shell): { skip: string | false } {
  const installed = spawnSync(shell, ['-c', 'exit']).status === 0;
  return { skip: installed ? false : `${shell} is not installed` };
}

/** Writes the completion script to a file of this name in the folder, and returns its path. */
export async function scriptFile(
  folder: string,
  shell: Shell,
  name: string,
  program?: Command,
): Promise<string> {
  const out = recorder();
  const context = fakeContext({ out });
  if (program !== undefined) addCompletion(program, context);
  await (program ?? createProgram(context, () => undefined)).parseAsync(['completion', shell], {
    from: 'user',
  });
  const file = join(folder, `${name}.${shell}`);
  writeFileSync(file, out.text());
  return file;
}

/** Creates profiles of these names with `lab config set`, and returns the path of their file. */
export async function saveProfiles(home: string, names: readonly string[]): Promise<string> {
  for (const name of names) {
    const argv = ['config', 'set', 'user', 'anna', '--profile', name];
    assert.equal(await runProgram(fakeContext({ argv, home })), 0);
  }
  return join(home, '.config/nublado-lab/config.json');
}

/** What bash offers for the last of the words. */
export function bash(file: string, home: string, ...words: string[]): string[] {
  const code = `
    source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nublado_lab
    ((\${#COMPREPLY[@]} == 0)) || printf '%s\\n' "\${COMPREPLY[@]}"`;
  return offered('bash', ['--norc', '-c', code, file, ...words], home);
}

/** What fish offers for the line, each with its description after a tab. */
export function fish(file: string, home: string, line: string): string[] {
  return offered('fish', ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', file, line], home);
}

function offered(shell: Shell, args: readonly string[], home: string): string[] {
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, LANG: 'C.UTF-8' };
  return execFileSync(shell, args, { cwd: home, encoding: 'utf8', env }).split('\n').slice(0, -1);
}

/** Types the line and Tab, and returns what the terminal then shows, and every byte that the shell wrote until then. */
export type Tab = (line: string) => Promise<string>;

/** Starts an interactive shell in `home`, which begins with `setUp`, for as long as `use` runs. */
export async function inSession(
  shell: Shell,
  home: string,
  setUp: string,
  use: (tab: Tab) => Promise<void>,
): Promise<void> {
  const begin = `cd '${home}'; ${setUp}`;
  const file = join(home, '.zshrc');
  const scripts: Record<Shell, string> = {
    bash: `exec bash --noprofile --rcfile '${file}' -i`,
    zsh: 'exec zsh -d -i',
    fish: `exec fish --no-config -i -C "source '${file}'"`,
  };
  writeFileSync(file, shell === 'zsh' ? `autoload -Uz compinit; compinit -u -D; ${begin}\n` : `${begin}\n`);
  const terminal = atTerminal(scripts[shell], {
    columns: 150,
    rows: 50,
    env: { HOME: home, ZDOTDIR: home, INPUTRC: '/dev/null' },
  });
  let lines = 0;
  const seen = { text: 0, written: 0 };
  const tab: Tab = async (line) => {
    lines += 1;
    // The completed line stays on the screen as the arguments of a no-op command.
    const toTheStart = '\x01';
    terminal.type(`${line}\t${toTheStart}: \recho 'line'-${lines}\r`);
    await terminal.seen(new RegExp(`^line-${lines}$`, 'm'));
    const [text, written] = [terminal.text(), terminal.written()];
    // A list of matches is written, and then erased.
    const shown = text.slice(seen.text) + written.slice(seen.written);
    [seen.text, seen.written] = [text.length, written.length];
    return shown;
  };
  try {
    await use(tab);
  } finally {
    terminal.type('exit\r');
    await terminal.finished;
  }
}

/** Texts that a shell would act on if a quote were missing. */
export const nasty = [
  "it's",
  'two words',
  '$HOME',
  '$(touch pwned)',
  '`touch pwned`',
  '"x"',
  'a;touch pwned',
  '\\n',
  '*',
];

/** A program with such texts in every place, a hidden command and a hidden option. */
export function nastyProgram(): Command {
  const text = `it's [a] b]: "c": $(touch pwned) \`touch pwned\` $HOME \\ \\n %s; & | done`;
  const program = new Command('lab').description(text);
  const set = program.command('config').description(text).command('set').description(text);
  set
    .addArgument(new Argument('<key>', text).choices(nasty))
    .addOption(new Option('--mode <a b]: c>', text).choices(nasty))
    .addOption(new Option('--why [it]', text).choices(['plain']))
    .addOption(new Option('--old <value>', text).hideHelp());
  program.command('secret', { hidden: true });
  return program;
}
