/**
 * The entry: the only file that touches the process.
 *
 * Builds the Context from it, turns signals and closed pipes into one AbortSignal, and sets the exit code.
 * Everything else is below and is handed what it needs.
 */
import { homedir, tmpdir } from 'node:os';
import { isatty } from 'node:tty';
import type { Dispatcher } from 'undici';
import type { Clock, Context, JobControl } from './context.js';
import { signalCodes, type EndingSignal } from './model/outcome.js';
import { version } from './version.js';

type Suspender = Parameters<JobControl['subscribe']>[0];

/** setTimeout fires at once above this many milliseconds. */
const longestTimer = 2 ** 31 - 1;

let stdoutClosed = false;

const clock: Clock = {
  monotonic: () => performance.now(),
  now: () => Date.now(),
  after(ms, callback) {
    let timer: NodeJS.Timeout;
    const arm = (left: number): void => {
      timer = setTimeout(
        () => {
          if (left > longestTimer) arm(left - longestTimer);
          else callback();
        },
        Math.min(left, longestTimer),
      );
    };
    arm(ms);
    return () => {
      clearTimeout(timer);
    };
  },
};

async function connect(): Promise<Dispatcher> {
  const { Agent } = await import('undici');
  return new Agent({ connect: { timeout: 5_000 } });
}

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  // Asked so often, by prompts and scripts, that it does not wait for the command line to be built.
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${version}\n`);
    return;
  }

  const abort = new AbortController();
  const suspenders = new Set<Suspender>();
  const onSignal = watchSignals(abort, suspenders);
  watchPipes(abort);

  const context: Context = {
    argv,
    // Merely looking at it opens it.
    get in() {
      return process.stdin;
    },
    out: process.stdout,
    err: process.stderr,
    env: process.env,
    home: homedir(),
    tmp: tmpdir(),
    clock,
    random: Math.random,
    connect,
    signal: abort.signal,
    jobs: {
      subscribe(handlers) {
        suspenders.add(handlers);
        return () => suspenders.delete(handlers);
      },
      watchKeys: () => watchKeys(onSignal),
    },
  };

  // A bug that no code above it caught must still leave a sane terminal and an exit code of its own.
  process.on('uncaughtException', (error) => {
    for (const each of suspenders) each.suspend();
    process.stderr.write(
      `internal error: ${error.message}\nThis is a bug in nublado-lab ${version}. Please report it.\n`,
    );
    process.exit(70);
  });

  const { runProgram } = await import('./cli/program.js');
  const code = await runProgram(context);
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exitCode = stdoutClosed ? signalCodes.SIGPIPE : code;
  // Nothing should be left that keeps the process alive; if something is, nobody shall wait for it.
  setTimeout(() => process.exit(), 100).unref();
}

type OnSignal = (signal: EndingSignal | 'SIGTSTP') => void;

/** The first signal ends the run in good order, a second one at once. */
function watchSignals(abort: AbortController, suspenders: ReadonlySet<Suspender>): OnSignal {
  const onSignal: OnSignal = (signal) => {
    if (signal === 'SIGTSTP') {
      for (const each of suspenders) each.suspend();
      process.kill(process.pid, 'SIGSTOP');
    } else if (abort.signal.aborted) {
      for (const each of suspenders) each.suspend();
      process.exit(signalCodes[signal]);
    } else {
      abort.abort(signal);
    }
  };
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGTSTP'] as const) {
    process.on(signal, () => {
      onSignal(signal);
    });
  }
  process.on('SIGCONT', () => {
    for (const each of suspenders) each.resume();
  });
  return onSignal;
}

const ctrlC = 0x03;
const ctrlZ = 0x1a;

/** See `JobControl.watchKeys`. Node cannot tell a terminal's modes, so `stty` is asked. */
function watchKeys(onSignal: OnSignal): () => void {
  if (process.platform === 'win32' || !isatty(0)) return () => undefined;
  const stopped = new AbortController();
  const onData = (keys: Buffer): void => {
    for (const key of keys) {
      if (key === ctrlC) onSignal('SIGINT');
      if (key === ctrlZ) onSignal('SIGTSTP');
    }
  };
  void (async () => {
    const { spawn } = await import('node:child_process');
    if (stopped.signal.aborted) return;
    const stty = spawn('stty', ['-a'], { stdio: ['inherit', 'pipe', 'ignore'] });
    let modes = '';
    stty.stdout.on('data', (chunk: Buffer) => (modes += chunk.toString()));
    // Without stty there is nothing to be known, and a cooked terminal needs nothing.
    stty.on('error', () => undefined);
    stty.on('close', () => {
      if (!stopped.signal.aborted && /(^|\s)-isig\b/.test(modes)) process.stdin.on('data', onData);
    });
    stty.unref();
  })();
  return () => {
    stopped.abort();
    if (process.stdin.listenerCount('data') === 0) return;
    process.stdin.off('data', onData);
    process.stdin.pause();
  };
}

/** A reader that has left ends the run when it was reading the result, and silences what it read otherwise. */
function watchPipes(abort: AbortController): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    stdoutClosed = true;
    abort.abort('SIGPIPE' satisfies EndingSignal);
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => {
      resolve();
    });
  });
}

await main();
