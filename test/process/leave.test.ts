/**
 * How the real program exits: by which signal or exit code, and without delay.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterEach, describe, it } from 'node:test';
import { bin, cleanEnvironment, startLab, type Running } from '../support/program.js';
import { silentName, silentNames } from '../support/silent-names.js';

/** Resolves when the process has ended, whether or not its parent has collected its exit status. */
async function ended(pid: number): Promise<void> {
  const lives = (): boolean => {
    try {
      return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return false;
    }
  };
  while (lives()) await new Promise((resolve) => setImmediate(resolve));
}

/** For a program that would never end. */
const limited = { timeout: 60_000 };

interface Shared {
  pid: number;
  seen: (pattern: RegExp) => Promise<string>;
}

const onLinux = { skip: process.platform !== 'linux' && 'only Linux has LD_PRELOAD and /proc' };

// The lookup never ends, so neither would a program that waits for it.
describe('a name server that never responds', onLinux, () => {
  let run: Running | null = null;
  afterEach(() => run?.child.kill('SIGKILL'));

  const start = (args: string, env: Record<string, string>): Running => {
    const settings = { LAB_CONTROLLER: `https://${silentName}`, LAB_TOKEN: 'gt-a-token-of-the-tests' };
    return (run = startLab(args.split(' '), { ...settings, ...env }));
  };

  it('does not hold up the end of the deadline', limited, async () => {
    const { env, lookedUp } = silentNames();
    const { code, stderr } = await start('status --user demo --timeout 2s', env).finished;
    assert.equal(code, 7, stderr);
    await ended(await lookedUp);
  });

  for (const signals of [['SIGINT'], ['SIGTERM'], ['SIGHUP'], ['SIGINT', 'SIGINT'], ['SIGQUIT']] as const) {
    it(`does not hold up ${signals.join(' and ')}`, limited, async () => {
      const { env, lookedUp } = silentNames();
      const { child, finished } = start('status --user demo --timeout 0', env);
      const pid = await lookedUp;
      for (const signal of signals) child.kill(signal);
      assert.equal((await finished).signal, signals[0]);
      await ended(pid);
    });
  }

  it('does not hold up a signal to `lab controller`', limited, async () => {
    const { env, lookedUp } = silentNames();
    const { child, finished } = start(`controller --host ${silentName} --yes-expose`, env);
    await lookedUp;
    child.kill('SIGTERM');
    assert.equal((await finished).signal, 'SIGTERM');
  });
});

describe('a signal', { concurrency: 3 }, () => {
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    it(`ends the process as ${signal} does by default, after everything is written`, async () => {
      const run = startLab(['spawn', '--demo', 'slow-pull', '-o', 'ndjson', '--progress', 'plain']);
      await run.seen(/Created Kubernetes objects/);
      run.child.kill(signal);
      const { signal: endedBy, stdout, stderr } = await run.finished;
      assert.equal(endedBy, signal);
      assert.match(stdout, /"outcome":"interrupted"[^\n]*\n$/);
      assert.match(stderr, /interrupted; the demo ends here\n$/);
    });
  }

  it('that ends `lab controller` does so too', async () => {
    const run = startLab(['controller']);
    await run.seen(/LAB_TOKEN_FILE/);
    run.child.kill('SIGTERM');
    assert.equal((await run.finished).signal, 'SIGTERM');
  });

  it('ends the script that runs it, after a Ctrl-C', async () => {
    // A shell ends its script only if the command has died of the signal that the shell got as well.
    const script = `"${process.execPath}" "${bin}" spawn --demo slow-pull; echo "and goes on"`;
    const shell = spawn('bash', ['-c', script], {
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const output = text(shell.stdout);
    await once(shell.stderr, 'data');
    process.kill(-(shell.pid ?? NaN), 'SIGINT');
    assert.deepEqual(await once(shell, 'close'), [null, 'SIGINT']);
    assert.equal(await output, '');
  });
});

describe('a pipe that is shared with other programs', () => {
  /** Runs a script in which `lab` comes first; stdout is not read before the script has ended. */
  const share = async (
    args: string,
    env: Record<string, string>,
    meanwhile: (run: Shared) => Promise<void>,
  ) => {
    const script = `
      (echo "pid=$BASHPID" >&2; exec "${process.execPath}" "${bin}" ${args})
      echo "ended=$?" >&2
      head -c 300000 /dev/zero`;
    const shell = spawn('bash', ['-c', script], {
      env: cleanEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    shell.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const seen = async (pattern: RegExp): Promise<string> => {
      while (!pattern.test(stderr)) await once(shell.stderr, 'data');
      return pattern.exec(stderr)?.[1] ?? '';
    };
    await meanwhile({ pid: Number(await seen(/pid=(\d+)/)), seen });
    const code = Number(await seen(/ended=(\d+)/));
    const output = text(shell.stdout);
    assert.deepEqual(await once(shell, 'close'), [0, null], stderr);
    assert.equal((await output).length, 300_000);
    return code;
  };

  it('still blocks after a signal', async () => {
    const code = await share('spawn --demo slow-pull', {}, async ({ pid, seen }) => {
      await seen(/Created Kubernetes objects/);
      process.kill(pid, 'SIGTERM');
    });
    assert.equal(code, 143);
  });

  it('still blocks after an end that waits for no lookup', onLinux, async () => {
    const { env } = silentNames();
    const settings = { LAB_CONTROLLER: `https://${silentName}`, LAB_TOKEN: 'gt-a-token-of-the-tests' };
    const args = 'status --user demo --timeout 2s';
    const code = await share(args, { ...settings, ...env }, () => Promise.resolve());
    assert.equal(code, 7);
  });
});
