/**
 * `lab controller`, alone and with `-- COMMAND`: the command's environment, its exit code, signals, and that nothing is left.
 */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { addController } from '../../src/cli/controller-command.js';
import { UsageError } from '../../src/model/usage-error.js';
import { fakeContext } from '../support/context.js';
import { atTerminal, startLab, type Finished, type Running } from '../support/program.js';
import { temporaryFolder } from '../support/temporary.js';

/** A file that is not executable. */
const plainFile = fileURLToPath(import.meta.url);

/** What a command must never see of the settings around it. */
const real = {
  LAB_CONTROLLER: 'https://real.example/nublado',
  LAB_TOKEN_FILE: '/real/token',
  LAB_TOKEN: 'gt-real',
  LAB_PROFILE: 'real',
  LAB_USER: 'real',
  LAB_DIRECT: '1',
  LAB_HUB: 'https://real.example/nb/',
  LAB_SERVER_NAME: 'real',
  EXTERNAL_INSTANCE_URL: 'https://real.example',
  NUBLADO_TOKEN: 'gt-real',
  ACCESS_TOKEN: 'gt-real',
};

const tmp = temporaryFolder();

interface Run extends Omit<Running, 'finished'> {
  ended: Promise<Finished & { left: string[] }>;
}

/** Runs `lab controller` with these arguments and its own folder for temporary files. */
function run(args: readonly string[]): Run {
  const own = temporaryFolder();
  const { finished, ...running } = startLab(['controller', ...args], { ...real, TMPDIR: own, KEPT: 'yes' });
  const ended = finished.then(async (result) => {
    const left = (await readdir(own)).filter((name) => name.startsWith('nublado-lab-'));
    return { ...result, left };
  });
  return { ...running, ended };
}

describe('lab controller', { concurrency: 4 }, () => {
  for (const signals of [
    ['SIGINT'],
    ['SIGTERM'],
    ['SIGHUP'],
    ['SIGINT', 'SIGTERM'],
    ['SIGINT', 'SIGTERM', 'SIGHUP'],
  ] as const) {
    it(`leaves no token behind after ${signals.join(' and at once ')}`, async () => {
      const { child, seen, ended } = run([]);
      await seen(/LAB_TOKEN_FILE=.*\n/);
      for (const signal of signals) child.kill(signal);
      const { stderr, left } = await ended;
      assert.deepEqual([stderr, left], ['', []]);
    });
  }

  for (const [name, modes, keys, code] of [
    ['Ctrl-\\', 'sane', '\x1c', 131],
    ['two Ctrl-C in one go in a raw terminal', 'raw', '\x03\x03', 130],
  ] as const) {
    it(`leaves no token behind after ${name}`, async () => {
      const own = temporaryFolder();
      // Ctrl-\ requests a core dump, which is not wanted here.
      const terminal = atTerminal(`ulimit -c 0; stty ${modes}; lab controller; echo "code $?"`, {
        env: { TMPDIR: own },
      });
      await terminal.seen(/until Ctrl-C/);
      terminal.type(keys);
      await terminal.finished;
      assert.match(terminal.text(), new RegExp(`code ${code}`));
      assert.deepEqual(await readdir(own), []);
    });
  }
});

/** Whether there is still such a process. */
function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A command: this JavaScript. */
function script(code: string): string[] {
  return ['--', process.execPath, '--input-type=module', '-e', code];
}

describe('lab controller -- COMMAND', { concurrency: 4 }, () => {
  it('gives the command a JupyterHub instead, with tokens of its own', async () => {
    const { ended } = run([
      '--with-hub=5',
      '--scenario',
      'hub-quick',
      ...script(`
        import { readFileSync, readdirSync, statSync } from 'node:fs';
        import { dirname, join } from 'node:path';
        const { LAB_CONTROLLER, LAB_HUB, LAB_TOKEN_FILE } = process.env;
        const folder = dirname(LAB_TOKEN_FILE);
        const modes = readdirSync(folder).sort().map((name) => [name, statSync(join(folder, name)).mode & 0o777]);
        const ask = (file, path, method = 'GET') => {
          const headers = { authorization: 'token ' + readFileSync(file, 'utf8').trim() };
          return fetch(LAB_HUB + path, { method, headers });
        };
        const root = await (await fetch(LAB_HUB + 'hub/api/')).json();
        const answers = [
          LAB_CONTROLLER ?? null,
          (await ask(LAB_TOKEN_FILE, 'hub/api/users/demo/server', 'POST')).status,
          await (await ask(LAB_TOKEN_FILE, 'user/demo/api')).json(),
          (await ask(join(folder, 'token-admin'), 'hub/api/users')).status,
        ];
        console.log(JSON.stringify({ modes, root, answers, one: LAB_TOKEN_FILE }));
      `),
    ]);
    const { code, stdout, stderr, left } = await ended;
    assert.deepEqual([code, stderr, left], [0, '', []]);
    const { one, ...found } = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual(found, {
      modes: ['token', 'token-admin'].map((name) => [name, 0o600]),
      root: { version: '5.5.4' },
      answers: [null, 201, { version: '2.0.0-standin' }, 200],
    });
    assert.match(String(one), /\/token$/);
  });

  for (const args of [['--platform'], ['--scenario', 'platform-late', '--speed', '10']]) {
    it(`gives the command a platform with ${args.join(' ')}`, async () => {
      const { ended } = run([
        ...args,
        ...script(`
          import { readFileSync, readdirSync } from 'node:fs';
          import { dirname, join } from 'node:path';
          const { LAB_CONTROLLER, LAB_HUB, LAB_TOKEN_FILE, EXTERNAL_INSTANCE_URL, LAB_USER } = process.env;
          const folder = dirname(LAB_TOKEN_FILE);
          const info = async (name) => {
            const headers = { authorization: 'Bearer ' + readFileSync(join(folder, name), 'utf8').trim() };
            return (await (await fetch(EXTERNAL_INSTANCE_URL + '/auth/api/v1/token-info', { headers })).json()).scopes;
          };
          const { services } = await (await fetch(EXTERNAL_INSTANCE_URL + '/repertoire/discovery')).json();
          console.log(JSON.stringify({
            found: services.internal['nublado-controller'].url === LAB_CONTROLLER,
            hub: services.ui.nublado.url + '/' === LAB_HUB,
            others: LAB_USER ?? null,
            files: readdirSync(folder).sort(),
            scopes: [await info('token'), await info('token-all')],
          }));
        `),
      ]);
      const { code, stdout, stderr, left } = await ended;
      assert.deepEqual([code, stderr, left], [0, '', []]);
      assert.deepEqual(JSON.parse(stdout), {
        found: true,
        hub: true,
        others: null,
        files: ['token', 'token-all'],
        scopes: [['exec:notebook'], ['exec:notebook', 'admin:jupyterlab', 'exec:admin']],
      });
    });
  }

  for (const [args, message] of [
    [['--with-hub=7'], /--with-hub \[version\]' argument '7' is invalid\. Choose 4, 5 or 6\./],
    [['--scenario', 'hub-fail'], /--scenario: hub-fail is a scenario of a JupyterHub\. Add --with-hub\./],
    [['--platform', '--scenario', 'happy'], /--scenario: happy is not a scenario of a platform\./],
    [['--platform', '--with-hub'], /--with-hub cannot be combined with a platform/],
  ] as const) {
    it(`refuses ${args.join(' ')}`, async () => {
      const { code, stderr, left } = await run(args).ended;
      assert.equal(code, 2);
      assert.match(stderr, message);
      assert.deepEqual(left, []);
    });
  }

  it('gives the command a controller, and nothing of the real settings', async () => {
    const { ended } = run(
      script(`
        import { readFileSync, readdirSync, statSync } from 'node:fs';
        import { dirname, join } from 'node:path';
        const { env } = process;
        const folder = dirname(env.LAB_TOKEN_FILE);
        const files = readdirSync(folder).sort().map((name) => ({
          name, mode: statSync(join(folder, name)).mode & 0o777,
        }));
        const answers = await Promise.all(files.map(async ({ name }) => {
          const token = readFileSync(join(folder, name), 'utf8').trim();
          const headers = { authorization: 'Bearer ' + token };
          const get = async (path) => (await fetch(env.LAB_CONTROLLER + path, { headers })).status;
          return [await get('/spawner/v1/user-status'), await get('/spawner/v1/labs')];
        }));
        console.log(JSON.stringify({ env, files, answers }));
      `),
    );
    const { code, stdout, stderr, left } = await ended;
    assert.deepEqual([code, stderr, left], [0, '', []]);
    const { env, files, answers } = JSON.parse(stdout) as {
      env: Record<string, string>;
      files: { name: string; mode: number }[];
      answers: number[][];
    };
    assert.deepEqual(
      files.map(({ name, mode }) => [name, mode]),
      ['token', 'token-hub', 'token-user'].map((name) => [name, 0o600]),
    );
    assert.deepEqual(answers, [
      [404, 200],
      [404, 200],
      [404, 403],
    ]);
    assert.match(env['LAB_CONTROLLER'] ?? '', /^http:\/\/127\.0\.0\.1:\d+\/nublado$/);
    assert.equal(env['KEPT'], 'yes');
    assert.deepEqual(
      Object.keys(real).filter((name) => name in env),
      ['LAB_CONTROLLER', 'LAB_TOKEN_FILE'],
    );
  });

  it("leaves the command's own options to it, those that look like ours too", async () => {
    const words = ['--port', 'x', '--help', '-V', '--', '--list', ''];
    const own = [
      '--speed',
      '2',
      ...script('console.log(JSON.stringify(process.argv.slice(1)))'),
      '--',
      ...words,
    ];
    const { code, stdout } = await run(own).ended;
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), words);
  });

  const endings: [string, string[], number, RegExp][] = [
    ['its exit code', script('process.exitCode = 42'), 42, /^$/],
    ['the signal that ended it', script("process.kill(process.pid, 'SIGKILL')"), 137, /^$/],
    [
      'not found',
      ['--', 'no-such-program'],
      127,
      /^lab controller: cannot run no-such-program: .*not found\n$/,
    ],
    ['no name', ['--', ''], 127, /^lab controller: cannot run '': .*not found\n$/],
    ['not to be run', ['--', plainFile], 126, /^lab controller: cannot run .*: permission denied\n$/],
    [
      'something else in the way',
      ['--', `${plainFile}/x`],
      126,
      /^lab controller: cannot run .*: ENOTDIR\n$/,
    ],
  ];
  for (const [name, args, expected, message] of endings) {
    it(`ends as the command does: ${name}`, async () => {
      const { code, stdout, stderr, left } = await run(args).ended;
      assert.deepEqual([code, stdout, left], [expected, '', []], stderr);
      assert.match(stderr, message);
    });
  }

  for (const [signal, exit] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    it(`passes ${signal} on, and waits for what the command makes of it`, async () => {
      const handled = run(
        script(`
          process.on('${signal}', async () => {
            const { status } = await fetch(process.env.LAB_CONTROLLER + '/spawner/v1/labs');
            console.log('served', status);
            process.exit(9);
          });
          setInterval(() => undefined, 1000);
          console.log('ready');
        `),
      );
      await handled.seen(/ready/);
      handled.child.kill(signal);
      const { code, stdout, left } = await handled.ended;
      assert.deepEqual([code, stdout, left], [9, 'ready\nserved 401\n', []]);

      const killed = run(script("setInterval(() => undefined, 1000); console.log('ready')"));
      await killed.seen(/ready/);
      killed.child.kill(signal);
      const after = await killed.ended;
      assert.deepEqual([after.code, after.left], [exit, []]);
    });
  }

  /** Handles the first signal to the end, exits with 9 at the second, and reports how the first was handled. */
  const stubborn = (signal: string): string => `
    let times = 0;
    process.on('${signal}', async () => {
      times += 1;
      if (times === 2) process.exit(9);
      const { status } = await fetch(process.env.LAB_CONTROLLER + '/spawner/v1/labs');
      console.log('served', status);
    });
    setInterval(() => undefined, 1000);
    console.log('ready', process.pid);
  `;

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    it(`passes on a second ${signal} too, and leaves no orphan`, async () => {
      const { child, seen, output, ended } = run(script(stubborn(signal)));
      await seen(/ready/);
      const pid = Number(/ready (\d+)/.exec(output())?.[1]);
      child.kill(signal);
      await seen(/served 401/);
      assert.deepEqual([child.exitCode, lives(pid)], [null, true]);
      child.kill(signal);
      const { code, left } = await ended;
      assert.deepEqual([code, left, lives(pid)], [9, [], false]);
    });
  }

  it('passes on different signals, one after the other', async () => {
    const { child, seen, ended } = run(
      script(`
        process.on('SIGINT', () => console.log('first'));
        process.on('SIGTERM', () => console.log('second'));
        setInterval(() => undefined, 1000);
        console.log('ready');
      `),
    );
    await seen(/ready/);
    child.kill('SIGINT');
    await seen(/first/);
    child.kill('SIGTERM');
    await seen(/second/);
    child.kill('SIGHUP');
    assert.deepEqual([(await ended).code, (await ended).left], [129, []]);
  });

  it('stays for a command that takes two typed Ctrl-C', async () => {
    const command = join(tmp, 'stubborn.mjs');
    await writeFile(command, stubborn('SIGINT'));
    const terminal = atTerminal(`lab controller -- "$node" '${command}'; echo "code $?"`);
    await terminal.seen(/ready/);
    const pid = Number(/ready (\d+)/.exec(terminal.text())?.[1]);
    terminal.type('\x03');
    await terminal.seen(/served 401/);
    assert.equal(lives(pid), true);
    terminal.type('\x03');
    await terminal.seen(/code \d+/);
    await terminal.finished;
    assert.match(terminal.text(), /code 9/);
    assert.equal(lives(pid), false);
  });

  it('leaves a typed Ctrl-C to the terminal, which signals the command once', async () => {
    const command = join(tmp, 'typed.mjs');
    await writeFile(
      command,
      `
        let times = 0;
        process.on('SIGINT', () => (times += 1));
        // A signal that was passed on as well is there before the answer that is asked for after it.
        process.once('SIGINT', async () => {
          const { status } = await fetch(process.env.LAB_CONTROLLER + '/spawner/v1/labs');
          console.log('served', status);
        });
        process.stdin.once('data', () => {
          console.log('times', times);
          process.exit(9);
        });
        console.log('ready');
      `,
    );
    const terminal = atTerminal(`lab controller -- "$node" '${command}'; echo "code $?"`);
    await terminal.seen(/ready/);
    terminal.type('\x03');
    await terminal.seen(/served 401/);
    terminal.type('\n');
    await terminal.finished;
    assert.match(terminal.text(), /times 1\s+code 9/);
  });

  it('runs nothing where a signal came first', async () => {
    const abort = new AbortController();
    abort.abort('SIGTERM');
    const touched = join(tmp, 'touched');
    let code: number | null = null;
    const argv = ['controller', '--', process.execPath, '-e', `fs.writeFileSync('${touched}', '')`];
    const program = new Command('lab').exitOverride();
    addController(program, fakeContext({ argv, tmp, signal: abort.signal, env: process.env }), (result) => {
      code = result;
    });
    await program.parseAsync(argv, { from: 'user' });
    assert.equal(code, 143);
    assert.equal((await readdir(tmp)).includes('touched'), false);
  });

  for (const [name, words, message] of [
    ['a command without --', ['node'], /unexpected argument "node"/],
    ['a word before --', ['node', '--', 'x'], /unexpected argument "node"/],
    ['nothing after --', ['--'], /no command follows --/],
    ['a scenario that is none', ['--scenario', 'nope', '--', 'true'], /unknown scenario "nope"/],
  ] as [string, string[], RegExp][]) {
    it(`refuses ${name}`, async () => {
      const argv = ['controller', ...words];
      const program = new Command('lab').exitOverride();
      addController(program, fakeContext({ argv, tmp }), () => undefined);
      await assert.rejects(
        program.parseAsync(argv, { from: 'user' }),
        (error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }
});
