import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  createReadStream,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { servers } from '../../src/cli/servers.js';
import { configPath, profilePath, readProfiles } from '../../src/config/profile.js';
import { resolveTarget, type TargetOptions } from '../../src/config/target.js';
import { UsageError } from '../../src/model/usage-error.js';
import type { Context } from '../../src/runtime/context.js';
import { FakeClock } from '../support/clock.js';
import { fakeContext } from '../support/context.js';
import { temporaryFolder } from '../support/temporary.js';

const token = `gt-${'a'.repeat(22)}.${'b'.repeat(22)}`;
const instance = 'https://data.example.org';

interface Place {
  env: Record<string, string>;
  file: string;
  folder: string;
}

/** A separate configuration folder, with that file in it. */
function place(content: unknown): Place {
  const base = temporaryFolder();
  const folder = join(base, 'nublado-lab');
  const file = join(folder, 'config.json');
  mkdirSync(folder);
  writeFileSync(
    file,
    typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content),
  );
  return { env: { XDG_CONFIG_HOME: base, PATH: '/usr/bin:/bin' }, file, folder };
}

function profiles(profile: object, more: object = {}): Place {
  return place({ profiles: { default: profile, ...more } });
}

function tokenIn({ folder }: Place, mode = 0o600): string {
  const path = join(folder, 'token');
  writeFileSync(path, `${token}\n`);
  chmodSync(path, mode);
  return path;
}

async function resolve(
  { env }: Place,
  options: TargetOptions = {},
  more: Record<string, string> = {},
  over: Partial<Context> = {},
) {
  const context = fakeContext({ env: { ...env, ...more }, ...over });
  return resolveTarget(options, context, servers, new AbortController().signal);
}

/** A one-line UsageError with this text, and never a token. */
function usage(message: RegExp, hint = /^/): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UsageError, String(error));
    assert.match(error.message, message);
    assert.match(error.hint ?? '', hint);
    assert.doesNotMatch(error.message + (error.hint ?? ''), /\n|gt-a/);
    return true;
  };
}

describe("the profiles' file", () => {
  it('is in XDG_CONFIG_HOME, else in ~/.config', () => {
    const at = (env: Record<string, string>, home = '/home/anna') => configPath(fakeContext({ env, home }));
    assert.equal(at({ XDG_CONFIG_HOME: '/etc/x' }), '/etc/x/nublado-lab/config.json');
    for (const ignored of ['', 'relative/path']) {
      assert.equal(at({ XDG_CONFIG_HOME: ignored }), '/home/anna/.config/nublado-lab/config.json');
    }
    assert.equal(at({}, ''), null, 'not in the current folder');
  });

  it('need not exist', () => {
    for (const home of ['/nonexistent', '/dev/null', '']) {
      assert.equal(readProfiles(fakeContext({ home }), servers).profiles.size, 0);
    }
  });

  it('keeps the order of profiles and keys', () => {
    const { env } = place({ profiles: { z: { user: 'a', controller: instance }, a: {} } });
    const read = readProfiles(fakeContext({ env }), servers).profiles;
    assert.equal(JSON.stringify([...read]), `[["z",{"user":"a","controller":"${instance}"}],["a",{}]]`);
  });

  it('may be as editors leave it: empty, or with a byte order mark', () => {
    for (const content of ['', '\n', '\uFEFF', '\uFEFF{"profiles": {}}']) {
      assert.equal(readProfiles(fakeContext({ env: place(content).env }), servers).profiles.size, 0);
    }
    const { env } = place('\uFEFF{"profiles": {"a": {"user": "anna"}}}\r\n');
    assert.deepEqual(readProfiles(fakeContext({ env }), servers).profiles.get('a'), { user: 'anna' });
  });

  const broken: [string, unknown, RegExp, RegExp][] = [
    ['no JSON', '{\n"profiles":\n  oops', /config\.json: not JSON/, /should look like/],
    ['the line of it', '{\n"profiles": {}\n"more"', /not JSON \(line 3\)$/, /should look like/],
    ['UTF-16', Buffer.from('\uFEFF{}', 'utf16le'), /config\.json: not UTF-8 but UTF-16$/, /Save it/],
    ['too much', ' '.repeat(1024 * 1024 + 1), /cannot be read: it has more than 1048576 bytes$/, /^/],
    ['a misplaced token', token, /not JSON$/, /^/],
    ['a list', [], /config\.json: it must be an object/, /should look like/],
    ['an unknown key', { profile: {} }, /config\.json: profile: unknown setting/, /The only one is profiles/],
    ['profiles that are a list', { profiles: [] }, /: profiles: it must be an object/, /^/],
    ['a profile that is text', { profiles: { int: 'x' } }, /: profiles\.int: it must be an object/, /^/],
    ['a bad name', { profiles: { 'a b': {} } }, /: profiles: not a profile name/, /letters/],
    [
      'a typo',
      { profiles: { default: { contoller: instance } } },
      /: profiles\.default\.contoller: unknown setting/,
      /Known settings: controller, hub, user, server_name, token_file, token_command/,
    ],
    [
      'a number for a URL',
      { profiles: { default: { controller: 5 } } },
      /: profiles\.default\.controller: it must be text/,
      /^/,
    ],
    [
      'no URL',
      { profiles: { default: { controller: 'x' } } },
      /: profiles\.default\.controller: not a URL/,
      /https:/,
    ],
    [
      'a broken profile that is not asked for',
      { profiles: { default: {}, int: { user: '../x' } } },
      /: profiles\.int\.user: not a user name/,
      /letters/,
    ],
    [
      'a command line as text',
      { profiles: { default: { token_command: 'pass show x' } } },
      /: profiles\.default\.token_command: it must be a list/,
      /^/,
    ],
    [
      'a number in a command',
      { profiles: { default: { token_command: ['a', 5] } } },
      /: profiles\.default\.token_command\.1: it must be text/,
      /^/,
    ],
    [
      'no command',
      { profiles: { default: { token_command: [] } } },
      /: profiles\.default\.token_command: it is empty/,
      /a command and its arguments/,
    ],
    [
      'two ways to a token',
      { profiles: { default: { token_file: 'x', token_command: ['x'] } } },
      /: profiles\.default\.token_command: it cannot be combined with token_file/,
      /remove one of the two/,
    ],
    [
      'a token for a file',
      { profiles: { default: { token_file: 'gt-abc' } } },
      /: profiles\.default\.token_file: this looks like a token/,
      /a file that only you can read/,
    ],
    [
      'a token in a command',
      { profiles: { default: { token_command: ['echo', `x=${token}`] } } },
      /: profiles\.default\.token_command: this looks like a token/,
      /^/,
    ],
    [
      'a zero character',
      { profiles: { default: { token_command: ['a', 'b\0'] } } },
      /: profiles\.default\.token_command: it contains a zero byte/,
      /^/,
    ],
    ['stdin', { profiles: { default: { token_file: '-' } } }, /token_file: a profile cannot use stdin/, /^/],
  ];
  for (const [name, content, message, hint] of broken) {
    it(`with ${name} is reported in one line`, () => {
      const { env, file } = place(content);
      assert.throws(() => readProfiles(fakeContext({ env }), servers), usage(message, hint));
      assert.throws(
        () => readProfiles(fakeContext({ env }), servers),
        ({ message: said }: Error) => said.startsWith(`${file}: `),
      );
    });
  }

  it('that is a directory is reported in one line', () => {
    const { env, file } = place({});
    execFileSync('rm', [file]);
    mkdirSync(file);
    assert.throws(
      () => readProfiles(fakeContext({ env }), servers),
      usage(/config\.json: cannot be read: it is a directory/),
    );
  });

  it('says where paths are relative to', () => {
    assert.equal(profilePath('~/t', '/etc/x/config.json', '/home/anna', 'x'), '/home/anna/t');
    assert.equal(profilePath('t', '/etc/x/config.json', '/home/anna', 'x'), '/etc/x/t');
    assert.equal(profilePath('/t', '/etc/x/config.json', '/home/anna', 'x'), '/t');
  });

  it('reports a missing home directory', () => {
    for (const home of ['', 'relative']) {
      assert.throws(
        () => profilePath('~/t', '/etc/x', home, 'it'),
        usage(/^it: ~\/t: there is no home/, /HOME/),
      );
      assert.equal(profilePath('t', '/etc/x/config.json', home, 'it'), '/etc/x/t');
    }
  });
});

describe("a profiles' file that cannot be read", () => {
  const problem = usage(/config\.json: cannot be read: too many symbolic links$/);
  const all = { LAB_CONTROLLER: instance, LAB_TOKEN: 'gt-x' };

  /** For a superuser, too. */
  function unreadable(): Place {
    const here = place({});
    rmSync(here.file);
    symlinkSync(here.file, here.file);
    return here;
  }

  it('is not needed where everything is given, and -v says so', async () => {
    const { server, user, token: found, profile } = await resolve(unreadable(), {}, all);
    assert.deepEqual([server.url.value.origin, user, found?.value], [instance, null, 'gt-x']);
    assert.match(profile.origin, /^default; .*config\.json: cannot be read: /);
    const direct = { direct: true, user: 'anna' };
    assert.equal((await resolve(unreadable(), direct, { LAB_CONTROLLER: instance })).token, null);
  });

  it('is wrong usage where something would be taken from it', async () => {
    const inLab = { EXTERNAL_INSTANCE_URL: instance, NUBLADO_TOKEN: 'gt-x' };
    await assert.rejects(resolve(unreadable(), {}, { LAB_TOKEN: 'gt-x' }), problem);
    await assert.rejects(resolve(unreadable(), {}, { LAB_CONTROLLER: instance }), problem);
    await assert.rejects(resolve(unreadable(), {}, inLab), problem);
    await assert.rejects(resolve(unreadable(), {}, { ...inLab, LAB_CONTROLLER: instance }), problem);
    await assert.rejects(resolve(unreadable(), { profile: 'default' }, all), problem);
    assert.throws(() => readProfiles(fakeContext({ env: unreadable().env }), servers), problem);
  });
});

describe('a profile', () => {
  it('gives controller, user and token, and says so', async () => {
    const here = profiles({ controller: instance, user: 'anna', token_file: 'token' });
    const path = tokenIn(here);
    const target = await resolve(here);
    const origin = `profile default (${here.file})`;
    const { url, kind, level } = target.server;
    assert.deepEqual(
      { ...target, server: [kind, level, url.value.href, url.origin] },
      {
        server: ['controller', 'profile', `${instance}/nublado`, origin],
        user: { value: 'anna', origin },
        serverName: null,
        token: { value: token, origin: `${origin}: token_file (${path})` },
        direct: { value: false, origin: 'default' },
        certificates: null,
        controllerProxy: null,
        proxy: { value: null, origin: 'default' },
        profile: { value: 'default', origin: 'default' },
        warnings: [],
      },
    );
  });

  it('comes after options and variables', async () => {
    const here = profiles({ controller: instance, user: 'anna', token_file: 'missing' });
    const file = tokenIn(here);
    const env = { LAB_CONTROLLER: `${instance}/env`, LAB_USER: 'env', LAB_TOKEN: 'gt-env' };
    const byVariable = await resolve(here, {}, env);
    assert.deepEqual(
      [byVariable.server.url.origin, byVariable.user?.origin, byVariable.token?.origin],
      ['LAB_CONTROLLER', 'LAB_USER', 'LAB_TOKEN'],
    );
    const byOption = await resolve(here, { controller: `${instance}/o`, user: 'o', tokenFile: file }, env);
    assert.deepEqual(
      [byOption.server.url.origin, byOption.user?.origin, byOption.token?.origin],
      ['--controller', '--user', `--token-file (${file})`],
    );
  });

  it('comes before what a lab knows about itself', async () => {
    const here = profiles({ controller: `${instance}/other`, user: 'anna', token_file: 'token' });
    tokenIn(here);
    const home = { EXTERNAL_INSTANCE_URL: instance, NUBLADO_TOKEN: 'gt-home', JUPYTERHUB_USER: 'home' };
    const { server, user, token: found } = await resolve(here, {}, home);
    assert.deepEqual([server.url.value.pathname, user?.value, found?.value], ['/other', 'anna', token]);
  });

  it('leaves the rest to what a lab knows, at home only', async () => {
    const home = { EXTERNAL_INSTANCE_URL: instance, NUBLADO_TOKEN: 'gt-home', JUPYTERHUB_USER: 'home' };
    const target = await resolve(profiles({ controller: instance }), {}, home);
    assert.deepEqual([target.user?.value, target.token?.value], ['home', 'gt-home']);
    await assert.rejects(
      resolve(profiles({ controller: 'https://elsewhere.org' }), {}, home),
      usage(/^no token/),
    );
  });

  it('has a user for its own controller only', async () => {
    const here = profiles({ controller: instance, user: 'anna' });
    const env = { LAB_TOKEN: 'gt-env' };
    const userAt = async (controller: string) => (await resolve(here, { controller }, env)).user?.value;
    assert.equal(await userAt('https://elsewhere.org'), undefined);
    assert.equal(await userAt('https://data.example.org:8443'), undefined);
    assert.equal(await userAt(`${instance}/other/path`), 'anna');
    const anywhere = await resolve(profiles({ user: 'anna' }), { controller: 'https://elsewhere.org' }, env);
    assert.equal(anywhere.user?.value, 'anna');
  });

  it('has a token for its own controller only', async () => {
    const here = profiles({ controller: instance, token_file: 'token' });
    tokenIn(here);
    for (const other of ['https://elsewhere.org', 'https://data.example.org:8443', 'http://127.0.0.1:8080']) {
      const refused = usage(
        /^no token/,
        /The token of profile default is used only with its own servers, not with http/,
      );
      await assert.rejects(resolve(here, { controller: other }), refused);
      await assert.rejects(resolve(here, {}, { LAB_CONTROLLER: other }), refused);
    }
    assert.equal((await resolve(here, { controller: `${instance}/other/path` })).token?.value, token);
  });

  it('does not run a command for another controller', async () => {
    const here = profiles({ controller: instance, token_command: ['false'] });
    const home = { EXTERNAL_INSTANCE_URL: 'https://elsewhere.org', ACCESS_TOKEN: 'gt-home' };
    const target = await resolve(here, { controller: 'https://elsewhere.org' }, home);
    assert.equal(target.token?.origin, 'ACCESS_TOKEN');
  });

  it('without a controller has a token for whichever was named', async () => {
    const here = profiles({ token_file: 'token' });
    tokenIn(here);
    assert.equal((await resolve(here, { controller: instance })).token?.value, token);
  });

  it('is chosen by option, then by variable', async () => {
    const here = profiles({ controller: instance }, { one: { user: 'one' }, two: { user: 'two' } });
    const env = { LAB_CONTROLLER: instance, LAB_TOKEN: 'gt-x', LAB_PROFILE: 'two' };
    const byVariable = await resolve(here, {}, env);
    assert.deepEqual([byVariable.user?.value, byVariable.profile.origin], ['two', 'LAB_PROFILE']);
    const byOption = await resolve(here, { profile: 'one' }, env);
    assert.deepEqual([byOption.user?.value, byOption.profile.origin], ['one', '--profile']);
  });

  it('that does not exist is wrong usage, and those that do are listed', async () => {
    const here = place({ profiles: { one: {}, two: {} } });
    const env = { LAB_CONTROLLER: instance, LAB_TOKEN: 'gt-x' };
    await assert.rejects(
      resolve(here, { profile: 'three' }, env),
      usage(/^--profile: no profile three in .*config\.json$/, /^Existing profiles: one, two\.$/),
    );
    for (const LAB_PROFILE of ['three', 'constructor']) {
      await assert.rejects(
        resolve(here, {}, { ...env, LAB_PROFILE }),
        usage(/^LAB_PROFILE: no profile (three|constructor)/),
      );
    }
    await assert.rejects(
      resolve(place({}), { profile: 'three' }, env),
      usage(/no profile three/, /`lab config set controller URL --profile three`/),
    );
    assert.equal((await resolve(here, {}, env)).profile.value, 'default');
  });

  it('that is broken is wrong usage, whatever else is given', async () => {
    const env = { LAB_CONTROLLER: instance, LAB_TOKEN: 'gt-x' };
    await assert.rejects(resolve(place('{'), {}, env), usage(/not JSON/));
  });

  it('names itself where its token file cannot be read', async () => {
    await assert.rejects(
      resolve(profiles({ controller: instance, token_file: 'nope' })),
      usage(/^profile default \(.*\): token_file: cannot read .*nope: no such file$/),
    );
  });
});

describe('a token file', () => {
  for (const [mode, warned] of [
    [0o600, false],
    [0o400, false],
    [0o640, true],
    [0o604, true],
  ] as const) {
    it(`with mode ${mode.toString(8)} is ${warned ? 'warned about' : 'fine'}`, async () => {
      const here = profiles({ controller: instance, token_file: 'token' });
      const path = tokenIn(here, mode);
      const expected = warned ? [`the token file ${path} can be read by others: chmod 600 ${path}`] : [];
      assert.deepEqual((await resolve(here)).warnings, expected);
      assert.deepEqual((await resolve(here, { tokenFile: path })).warnings, expected);
      assert.deepEqual((await resolve(here, {}, { LAB_TOKEN_FILE: path })).warnings, expected);
    });
  }

  for (const [mode, warned] of [
    [0o440, false],
    [0o640, false],
    [0o444, true],
  ] as const) {
    it(`of somebody else with mode ${mode.toString(8)} is ${warned ? 'warned about' : 'fine'}`, async () => {
      const here = profiles({ controller: instance, token_file: 'token' });
      const path = tokenIn(here, mode);
      // No advice: with less than this mode, this program could not read it.
      const expected = warned ? [`the token file ${path} can be read by every user of this machine`] : [];
      assert.deepEqual((await resolve(here, {}, {}, { uid: statSync(path).uid + 1 })).warnings, expected);
      assert.deepEqual((await resolve(here, {}, {}, { uid: null })).warnings, []);
    });
  }

  it('that is a pipe has no mode to warn about', async () => {
    const here = profiles({ controller: instance });
    const pipe = join(here.folder, 'pipe');
    execFileSync('mkfifo', ['-m', '666', pipe]);
    const found = resolve(here, { tokenFile: pipe });
    execFile('sh', ['-c', `echo ${token} > "$0"`, pipe]);
    const { token: read, warnings } = await found;
    assert.deepEqual([read?.value, warnings], [token, []]);
  });
});

describe('a token command', () => {
  const withCommand = (...token_command: string[]): Place =>
    profiles({ controller: instance, token_command });

  it('prints the token', async () => {
    const here = withCommand('sh', '-c', 'echo "$0"; echo noise >&2', 'gt-x.y');
    assert.deepEqual((await resolve(here)).token, {
      value: 'gt-x.y',
      origin: `profile default (${here.file}): token_command sh`,
    });
  });

  it('is run without a shell, in the environment of the program', async () => {
    const here = withCommand('printenv', 'IT');
    assert.equal((await resolve(here, {}, { IT: 'gt-env' })).token?.value, 'gt-env');
    assert.equal((await resolve(withCommand('echo', '$HOME;x'))).token?.value, '$HOME;x');
  });

  it('with a path is meant from where the file is', async () => {
    const here = withCommand('./give');
    const script = join(here.folder, 'give');
    writeFileSync(script, '#!/bin/sh\necho gt-given\n');
    chmodSync(script, 0o700);
    assert.equal((await resolve(here)).token?.value, 'gt-given');
  });

  it('is not run where another token is given', async () => {
    const { token: found } = await resolve(withCommand('false'), {}, { LAB_TOKEN: 'gt-mine' });
    assert.equal(found?.value, 'gt-mine');
  });

  const failing: [string, string[], RegExp][] = [
    ['fails', ['sh', '-c', 'echo gt-a; exit 3'], /: token_command sh: it exited with status 3$/],
    ['is killed', ['sh', '-c', 'kill -9 $$'], /: token_command sh: it was killed by SIGKILL$/],
    [
      'does not exist',
      ['no-such-command'],
      /: token_command no-such-command: it cannot be run: command not found$/,
    ],
    [
      'may not be run',
      ['/etc/passwd'],
      /: token_command \/etc\/passwd: it cannot be run: permission denied$/,
    ],
    ['prints nothing', ['true'], /: token_command true: it contains no token$/],
    [
      'prints two lines',
      ['printf', 'gt-a\ngt-a'],
      /: token_command printf: the token has more than one line$/,
    ],
    ['prints for ever', ['yes', 'gt-a'], /: token_command yes: its output is too long for a token$/],
  ];
  for (const [name, command, message] of failing) {
    it(`that ${name} is wrong usage, and nothing of its output is shown`, { timeout: 20_000 }, async () => {
      await assert.rejects(resolve(withCommand(...command)), usage(/^profile default: /));
      await assert.rejects(resolve(withCommand(...command)), usage(message));
    });
  }

  /** A command whose child holds a pipe open for as long as it lives, and the pipe. */
  function lasting() {
    const pipe = join(temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const here = withCommand('sh', '-c', 'sh -c "echo up; exec sleep 600" > "$0" & wait', pipe);
    return { here, held: createReadStream(pipe) };
  }

  it('has ten seconds; then it is ended with all that it started', { timeout: 20_000 }, async () => {
    const { here, held } = lasting();
    const clock = new FakeClock();
    let settled = false;
    const found = resolveTarget(
      {},
      fakeContext({ env: here.env, clock }),
      servers,
      new AbortController().signal,
    );
    found.catch(() => (settled = true));
    await once(held, 'data');
    clock.advance(9_999);
    await Promise.resolve();
    assert.deepEqual([settled, clock.pending], [false, 1]);
    clock.advance(1);
    await assert.rejects(found, usage(/^profile default: token_command sh: it did not exit within 10 s$/));
    await once(held, 'end');
    assert.equal(clock.pending, 0);
  });

  it('is ended with all that it started when the run ends', { timeout: 20_000 }, async () => {
    const { here, held } = lasting();
    const abort = new AbortController();
    const clock = new FakeClock();
    const found = resolveTarget({}, fakeContext({ env: here.env, clock }), servers, abort.signal);
    await once(held, 'data');
    abort.abort('SIGINT');
    await assert.rejects(found, (reason) => reason === 'SIGINT');
    await once(held, 'end');
    assert.equal(clock.pending, 0);
  });
});
