/**
 * `lab controller -- COMMAND`: the command's environment, its exit code, signals, and that nothing is left.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { addController } from '../../src/cli/controller-command.js';
import { UsageError } from '../../src/config/usage-error.js';
import { fakeContext } from '../support/context.js';
import { atTerminal, cleanEnvironment } from '../support/program.js';

const fixture = fileURLToPath(new URL('fixtures/controller.ts', import.meta.url));
const tsx = import.meta.resolve('tsx');

/** What a command must never see of the settings around it. */
const real = {
  LAB_CONTROLLER: 'https://real.example/nublado',
  LAB_TOKEN_FILE: '/real/token',
  LAB_TOKEN: 'gt-real',
  LAB_PROFILE: 'real',
  LAB_USER: 'real',
  LAB_DIRECT: '1',
  EXTERNAL_INSTANCE_URL: 'https://real.example',
  NUBLADO_TOKEN: 'gt-real',
  ACCESS_TOKEN: 'gt-real',
};

let tmp: string;
before(async () => {
  tmp = await mkdtemp(join(tmpdir(), 'controller-test-'));
});
after(async () => {
  await rm(tmp, { recursive: true });
});

interface Run {
  child: ChildProcess;
  /** The first that it writes. */
  began: Promise<unknown>;
  ended: Promise<{ code: number | null; stdout: string; stderr: string; left: string[] }>;
}

/** Runs `lab controller` with these arguments and a folder for temporary files of its own. */
async function run(args: readonly string[]): Promise<Run> {
  const own = await mkdtemp(join(tmp, 'run-'));
  const child = spawn(process.execPath, ['--import', tsx, fixture, ...args], {
    env: cleanEnvironment({ ...real, TMPDIR: own, KEPT: 'yes' }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then(async ([code]) => {
    const left = (await readdir(own)).filter((name) => name.startsWith('nublado-lab-'));
    return { code: code as number | null, stdout, stderr, left };
  });
  return { child, ended, began: once(child.stdout, 'data') };
}

/** A command: this JavaScript. */
function script(code: string): string[] {
  return ['--', process.execPath, '--input-type=module', '-e', code];
}

describe('lab controller -- COMMAND', { concurrency: 4 }, () => {
  it('gives the command a controller, and nothing of the real settings', async () => {
    const { ended } = await run(
      script(`
        import { readFileSync, readdirSync, statSync } from 'node:fs';
        import { dirname, join } from 'node:path';
        const { env } = process;
        const folder = dirname(env.LAB_TOKEN_FILE);
        const files = readdirSync(folder).sort().map((name) => ({
          name, mode: statSync(join(folder, name)).mode & 0o777, token: readFileSync(join(folder, name), 'utf8').trim(),
        }));
        const answers = await Promise.all(files.map(async ({ token }) => {
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
    const { code, stdout } = await (await run(own)).ended;
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
    ['not to be run', ['--', fixture], 126, /^lab controller: cannot run .*: permission denied\n$/],
    ['something else in the way', ['--', `${fixture}/x`], 126, /^lab controller: cannot run .*: ENOTDIR\n$/],
  ];
  for (const [name, args, expected, message] of endings) {
    it(`ends as the command does: ${name}`, async () => {
      const { code, stdout, stderr, left } = await (await run(args)).ended;
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
      const handled = await run(
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
      await handled.began;
      handled.child.kill(signal);
      const { code, stdout, left } = await handled.ended;
      assert.deepEqual([code, stdout, left], [9, 'ready\nserved 401\n', []]);

      const killed = await run(script("setInterval(() => undefined, 1000); console.log('ready')"));
      await killed.began;
      killed.child.kill(signal);
      const after = await killed.ended;
      assert.deepEqual([after.code, after.left], [exit, []]);
    });
  }

  it('leaves a typed Ctrl-C to the terminal, which tells the command itself, once', async () => {
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
    const terminal = atTerminal(
      `"$node" --import '${tsx}' '${fixture}' -- "$node" '${command}'; echo "code $?"`,
    );
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
    ['a command without --', ['node'], /"node" is no option/],
    ['a word before --', ['node', '--', 'x'], /"node" is no option/],
    ['nothing after --', ['--'], /no command follows --/],
    ['a scenario that is none', ['--scenario', 'nope', '--', 'true'], /no scenario "nope"/],
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
