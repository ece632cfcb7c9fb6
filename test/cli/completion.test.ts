/**
 * `lab completion`: what the scripts offer, asked of the shells themselves. Where zsh or fish is not installed,
 * its tests are skipped.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { Argument, Command, Option } from 'commander';
import { addCompletion } from '../../src/cli/completion.js';
import { createProgram } from '../../src/cli/program.js';
import { UsageError } from '../../src/config/usage-error.js';
import { scenarioNames } from '../../src/embedded/scenarios.js';
import { fakeContext } from '../support/context.js';
import { atTerminal } from '../support/program.js';
import { recorder } from '../support/streams.js';
import { temporaryFolder } from '../support/temporary.js';

type Shell = 'bash' | 'zsh' | 'fish';

const folder = temporaryFolder();
writeFileSync(join(folder, 'a token.txt'), '');

function missing(shell: Shell): { skip: string | false } {
  const installed = spawnSync(shell, ['-c', 'exit']).status === 0;
  return { skip: installed ? false : `${shell} is not installed` };
}

/** Writes the script to a file of this name, and returns its path. */
async function scriptFile(shell: Shell, name: string, program?: Command): Promise<string> {
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

/** What bash offers for the last of the words. */
function bash(file: string, ...words: string[]): string[] {
  const code = `
    source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nublado_lab
    ((\${#COMPREPLY[@]} == 0)) || printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['--norc', '-c', code, file, ...words], { cwd: folder, encoding: 'utf8' });
  return out.split('\n').slice(0, -1);
}

/** What fish offers, each with its description after a tab. */
function fish(file: string, line: string): string[] {
  const code = 'source $argv[1]; complete -C $argv[2]';
  const args = ['--no-config', '-c', code, file, line];
  // The shell's own notes go to a home of its own.
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, LANG: 'C.UTF-8' };
  return execFileSync('fish', args, { cwd: folder, encoding: 'utf8', env }).split('\n').slice(0, -1);
}

/** Texts that a shell would act on if a quote were missing. */
const nasty = [
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

function nastyProgram(): Command {
  const text = `it's [a] b]: "c": $(touch pwned) \`touch pwned\` $HOME \\ \\n %s; & | done`;
  const program = new Command('lab').description(text);
  const set = program.command('config').description(text).command('set').description(text);
  set
    .addArgument(new Argument('<key>', text).choices(nasty))
    .addOption(new Option('--mode <a b]: c>', text).choices(nasty))
    .addOption(new Option('--why [it]', text).choices(['plain']));
  program.command('secret', { hidden: true });
  return program;
}

describe('lab completion bash', () => {
  let file: string;
  before(async () => {
    file = await scriptFile('bash', 'lab');
  });

  it('is for both names', () => {
    const out = execFileSync('bash', ['--norc', '-c', `source '${file}'; complete -p lab nublado-lab`], {
      encoding: 'utf8',
    });
    assert.equal(out, 'complete -F _nublado_lab lab\ncomplete -F _nublado_lab nublado-lab\n');
  });

  it('knows every command', () => {
    const program = createProgram(fakeContext(), () => undefined);
    const names = program.commands.map((command) => command.name());
    assert.ok(names.includes('spawn') && names.includes('completion'));
    assert.deepEqual(bash(file, 'lab', ''), names);
  });

  const cases: [string, string[], readonly string[]][] = [
    ['a command', ['sp'], ['spawn']],
    ['options of the program', ['--v'], ['--version']],
    ['options', ['spawn', '--en'], ['--enable-debug', '--env']],
    ['no hidden option', ['spawn', '--token'], ['--token-file']],
    ['options of that command only', ['controller', '--en'], []],
    ['choices', ['spawn', '--output', ''], ['text', 'json', 'ndjson']],
    ['choices after a short option', ['spawn', '-o', 'j'], ['json']],
    ['choices after =, which bash takes for a word', ['spawn', '--output', '=', 'n'], ['ndjson']],
    ['the same with nothing after it', ['spawn', '--output', '='], ['text', 'json', 'ndjson']],
    ['choices after =, where bash does not', ['spawn', '--output=n'], ['--output=ndjson']],
    ['options after a choice', ['spawn', '-o', 'json', '--siz'], ['--size']],
    ['options after a choice and =', ['spawn', '--output', '=', 'json', '--siz'], ['--size']],
    ['nothing for a value that it cannot know', ['spawn', '--timeout', ''], []],
    ['not an option for a value that must be there', ['spawn', '--env', '--siz'], []],
    ['scenarios', ['spawn', '--demo', ''], scenarioNames],
    ['options where the scenario may be left out', ['spawn', '--demo', '--siz'], ['--size']],
    ['options after the scenario', ['spawn', '--demo', 'happy', '--siz'], ['--size']],
    ['scenarios of the controller', ['controller', '--scenario', 'sta'], ['stall']],
    ['files', ['spawn', '--token-file', 'a'], ['a token.txt']],
    ['files after =', ['spawn', '--token-file=a'], ['--token-file=a token.txt']],
    ['arguments', ['completion', ''], ['bash', 'zsh', 'fish']],
    ['no more arguments than there are', ['completion', 'bash', ''], []],
    ['commands of a command', ['config', 's'], ['show', 'set']],
    ['settings to set', ['config', 'set', ''], ['controller', 'user', 'token_file', 'token_command']],
    ['settings to unset', ['config', 'unset', 'tok'], ['token_file', 'token_command']],
    ['nothing for the value of a setting', ['config', 'set', 'user', ''], []],
    ['schemas', ['schema', ''], ['event', 'output']],
    ['options of a command of a command', ['config', 'set', '--pro'], ['--profile']],
    ['topics and commands for help', ['help', 'e'], ['exit-codes', 'environment', 'events']],
    ['nothing to run before --', ['controller', 'bas'], []],
    ['files for what runs after --', ['controller', '--speed', '2', '--', 'cat', 'a'], ['a token.txt']],
  ];
  for (const [name, words, expected] of cases) {
    it(`offers ${name}: lab ${words.join(' ')}`, () => {
      assert.deepEqual(bash(file, 'lab', ...words), expected);
    });
  }

  it('offers commands to run after --', () => {
    assert.ok(bash(file, 'lab', 'controller', '--', 'bas').includes('bash'));
  });

  it('takes nothing in a text for code', async () => {
    const own = await scriptFile('bash', 'nasty', nastyProgram());
    const offered = bash(own, 'lab', 'config', 'set', '');
    assert.equal(offered.length, nasty.length);
    // As typed, each is that one word again.
    const code = `for word in ${offered.join(' ')}; do printf '%s\\n' "$word"; done`;
    assert.deepEqual(
      execFileSync('bash', ['-c', code], { encoding: 'utf8' }).split('\n').slice(0, -1),
      nasty,
    );
    assert.deepEqual(bash(own, 'lab', 'config', 'set', '--mode', ''), offered);
    assert.deepEqual(bash(own, 'lab', 'c'), ['config', 'completion']);
    assert.deepEqual(bash(own, 'lab', 's'), []);
    assert.equal(existsSync(join(folder, 'pwned')), false);
  });
});

describe('lab completion fish', missing('fish'), () => {
  it('offers what bash is offered, with descriptions', async () => {
    const file = await scriptFile('fish', 'lab');
    assert.deepEqual(fish(file, 'lab sp'), [
      'spawn\tcreate a lab, show its progress, and exit with the outcome',
    ]);
    assert.deepEqual(fish(file, 'nublado-lab spawn -o j'), ['json']);
    assert.deepEqual(fish(file, 'lab spawn --output=nd'), ['--output=ndjson']);
    assert.deepEqual(fish(file, 'lab spawn --token'), [
      '--token-file\ta file that holds the token, - for stdin (LAB_TOKEN_FILE, LAB_TOKEN)',
    ]);
    assert.deepEqual(
      fish(file, 'lab spawn --demo ').map((line) => line.split('\t')[0]),
      [...scenarioNames].sort(),
    );
    assert.deepEqual(fish(file, 'lab spawn --token-file a'), ['a token.txt']);
    assert.deepEqual(fish(file, 'lab completion f'), ['fish']);
    assert.deepEqual(fish(file, 'lab schema o'), ['output']);
    assert.deepEqual(fish(file, 'lab config set tok'), ['token_command', 'token_file']);
    assert.deepEqual(fish(file, 'lab config unset u'), ['user']);
    assert.deepEqual(fish(file, 'lab help exi'), ['exit-codes\ta reference page']);
    assert.deepEqual(fish(file, 'lab completion fish f'), []);
    assert.match(fish(file, 'lab config set --prof').join('\n'), /^--profile\t/);
    assert.deepEqual(fish(file, 'lab controller a'), []);
    assert.deepEqual(fish(file, 'lab controller --speed 2 -- cat a'), ['a token.txt']);
  });

  it('takes nothing in a text for code', async () => {
    const file = await scriptFile('fish', 'nasty', nastyProgram());
    const { description } = nastyProgram().commands[0]?.commands[0]?.options[0] ?? {};
    assert.deepEqual(fish(file, 'lab config set --mod'), [`--mode\t${description ?? ''}`]);
    assert.deepEqual(fish(file, 'lab config set ').sort(), [...nasty].sort());
    assert.deepEqual(fish(file, 'lab config set --mode ').sort(), [...nasty].sort());
    assert.equal(existsSync(join(folder, 'pwned')), false);
  });
});

describe('lab completion zsh', missing('zsh'), () => {
  /** Types a line and Tab at a real zsh, which must show this. */
  async function typed(setUp: string, line: string, expected: RegExp): Promise<void> {
    writeFileSync(
      join(folder, '.zshrc'),
      `cd '${folder}'; autoload -Uz compinit; compinit -u -D; ${setUp}; PS1='ready> '`,
    );
    const env = { HOME: folder, ZDOTDIR: folder };
    const terminal = atTerminal('exec zsh -d -i', { columns: 150, env });
    await terminal.seen(/ready>/);
    // What has become of the line is left standing, as the arguments of a command that does nothing.
    const toTheStart = '\x01';
    terminal.type(`${line}\t${toTheStart}: \rexit\r`);
    await terminal.finished;
    assert.match(terminal.text() + terminal.written(), expected);
  }

  it('is correct to the shell itself', async () => {
    for (const file of [await scriptFile('zsh', 'lab'), await scriptFile('zsh', 'nasty', nastyProgram())]) {
      assert.equal(execFileSync('zsh', ['-n', file], { encoding: 'utf8' }), '');
    }
  });

  it('completes when it was sourced', async () => {
    const source = `source '${await scriptFile('zsh', 'lab')}'`;
    await typed(source, 'lab spawn -o js', /spawn -o json/);
    await typed(source, 'nublado-lab spawn --demo sta', /--demo stall/);
    await typed(source, 'lab sta', /lab status/);
    await typed(source, 'lab spawn --token-file a', /--token-file a\\ token\.txt/);
    await typed(source, 'lab controller -- cat a', /cat a\\ token\.txt/);
    await typed(source, 'lab schema o', /lab schema output/);
    await typed(source, 'lab config set con', /lab config set controller/);
    await typed(source, 'lab config unset u', /lab config unset user/);
    await typed(source, 'lab help exi', /lab help exit-codes/);
    await typed(source, 'lab config s', /set +-- [^]*show +-- /);
  });

  it('completes as a file in $fpath', async () => {
    await scriptFile('zsh', 'lab');
    const source = `mkdir -p f; cp lab.zsh f/_lab; fpath=($PWD/f $fpath); compinit -u -D`;
    await typed(source, 'nublado-lab completion f', /completion fish/);
  });

  it('takes nothing in a text for code', async () => {
    const source = `source '${await scriptFile('zsh', 'nasty', nastyProgram())}'`;
    await typed(
      source,
      'lab config set --',
      /--mode .*-- it's \[a\] b\]: "c": \$\(touch pwned\) `touch pwned` \$HOME \\ \\n %s; & \| done/,
    );
    await typed(source, 'lab config set tw', /set two\\ words/);
    await typed(source, 'lab config set --mode \\$\\(', /--mode \\\$\\\(touch\\ pwned\\\)/);
    assert.equal(existsSync(join(folder, 'pwned')), false);
  });
});

describe('lab completion', () => {
  it('knows three shells', async () => {
    const out = recorder();
    const program = createProgram(fakeContext({ out }), () => undefined);
    await assert.rejects(
      program.parseAsync(['completion', 'tcsh'], { from: 'user' }),
      (error) =>
        error instanceof UsageError &&
        error.message === 'lab completion: there is none for "tcsh"' &&
        error.hint === 'There are: bash, zsh, fish.',
    );
    assert.equal(out.text(), '');
  });
});
