/**
 * `lab config`: what it prints, writes and refuses.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { Command } from 'commander';
import { addConfig } from '../../src/cli/config-command.js';
import { UsageError } from '../../src/model/usage-error.js';
import { fakeContext } from '../support/context.js';
import { resultOf } from '../support/ndjson.js';
import { recorder } from '../support/streams.js';
import { temporaryFolder } from '../support/temporary.js';

let base: string;
let file: string;
beforeEach(() => {
  base = join(temporaryFolder(), 'config');
  file = join(base, 'nublado-lab', 'config.json');
});

function write(content: unknown): void {
  mkdirSync(join(base, 'nublado-lab'), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
}

async function lab(line: string | string[], env: Record<string, string> = {}) {
  const [out, err] = [recorder(), recorder()];
  const context = fakeContext({ out, err, env: { XDG_CONFIG_HOME: base, ...env } });
  let code: number | null = null;
  const program = new Command('lab')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => out.write(text), outputError: () => undefined });
  addConfig(program, context, (result) => (code = result));
  const words = typeof line === 'string' ? line.split(' ') : line;
  await program.parseAsync(['config', ...words], { from: 'user' });
  return { code, stdout: out.text(), stderr: err.text() };
}

/** A one-line UsageError with this text, and never the secret. */
function usage(message: RegExp, hint = /^/): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UsageError, String(error));
    assert.match(error.message, message);
    assert.match(error.hint ?? '', hint);
    assert.doesNotMatch(error.message + (error.hint ?? ''), /\n|hunter/);
    return true;
  };
}

const everything = {
  profiles: {
    int: { user: 'anna', controller: 'https://int.example.org' },
    default: { controller: 'https://data.example.org', token_command: ['op', 'read', "it's"] },
  },
};

describe('lab config path', () => {
  it('prints the path, whether the file exists or not', async () => {
    assert.deepEqual(await lab('path'), { code: 0, stdout: `${file}\n`, stderr: '' });
  });

  it('needs a home directory', async () => {
    const { configFile } = await import('../../src/commands/config.js');
    assert.throws(() => configFile(fakeContext({ home: '' })), usage(/no home directory/, /XDG_CONFIG_HOME/));
  });
});

describe('lab config show', () => {
  it('prints one setting a line', async () => {
    write(everything);
    assert.deepEqual(await lab('show'), {
      code: 0,
      stdout: "controller https://data.example.org\ntoken_command op read 'it'\\''s'\n",
      stderr: '',
    });
    const int = 'controller https://int.example.org\nuser anna\n';
    assert.equal((await lab('show --profile int')).stdout, int);
    assert.equal((await lab('show', { LAB_PROFILE: 'int' })).stdout, int);
  });

  it('prints every profile with its name', async () => {
    write(everything);
    assert.deepEqual((await lab('show --all')).stdout.split('\n'), [
      'int controller https://int.example.org',
      'int user anna',
      'default controller https://data.example.org',
      "default token_command op read 'it'\\''s'",
      '',
    ]);
  });

  it('has nothing to print where nothing is set', async () => {
    assert.deepEqual(await lab('show'), { code: 0, stdout: '', stderr: 'nothing is set\n' });
  });

  it('prints one object of ASCII as JSON', async () => {
    write({ profiles: { default: { token_file: '/home/ä' } } });
    const { stdout } = await lab('show -o json');
    assert.match(stdout, /^[\x20-\x7e]+\n$/);
    assert.deepEqual(JSON.parse(stdout), {
      schema: 1,
      kind: 'result',
      time: '2026-11-24T00:42:01.751Z',
      elapsed_ms: 0,
      outcome: 'ok',
      exit_code: 0,
      message: 'settings of default',
      events: 0,
      lab: null,
      profiles: { default: { token_file: '/home/ä' } },
    });
    assert.equal((await lab('show', { LAB_OUTPUT: 'json' })).stdout, stdout);
    write(everything);
    const all = JSON.parse((await lab('show --all -o json')).stdout) as typeof everything;
    assert.deepEqual(all.profiles, everything.profiles);
  });

  it('sanitises control sequences', async () => {
    write({ profiles: { default: { token_file: '/\x1b[2J' } } });
    assert.equal((await lab('show')).stdout, 'token_file /\\x1b[2J\n');
  });

  it('refuses a profile that does not exist, and --profile with --all', async () => {
    write(everything);
    await assert.rejects(lab('show --profile nope'), usage(/no profile nope/, /int, default/));
    await assert.rejects(lab('show --all --profile int'), usage(/--all/));
  });
});

describe('lab config set', () => {
  it('warns about a controller that no token will be sent to', async () => {
    const set = `controller is set in profile default (${file})\n`;
    assert.deepEqual(await lab('set controller http://data.example.org/nublado'), {
      code: 0,
      stdout: '',
      stderr: `${set}warning: a token will not be sent over plain http to data.example.org; use https\n`,
    });
    const asJson = await lab('set controller http://data.example.org', { LAB_OUTPUT: 'json' });
    assert.match(asJson.stderr, /^warning: a token will not be sent .*\n$/);
    assert.equal(resultOf(asJson.stdout).exit_code, 0);
    for (const safe of [
      'https://data.example.org',
      'http://127.0.0.1:8080',
      'http://localhost:8080/nublado',
    ]) {
      assert.equal((await lab(`set controller ${safe}`)).stderr, set);
    }
  });

  it('takes a word in place of a URL: none for either server, and auto for a Hub', async () => {
    for (const [key, word] of [
      ['controller', 'none'],
      ['hub', 'none'],
      ['hub', 'auto'],
    ]) {
      const { stderr } = await lab(`set ${key} ${word}`);
      assert.equal(stderr, `${key} is set in profile default (${file})\n`);
    }
    assert.equal((await lab('show')).stdout, 'controller none\nhub auto\n');
    await assert.rejects(lab('set controller auto'), usage(/^lab config set controller: not a URL/));
    await assert.rejects(lab('set hub nothing'), usage(/^lab config set hub: not a URL/));
  });

  it('makes file and folder for their owner alone', async () => {
    const { code, stdout, stderr } = await lab('set controller https://data.example.org');
    assert.deepEqual([code, stdout, stderr], [0, '', `controller is set in profile default (${file})\n`]);
    assert.equal(
      readFileSync(file, 'utf8'),
      '{\n  "profiles": {\n    "default": {\n      "controller": "https://data.example.org"\n    }\n  }\n}\n',
    );
    const modes = [file, join(file, '..')].map((path) => (statSync(path).mode & 0o777).toString(8));
    assert.deepEqual(modes, ['600', '700']);
    assert.deepEqual(readdirSync(join(file, '..')), ['config.json'], 'nothing else is left behind');
  });

  it('reports what it did as a result for scripts', async () => {
    for (const line of ['set user anna', 'unset user']) {
      const { code, stdout, stderr } = await lab(line, { LAB_OUTPUT: 'json' });
      const { outcome, exit_code, message } = resultOf(stdout);
      assert.deepEqual([code, exit_code, outcome, stderr], [0, 0, 'ok', '']);
      assert.match(message, /^user is (no longer )?set in profile default/);
    }
  });

  it('keeps other profiles and the order of keys', async () => {
    write(everything);
    await lab('set user otto --profile int');
    await lab('set controller https://new.example.org --profile new');
    const { int, default: other } = everything.profiles;
    assert.equal(
      readFileSync(file, 'utf8'),
      `${JSON.stringify(
        {
          profiles: {
            int: { ...int, user: 'otto' },
            default: other,
            new: { controller: 'https://new.example.org' },
          },
        },
        null,
        2,
      )}\n`,
    );
  });

  it('takes a command with options of its own', async () => {
    await lab('set token_command --profile int -- op read --no-newline --profile x');
    assert.equal(
      (await lab('show --profile int')).stdout,
      'token_command op read --no-newline --profile x\n',
    );
  });

  it('means a path from where the user is', async () => {
    await lab('set token_file ~/token');
    assert.equal((await lab('show')).stdout, 'token_file ~/token\n');
    await lab('set token_file token');
    assert.equal((await lab('show')).stdout, `token_file ${resolve('token')}\n`);
    await lab('unset token_file');
    await lab('set token_command bin/give me');
    assert.equal((await lab('show')).stdout, `token_command ${resolve('bin/give')} me\n`);
  });

  const refused: [string, string[], RegExp, RegExp][] = [
    ['a key that is none', ['contoller', 'x'], /^lab config set: unknown setting/, /Known settings: contr/],
    ['a token as a key', ['gt-hunter', 'x'], /^lab config set: unknown setting/, /^/],
    ['a URL that is none', ['controller', 'x'], /^lab config set controller: not a URL/, /https:/],
    ['a password', ['controller', 'https://a:hunter@b'], /controller: the URL contains/, /token/],
    ['a bad user', ['user', '../x'], /^lab config set user: not a user name/, /letters/],
    [
      'a token',
      ['token_file', 'gt-hunter.x'],
      /^lab config set token_file: this looks like a token/,
      /into a file/,
    ],
    ['two values', ['user', 'a', 'b'], /^lab config set user: expected one value/, /Quote a value/],
    ['an empty value', ['token_file', ''], /^lab config set token_file: it is empty/, /a file/],
    ['a second way to the token', ['token_file', 'x'], /cannot be combined with token_file/, /remove one/],
    ['a bad name', ['user', 'a', '--profile', 'a.b'], /^--profile: not a profile name/, /letters/],
  ];
  for (const [name, words, message, hint] of refused) {
    it(`refuses ${name}, and writes nothing`, async () => {
      write(everything);
      await assert.rejects(lab(['set', ...words]), usage(message, hint));
      assert.equal(readFileSync(file, 'utf8'), JSON.stringify(everything));
    });
  }

  it('does not overwrite a broken file', async () => {
    for (const broken of ['{ "profiles": ', '{"other": 1}']) {
      write(broken);
      await assert.rejects(lab('set user anna'), usage(/config\.json: (not JSON|other: )/));
      await assert.rejects(lab('unset user'), usage(/config\.json: (not JSON|other: )/));
      assert.equal(readFileSync(file, 'utf8'), broken);
    }
  });

  it('keeps a link to a file elsewhere', async () => {
    write('');
    const elsewhere = join(base, 'dotfiles.json');
    writeFileSync(elsewhere, '{}');
    rmSync(file);
    symlinkSync(elsewhere, file);
    await lab('set user anna');
    assert.match(readFileSync(elsewhere, 'utf8'), /"user": "anna"/);
  });

  it('says in one line that it cannot write', async () => {
    // Not a read-only folder, which does not stop a superuser.
    writeFileSync(base, '');
    await assert.rejects(
      lab('set user anna'),
      usage(/config\.json: cannot be written: .*(directory|already exists)/),
    );
  });
});

describe('lab config unset', () => {
  it('removes a value, and with the last one the profile', async () => {
    write(everything);
    assert.deepEqual(await lab('unset user --profile int'), {
      code: 0,
      stdout: '',
      stderr: `user is no longer set in profile int (${file})\n`,
    });
    assert.equal((await lab('show --profile int')).stdout, 'controller https://int.example.org\n');
    await lab('unset controller --profile int');
    const left = JSON.parse(readFileSync(file, 'utf8')) as typeof everything;
    assert.deepEqual(left, { profiles: { default: everything.profiles.default } });
  });

  it('has nothing to do where nothing is set', async () => {
    write(everything);
    assert.match((await lab('unset user')).stderr, /^user was not set in profile default/);
    assert.equal(readFileSync(file, 'utf8'), JSON.stringify(everything));
  });

  it('refuses an unknown profile and an unknown key', async () => {
    write(everything);
    await assert.rejects(lab('unset user --profile nope'), usage(/no profile nope/, /int, default/));
    await assert.rejects(lab('unset token'), usage(/^lab config unset: unknown setting/));
  });
});

describe('lab config', () => {
  it('shows its help', async () => {
    const { stdout } = await lab([]);
    for (const word of ['show', 'set', 'unset', 'path', 'token_command', 'Examples:']) {
      assert.ok(stdout.includes(word), word);
    }
  });

  it('refuses an unknown command, and too many arguments', async () => {
    await assert.rejects(lab('shwo'), usage(/unknown command "shwo"/, /show, set, unset, path/));
    for (const line of ['show more', 'path more', 'unset user more']) {
      await assert.rejects(lab(line), { code: 'commander.excessArguments' });
    }
  });

  it('has help within 80 columns', async () => {
    for (const words of [[], ['show'], ['set'], ['unset'], ['path']]) {
      const out = recorder();
      const program = new Command('lab').exitOverride().configureOutput({
        writeOut: (text) => out.write(text),
        getOutHelpWidth: () => 80,
      });
      addConfig(program, fakeContext({ out }), () => undefined);
      await assert.rejects(program.parseAsync(['config', ...words, '--help'], { from: 'user' }));
      assert.match(out.text(), /Examples?:/);
      for (const line of out.text().split('\n')) assert.ok(line.length <= 80, line);
    }
  });
});
