/**
 * `lab completion`: what the scripts offer, as reported by the shells. test/cli/completion-sessions.test.ts types at
 * interactive shells.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { createProgram } from '../../src/cli/program.js';
import { UsageError } from '../../src/model/usage-error.js';
import { scenarioNames } from '../../src/simulator/stories/scenarios.js';
import { hubScenarioNames } from '../../src/simulator/jupyterhub/scenarios.js';
import { platformScenarioNames } from '../../src/simulator/platform/scenarios.js';
import { eventTypes } from '../../src/model/event-types.js';
import { fakeContext } from '../support/context.js';
import { bash, fish, missing, nasty, nastyProgram, saveProfiles, scriptFile } from '../support/shells.js';
import { recorder } from '../support/streams.js';
import { temporaryFolder } from '../support/temporary.js';

const folder = temporaryFolder();
writeFileSync(join(folder, 'a token.txt'), '');
await saveProfiles(folder, ['default', 'int', 'two_words-2']);

describe('lab completion bash', () => {
  let file: string;
  before(async () => {
    file = await scriptFile(folder, 'bash', 'lab');
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
    assert.deepEqual(bash(file, folder, 'lab', ''), names);
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
    ['scenarios', ['spawn', '--demo', ''], [...scenarioNames, ...hubScenarioNames, ...platformScenarioNames]],
    ['options where the scenario may be left out', ['spawn', '--demo', '--siz'], ['--size']],
    ['options after the scenario', ['spawn', '--demo', 'happy', '--siz'], ['--size']],
    ['scenarios of the controller', ['controller', '--scenario', 'sta'], ['stall']],
    ['profiles', ['status', '--profile', ''], ['default', 'int', 'two_words-2']],
    ['profiles after =', ['status', '--profile=i'], ['--profile=int']],
    ['profiles of a command of a command', ['config', 'set', '--profile', 't'], ['two_words-2']],
    ['types of events', ['events', '--type', 'e'], ['error']],
    ['types after a comma', ['events', '--type', 'info,e'], ['info,error']],
    [
      'no type that the list has',
      ['events', '--type', 'info,error,'],
      eventTypes.filter((type) => type !== 'info' && type !== 'error').map((type) => `info,error,${type}`),
    ],
    ['types after = and a comma', ['events', '--type=info,c'], ['--type=info,complete']],
    ['files', ['spawn', '--token-file', 'a'], ['a token.txt']],
    ['files after =', ['spawn', '--token-file=a'], ['--token-file=a token.txt']],
    ['arguments', ['completion', ''], ['bash', 'zsh', 'fish']],
    ['no more arguments than there are', ['completion', 'bash', ''], []],
    ['commands of a command', ['config', 's'], ['show', 'set']],
    [
      'settings to set',
      ['config', 'set', ''],
      ['controller', 'hub', 'user', 'server_name', 'token_file', 'token_command'],
    ],
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
      assert.deepEqual(bash(file, folder, 'lab', ...words), expected);
    });
  }

  it('knows the value of a hidden option, which it does not offer', async () => {
    const own = await scriptFile(folder, 'bash', 'nasty', nastyProgram());
    assert.deepEqual(bash(own, folder, 'lab', 'config', 'set', '--ol'), []);
    assert.deepEqual(bash(own, folder, 'lab', 'config', 'set', '--old', 'x', '').length, nasty.length);
    assert.deepEqual(bash(own, folder, 'lab', 'config', 'set', '--old', ''), []);
  });

  it('reads profiles however the file is laid out, and nothing but profiles', () => {
    const home = temporaryFolder();
    const profile = { user: 'a"b{', token_command: ['pass', '}', ']', '\\'] };
    const written = { profiles: { default: profile, 'a b': {}, '$(touch pwned)': {}, int: {} } };
    mkdirSync(join(home, '.config/nublado-lab'), { recursive: true });
    for (const text of [
      JSON.stringify(written),
      JSON.stringify(written, null, '\t').replaceAll('\n', '\r\n'),
    ]) {
      writeFileSync(join(home, '.config/nublado-lab/config.json'), text);
      assert.deepEqual(bash(file, home, 'lab', 'status', '--profile', ''), ['default', 'int']);
    }
    assert.deepEqual(readdirSync(home), ['.config']);
  });

  it('offers no profiles without a regular file', () => {
    const home = temporaryFolder();
    assert.deepEqual(bash(file, home, 'lab', 'status', '--profile', ''), []);
    mkdirSync(join(home, '.config/nublado-lab'), { recursive: true });
    execFileSync('mkfifo', [join(home, '.config/nublado-lab/config.json')]);
    assert.deepEqual(bash(file, home, 'lab', 'status', '--profile', ''), []);
  });

  it('reads the profiles below XDG_CONFIG_HOME', () => {
    const code = `source "$0"; XDG_CONFIG_HOME=$1; COMP_WORDS=(lab status --profile i); COMP_CWORD=3; _nublado_lab
      echo "\${COMPREPLY[@]}"`;
    const home = temporaryFolder();
    const args = ['--norc', '-c', code, file, join(folder, '.config')];
    assert.equal(
      execFileSync('bash', args, { encoding: 'utf8', env: { ...process.env, HOME: home } }),
      'int\n',
    );
  });

  it('offers commands to run after --', () => {
    assert.ok(bash(file, folder, 'lab', 'controller', '--', 'bas').includes('bash'));
  });

  it('takes nothing in a text for code', async () => {
    const own = await scriptFile(folder, 'bash', 'nasty', nastyProgram());
    const offered = bash(own, folder, 'lab', 'config', 'set', '');
    assert.equal(offered.length, nasty.length);
    // Typed this way, each is that one word again.
    const code = `for word in ${offered.join(' ')}; do printf '%s\\n' "$word"; done`;
    assert.deepEqual(
      execFileSync('bash', ['-c', code], { encoding: 'utf8' }).split('\n').slice(0, -1),
      nasty,
    );
    assert.deepEqual(bash(own, folder, 'lab', 'config', 'set', '--mode', ''), offered);
    assert.deepEqual(bash(own, folder, 'lab', 'c'), ['config', 'completion']);
    assert.deepEqual(bash(own, folder, 'lab', 's'), []);
    assert.equal(existsSync(join(folder, 'pwned')), false);
  });
});

describe('lab completion fish', missing('fish'), () => {
  it('offers what bash is offered, with descriptions', async () => {
    const file = await scriptFile(folder, 'fish', 'lab');
    assert.deepEqual(fish(file, folder, 'lab sp'), [
      'spawn\tCreate a lab, show its progress, and exit with the outcome',
    ]);
    assert.deepEqual(fish(file, folder, 'nublado-lab spawn -o j'), ['json']);
    assert.deepEqual(fish(file, folder, 'lab spawn --output=nd'), ['--output=ndjson']);
    assert.deepEqual(fish(file, folder, 'lab spawn --token'), [
      '--token-file\tFile with the token, - for stdin (LAB_TOKEN_FILE, LAB_TOKEN)',
    ]);
    assert.deepEqual(
      // fish sorts hyphens in its own way.
      fish(file, folder, 'lab spawn --demo ')
        .map((line) => line.split('\t')[0])
        .sort(),
      [...scenarioNames, ...hubScenarioNames, ...platformScenarioNames].sort(),
    );
    assert.deepEqual(fish(file, folder, 'lab status --profile '), ['default', 'int', 'two_words-2']);
    assert.deepEqual(fish(file, folder, 'lab config set --profile=i'), ['--profile=int']);
    assert.deepEqual(fish(file, folder, 'lab events --type e'), ['error']);
    assert.deepEqual(fish(file, folder, 'lab events --type info,e'), ['info,error']);
    assert.deepEqual(fish(file, folder, 'lab events --type info,error,err'), []);
    assert.deepEqual(fish(file, folder, 'lab events --type=info,c'), ['--type=info,complete']);
    assert.deepEqual(fish(file, folder, 'lab spawn --token-file a'), ['a token.txt']);
    assert.deepEqual(fish(file, folder, 'lab completion f'), ['fish']);
    assert.deepEqual(fish(file, folder, 'lab schema o'), ['output']);
    assert.deepEqual(fish(file, folder, 'lab config set tok'), ['token_command', 'token_file']);
    assert.deepEqual(fish(file, folder, 'lab config unset u'), ['user']);
    assert.deepEqual(fish(file, folder, 'lab help exi'), ['exit-codes\tReference page']);
    assert.deepEqual(fish(file, folder, 'lab completion fish f'), []);
    assert.match(fish(file, folder, 'lab config set --prof').join('\n'), /^--profile\t/);
    assert.deepEqual(fish(file, folder, 'lab controller a'), []);
    assert.deepEqual(fish(file, folder, 'lab controller --speed 2 -- cat a'), ['a token.txt']);
  });

  it('takes nothing in a text for code', async () => {
    const file = await scriptFile(folder, 'fish', 'nasty', nastyProgram());
    const { description } = nastyProgram().commands[0]?.commands[0]?.options[0] ?? {};
    assert.deepEqual(fish(file, folder, 'lab config set --mod'), [`--mode\t${description ?? ''}`]);
    assert.deepEqual(fish(file, folder, 'lab config set ').sort(), [...nasty].sort());
    assert.deepEqual(fish(file, folder, 'lab config set --mode ').sort(), [...nasty].sort());
    assert.deepEqual(fish(file, folder, 'lab config set --ol'), []);
    assert.deepEqual(fish(file, folder, 'lab config set --old x ').sort(), [...nasty].sort());
    assert.deepEqual(fish(file, folder, 'lab config set --old '), []);
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
        error.message === 'lab completion: unknown shell "tcsh"' &&
        error.hint === 'Choose bash, zsh, fish.',
    );
    assert.equal(out.text(), '');
  });
});
