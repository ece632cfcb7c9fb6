/**
 * The entry: builds the Context from the process, runs the program, and ends the process with the exit code.
 *
 * Only this file, `process/` and `runtime/system-clock.ts` use the globals of the process. Everything else gets what it
 * needs from here.
 */
import { homedir, tmpdir } from 'node:os';
import type { Context, EndReason } from './runtime/context.js';
import { collectBehind } from './runtime/garbage.js';
import { signalCodes } from './model/outcome.js';
import { shortageOf } from './model/machine.js';
import { reportBugsTo, version } from './model/version.js';
import { dieOf, exitNow } from './process/leave.js';
import { Outputs } from './process/outputs.js';
import { isEndingSignal, watchSignals, type Signals } from './process/signals.js';
import { openStdin } from './process/stdio.js';
import { watchWarnings } from './process/warnings.js';
import { nextTurn, systemClock } from './runtime/system-clock.js';

/** Whether the run has its exit code. */
let settled = false;

async function main(): Promise<void> {
  const abort = new AbortController();
  const outputs = new Outputs(abort);
  const signals = watchSignals(abort);
  watchBugs(abort, signals);
  let isTimeUp = false;
  const ended = await run(abort, signals, outputs, () => (isTimeUp = true));
  settled = true;
  await outputs.flushed(isTimeUp);
  const code = outputs.finalCode(ended);
  const reason = abort.signal.reason as EndReason | undefined;
  // A result that could not be written completely is not a success.
  if (isEndingSignal(reason) && (code === signalCodes[reason] || outputs.isCut)) {
    dieOf(reason);
    return;
  }
  process.exitCode = code;
  // Exit anyway if something keeps the event loop alive.
  setTimeout(() => exitNow(code), 100).unref();
}

/** Runs the program; returns the exit code. */
async function run(
  abort: AbortController,
  signals: Signals,
  { out, err }: Outputs,
  timeUp: () => void,
): Promise<number> {
  const context: Context = {
    argv: process.argv.slice(2),
    get in() {
      return openStdin();
    },
    out,
    err,
    env: process.env,
    home: homeFolder(),
    uid: process.getuid?.() ?? null,
    tmp: tmpdir(),
    clock: systemClock,
    turn: nextTurn,
    random: Math.random,
    async connect(settings) {
      const [{ connect }, { abandonableLookup }] = await Promise.all([
        import('./http/connect.js'),
        import('./process/lookup.js'),
      ]);
      return connect(settings, abandonableLookup());
    },
    async openBrowser(url) {
      const { openBrowser } = await import('./process/browser.js');
      await openBrowser(url, process.env);
    },
    signal: abort.signal,
    jobs: signals.jobs,
    takeWarnings: watchWarnings(),
    collectBehind,
    timeUp,
    trace: () => undefined,
  };
  try {
    const { runProgram } = await import('./cli/program.js');
    return await runProgram(context);
  } catch (error) {
    // The code that should have reported it failed, or is missing.
    return reportLastError(error, signals);
  }
}

/** Empty if neither HOME nor the user database has it, as in a container for a user without a name. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/** Reports a bug that nothing else could report; returns the exit code. The error's message may contain a secret. */
function reportLastError(error: unknown, signals: Signals | null): number {
  signals?.quit();
  const shortage = shortageOf(error);
  if (shortage !== null) {
    process.stderr.write(`${shortage.text}\n  ${shortage.hint}\n`);
    return 7;
  }
  const { code, name }: NodeJS.ErrnoException = error instanceof Error ? error : new Error();
  process.stderr.write(
    `internal error in nublado-lab ${version}: ${code ?? name}\n  Please report it to ${reportBugsTo}.\n`,
  );
  return 70;
}

/** Lets an uncaught exception end the run in the usual way, with a result; a second one ends the process at once. */
function watchBugs(abort: AbortController, signals: Signals): void {
  const onBug = (error: Error): void => {
    if (abort.signal.aborted) exitNow(reportLastError(error, signals));
    abort.abort(error satisfies EndReason);
  };
  process.on('uncaughtException', onBug);
  // A run that waits for something that cannot happen any more is a bug as well; it must not end without a message.
  process.on('beforeExit', () => {
    if (!settled) onBug(new Error('there is nothing left to wait for'));
  });
}

// Until the run has an exit code of its own.
process.exitCode = 70;
main().catch((error: unknown) => exitNow(reportLastError(error, null)));
