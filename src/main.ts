/**
 * The entry: the only file that touches the process.
 *
 * Builds the Context from it, turns signals and closed pipes into one AbortSignal, and sets the exit code.
 * Everything else is below and is handed what it needs.
 */
import { closeSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { isatty } from 'node:tty';
import type { Context, EndReason, JobControl, PassedSignal } from './context.js';
import { collectGarbage } from './garbage.js';
import { exitCode, outputFailed, signalCodes } from './model/outcome.js';
import { OutputError } from './model/output-error.js';
import { version } from './model/version.js';
import { nextTurn, systemClock } from './system-clock.js';

type Suspender = Parameters<JobControl['subscribe']>[0];
type Taker = (signal: PassedSignal) => void;

/** What has become of stdout, if it cannot be written any more. */
let stdoutFailure: 'SIGPIPE' | 'SIGHUP' | OutputError | null = null;

/** Whether the run has its exit code. */
let settled = false;

/** Which of stdin, stdout and stderr were terminals at the start. */
const terminals = [0, 1, 2].filter((fd) => isatty(fd));

async function main(): Promise<void> {
  const abort = new AbortController();
  process.on('exit', closeLostTerminals);
  watchPipes(abort);
  const code = await run(process.argv.slice(2), abort);
  settled = true;
  await flushed(abort.signal);
  process.exitCode = finalCode(code);
  // Nothing should be left that keeps the process alive; if something is, nobody shall wait for it.
  setTimeout(() => process.exit(), 100).unref();
}

async function run(argv: readonly string[], abort: AbortController): Promise<number> {
  const suspenders = new Set<Suspender>();
  const takers = new Set<Taker>();
  const onSignal = watchSignals(abort, suspenders, takers);
  watchBugs(abort, suspenders);
  const context: Context = {
    argv,
    // Merely looking at it opens it.
    get in() {
      return process.stdin;
    },
    out: process.stdout,
    err: process.stderr,
    env: process.env,
    home: homeFolder(),
    uid: process.getuid?.() ?? null,
    tmp: tmpdir(),
    clock: systemClock,
    turn: nextTurn,
    random: Math.random,
    connect: async (settings) => (await import('./connect.js')).connect(settings),
    signal: abort.signal,
    jobs: {
      subscribe(handlers) {
        suspenders.add(handlers);
        return () => suspenders.delete(handlers);
      },
      watchKeys: () => watchKeys(onSignal),
      takeSignals(handler) {
        takers.add(handler);
        return () => takers.delete(handler);
      },
    },
    collectGarbage,
    trace: () => undefined,
  };
  try {
    const { runProgram } = await import('./cli/program.js');
    return await runProgram(context);
  } catch (error) {
    // What should have told of it is broken itself, or not there: files may be missing.
    return tellLastError(error, suspenders);
  }
}

/** Empty where neither HOME nor the user database tells it, as in a container for a user without a name. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/** For a bug that can be told in no better way; returns the exit code. Its message may hold anything, so that is left out. */
function tellLastError(error: unknown, suspenders: ReadonlySet<Suspender>): number {
  quit(suspenders);
  const { code, name }: NodeJS.ErrnoException = error instanceof Error ? error : new Error();
  process.stderr.write(`internal error in nublado-lab ${version}: ${code ?? name}\n`);
  return 70;
}

type OnSignal = (signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM' | 'SIGTSTP') => void;

/** The first signal ends the run in good order, a second one at once; unless somebody takes them all. */
function watchSignals(
  abort: AbortController,
  suspenders: ReadonlySet<Suspender>,
  takers: ReadonlySet<Taker>,
): OnSignal {
  const suspend = (): void => {
    for (const each of suspenders) each.suspend?.();
  };
  const resume = (): void => {
    for (const each of suspenders) each.resume?.();
  };
  const stop = (): void => {
    suspend();
    // The default action, and not SIGSTOP: where there is no shell to continue this process, the system
    // does not stop it, and then it goes on at once.
    process.off('SIGTSTP', stop);
    process.kill(process.pid, 'SIGTSTP');
    setImmediate(() => {
      process.on('SIGTSTP', stop);
      resume();
    });
  };
  const onSignal: OnSignal = (signal) => {
    if (signal === 'SIGTSTP') {
      stop();
    } else if (takers.size > 0) {
      for (const take of takers) take(signal);
    } else if (abort.signal.aborted) {
      quit(suspenders);
      // The exit code is that of the signal that the result, if it was printed, tells of.
      const first = abort.signal.reason as EndReason;
      process.exit(signalCodes[typeof first === 'string' ? first : signal]);
    } else {
      abort.abort(signal satisfies EndReason);
    }
  };
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      onSignal(signal);
    });
  }
  process.on('SIGTSTP', stop);
  process.on('SIGCONT', resume);
  // Ctrl-\\ asks for the default, a core dump, but not for a terminal without a cursor.
  const dump = (): void => {
    for (const take of takers) take('SIGQUIT');
    if (takers.size > 0) return;
    quit(suspenders);
    process.off('SIGQUIT', dump);
    process.kill(process.pid, 'SIGQUIT');
  };
  process.on('SIGQUIT', dump);
  return onSignal;
}

/** What is still to be done before the process ends where it stands. */
function quit(suspenders: ReadonlySet<Suspender>): void {
  for (const each of suspenders) {
    each.suspend?.();
    each.quit?.();
  }
}

/** A bug that no code caught ends the run like any other ending, with its result; a second one at once. */
function watchBugs(abort: AbortController, suspenders: ReadonlySet<Suspender>): void {
  const onBug = (error: Error): void => {
    if (abort.signal.aborted) process.exit(tellLastError(error, suspenders));
    abort.abort(error satisfies EndReason);
  };
  process.on('uncaughtException', onBug);
  // So is a run that waits for something that cannot come any more; it must not end in silence.
  process.on('beforeExit', () => {
    if (!settled) onBug(new Error('there is nothing left to wait for'));
  });
}

/** A reader of stdout that has left ends the run; on stderr there is then simply less to be said. */
function watchPipes(abort: AbortController): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    stdoutFailure = outputFailure(error);
    abort.abort(stdoutFailure satisfies EndReason);
  });
  process.stderr.on('error', () => undefined);
  // Past `ulimit -f`: the write fails as well, and whoever wrote can say so.
  process.on('SIGXFSZ', () => undefined);
}

function outputFailure({ code, message }: NodeJS.ErrnoException): 'SIGPIPE' | 'SIGHUP' | OutputError {
  if (code === 'EPIPE') return 'SIGPIPE';
  // The terminal has hung up; the signal for that is on its way, unless somebody else gets it.
  if (code === 'EIO' && terminals.includes(1)) return 'SIGHUP';
  return new OutputError(code === 'ENOSPC' ? 'no space left' : (code ?? message));
}

/** Waits until everything is written, for as long as it takes; but not for a reader that sleeps while a signal says to go. */
async function flushed(signal: AbortSignal): Promise<void> {
  const written = Promise.all(
    [process.stdout, process.stderr].map(
      (stream) =>
        new Promise<void>((resolve) => {
          // A write that fails says so to its callback first, and then to everybody.
          stream.write('', () => setImmediate(resolve));
        }),
    ),
  );
  const told = new Promise<void>((resolve) => {
    const soon = (): void => {
      setTimeout(resolve, 1000).unref();
    };
    if (signal.aborted) soon();
    else signal.addEventListener('abort', soon);
  });
  await Promise.race([written, told]);
}

/** The exit code, unless what was to be printed could not be. */
function finalCode(code: number): number {
  if (stdoutFailure === null) return code;
  if (typeof stdoutFailure === 'string') return signalCodes[stdoutFailure];
  const failure = exitCode(outputFailed(stdoutFailure.message));
  // A run that it cut short has said so already.
  if (code !== failure) process.stderr.write(`${stdoutFailure.message}\n`);
  return failure;
}

/** Node 20 aborts where it cannot put a terminal in order on its way out, because that has hung up; but not a closed one. */
function closeLostTerminals(): void {
  for (const fd of terminals) if (!isatty(fd)) closeSync(fd);
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

// Until the run has its own.
process.exitCode = 70;
main().catch((error: unknown) => process.exit(tellLastError(error, new Set())));
