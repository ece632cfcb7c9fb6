/**
 * Runs one command from its flags to its exit code: displays, target, session, ending.
 *
 * The one place where exceptions become outcomes: wrong usage is exit 2, anything else is a bug. In every case, the
 * display is closed, the ending is printed once, and the connections are closed.
 */
import type { Context } from '../runtime/context.js';
import { UsageError } from '../model/usage-error.js';
import type { Session } from '../commands/session/session.js';
import { startDeadline, type Deadline } from '../runtime/deadline.js';
import { chooseDisplay } from '../display/choose.js';
import type { Display, Ending } from '../display/display.js';
import { sanitise } from '../model/text.js';
import type { DisplayOptions, EventsDisplayOptions } from '../display/modes.js';
import { bug, exitCode, outputFailed, usage, type Outcome } from '../model/outcome.js';
import { OutputError } from '../model/output-error.js';
import { createRedactor, type Redact } from '../model/redactor.js';
import type { Goal } from '../model/reducer.js';
import { openLogFile, type LogFile } from './log-file.js';
import { displayOptions, displayOrigins, limits, type CommonFlags } from './options.js';
import { openTarget, type HubTask, type OpenTarget } from './open-target.js';

export interface Task {
  goal: Goal;
  flags: CommonFlags;
  /** With `--demo`, a spawn is in progress before the command begins. */
  demoUnderWay: boolean;
  /** The scenario of a `--demo` that names none; left out for the usual one. */
  demoScenario?: string;
  /** Values that may be secret, in addition to the token. */
  secrets: readonly string[];
  /** What the command needs from a JupyterHub; omitted if the settings are enough. */
  hub?: HubTask;
  /** How events are printed on stdout; null if only the result is. */
  events: EventsDisplayOptions | null;
  /** Loads the command and runs it. Throws a UsageError for wrong usage, before anything is sent. */
  run: (session: Session, display: DisplayOptions) => Promise<Ending>;
}

/** Runs a task and returns the exit code. */
export async function execute(outer: Context, task: Task): Promise<number> {
  let log: LogFile | null = null;
  // Not a spread, which would read the property `in` and so open stdin.
  const context = Object.create(outer, {
    trace: {
      value: (level: number, message: string) => {
        if (level <= (task.flags.verbose ?? 0)) display?.note(message);
        log?.write(sanitise(message));
      },
    },
  }) as Context;
  let display: Display | null = null;
  let redactor = createRedactor({ credentials: [], values: task.secrets });
  let target: OpenTarget | null = null;
  let session: Session | null = null;
  let deadline: Deadline | null = null;
  let ending: Ending;
  const unwatchKeys = context.jobs.watchKeys();
  try {
    const options = displayOptions(task.flags, context.env);
    display = await chooseDisplay(context, options, task.events);
    const warn = display.warn.bind(display);
    context.takeWarnings(warn);
    if (task.flags.logFile !== undefined) {
      log = openLogFile(task.flags.logFile, context, warn);
    }
    const bounds = limits(task.flags);
    deadline = startDeadline(context.clock, bounds.timeout, context.signal);
    const [{ Session }, opened] = await Promise.all([
      import('../commands/session/session.js'),
      openTarget(context, task.flags, task, deadline.signal),
    ]);
    target = opened;
    ({ redactor } = opened);
    for (const line of [...opened.origins, ...displayOrigins(task.flags, context.env)])
      context.trace(1, line);
    for (const warning of opened.warnings) display.warn(warning);
    session = new Session({ context, display, limits: bounds, deadline, ...opened }, task.goal);
    ending = await task.run(session, options);
  } catch (error) {
    ending = endingOf(await outcomeOfThrown(error, context, deadline), session?.state.events ?? 0);
    session?.settle(ending.outcome);
  }
  ending = { ...ending, outcome: redactBug(ending.outcome, redactor.redact) };
  display ??= await fallbackDisplay(context);
  context.trace(1, `ends as ${ending.outcome.kind}, exit ${exitCode(ending.outcome)}`);
  session?.close();
  deadline?.cancel();
  if (deadline?.expired === true) context.timeUp();
  // After a bug in the middle of a batch, what was shown before it must still be written.
  display.flush();
  display.close(session?.state ?? null);
  if (!isClosedPipe(ending.outcome)) display.finish(ending);
  unwatchKeys();
  await target?.close();
  log?.close();
  log = null;
  return exitCode(ending.outcome);
}

/** A request that was aborted because the run had to end is not an error of its own. */
export async function outcomeOfThrown(
  error: unknown,
  context: Context,
  deadline: Pick<Deadline, 'signal' | 'expired'> | null,
): Promise<Outcome> {
  deadline ??= { signal: context.signal, expired: false };
  if (!deadline.signal.aborted || error !== deadline.signal.reason) return outcomeOfError(error);
  const { cutShort } = await import('../commands/session/cut-short.js');
  const nothing = { trouble: null, server: 'the controller' } as const;
  return cutShort(context.signal, deadline, nothing, {
    interrupted: 'interrupted; nothing was sent',
    hint: null,
  });
}

/** Prints the ending of a run that never got to a command. */
export async function finishWithout(context: Context, outcome: Outcome): Promise<number> {
  (await fallbackDisplay(context)).finish(endingOf(outcome, 0));
  return exitCode(outcome);
}

function outcomeOfError(error: unknown): Outcome {
  if (error instanceof OutputError) return outputFailed(error.message);
  return error instanceof UsageError ? usage(error.message, error.hint) : bug(error);
}

/** The message of an unexpected exception may come from a library and quote anything. */
function redactBug(outcome: Outcome, redact: Redact): Outcome {
  if (outcome.kind !== 'bug') return outcome;
  const message = redact(outcome.message);
  return { ...outcome, message, error: { ...outcome.error, message } };
}

function endingOf(outcome: Outcome, events: number): Ending {
  return { outcome, events, lab: null, text: [] };
}

/** Whether stdout was closed by its reader. Then nothing is printed about the ending. */
function isClosedPipe(outcome: Outcome): boolean {
  return outcome.kind === 'interrupted' && outcome.signal === 'SIGPIPE';
}

/** A display for an ending before the options were parsed; it uses the output mode if that can be found. */
function fallbackDisplay(context: Context): Promise<Display> {
  return chooseDisplay(context, {
    output: scanOutputMode(context),
    progress: 'none',
    color: 'auto',
    quiet: false,
  });
}

/** The output mode, read without commander: JSON output has a result object in every case. */
function scanOutputMode({ argv, env }: Context): DisplayOptions['output'] {
  let mode = env['LAB_OUTPUT'];
  for (const [i, argument] of argv.entries()) {
    if (argument === '--') break;
    if (argument === '--output') mode = argv[i + 1];
    else if (argument.startsWith('--output=')) mode = argument.slice('--output='.length);
    else {
      // Short options can be combined, as in -do json and -qojson.
      const [, value] = /^-[a-np-z]*o=?(.*)$/.exec(argument) ?? [];
      if (value !== undefined) mode = value === '' ? argv[i + 1] : value;
    }
  }
  return mode === 'json' || mode === 'ndjson' ? mode : 'text';
}
