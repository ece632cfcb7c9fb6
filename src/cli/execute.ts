/**
 * Runs one command from its flags to its exit code: displays, target, session, ending.
 *
 * This is the one place where exceptions become outcomes: wrong usage is exit 2, anything else is a bug.
 * Whatever happens, the display is closed, the ending is printed once, and connections are gone.
 */
import type { Context } from '../context.js';
import { UsageError } from '../config/usage-error.js';
import type { Session } from '../commands/session.js';
import { chooseDisplay } from '../display/choose.js';
import type { Display, Ending } from '../display/display.js';
import type { DisplayOptions, EventsDisplayOptions } from '../display/modes.js';
import { exitCode, usage, type Outcome } from '../model/outcome.js';
import type { Goal } from '../model/run.js';
import { version } from '../version.js';
import { displayOptions, limits, type CommonFlags } from './options.js';
import { openTarget, type OpenTarget } from './open-target.js';

export interface Task {
  goal: Goal;
  flags: CommonFlags;
  /** With `--demo`, a spawn is under way before the command begins. */
  demoUnderWay: boolean;
  /** Events go to stdout; null where only the result does. */
  events: EventsDisplayOptions | null;
  /** Loads the command and runs it. Wrong usage is thrown, before anything is sent. */
  run: (session: Session, display: DisplayOptions) => Promise<Ending>;
}

/** Runs a task and returns the exit code. */
export async function execute(context: Context, task: Task): Promise<number> {
  let display: Display | null = null;
  let target: OpenTarget | null = null;
  let session: Session | null = null;
  let ending: Ending;
  const unwatchKeys = context.jobs.watchKeys();
  try {
    const options = displayOptions(task.flags, context.env);
    display = await chooseDisplay(context, options, task.events);
    const bounds = limits(task.flags);
    const [{ Session }, opened] = await Promise.all([
      import('../commands/session.js'),
      openTarget(context, task.flags, task.demoUnderWay),
    ]);
    target = opened;
    session = new Session({ context, display, limits: bounds, ...opened }, task.goal);
    ending = await task.run(session, options);
  } catch (error) {
    ending = endingOf(outcomeOfError(error), session?.state.events ?? 0);
    session?.settle(ending.outcome);
  }
  display ??= await fallbackDisplay(context);
  session?.close();
  display.close(session?.state ?? null);
  if (!isClosedPipe(ending.outcome)) display.finish(ending);
  unwatchKeys();
  await target?.close();
  return exitCode(ending.outcome);
}

/** Prints how a command line ended that no command could be found for. */
export async function finishWithout(context: Context, outcome: Outcome): Promise<number> {
  (await fallbackDisplay(context)).finish(endingOf(outcome, 0));
  return exitCode(outcome);
}

export function outcomeOfError(error: unknown): Outcome {
  if (error instanceof UsageError) return usage(error.message, error.hint);
  const message = `internal error: ${error instanceof Error ? error.message : String(error)}`;
  return {
    kind: 'bug',
    message,
    error: {
      type: 'bug',
      message,
      status: null,
      hint: `This is a bug in nublado-lab ${version}. Please report it, with the command line and this message.`,
    },
  };
}

function endingOf(outcome: Outcome, events: number): Ending {
  return { outcome, events, lab: null, text: null };
}

/** Nobody reads stdout any more, so there is nothing to say and nobody to say it to. */
function isClosedPipe(outcome: Outcome): boolean {
  return outcome.kind === 'interrupted' && outcome.signal === 'SIGPIPE';
}

/** A display for endings so early that the options were not understood: as much of them as can be told. */
function fallbackDisplay(context: Context): Promise<Display> {
  return chooseDisplay(context, {
    output: scanOutputMode(context),
    progress: 'none',
    color: 'auto',
    quiet: false,
  });
}

/** The output mode, read without commander, because the result object appears on every path. */
function scanOutputMode({ argv, env }: Context): DisplayOptions['output'] {
  let mode = env['LAB_OUTPUT'];
  for (const [i, argument] of argv.entries()) {
    if (argument === '--') break;
    if (argument === '-o' || argument === '--output') mode = argv[i + 1];
    else if (argument.startsWith('--output=')) mode = argument.slice('--output='.length);
    else if (/^-o./.test(argument)) mode = argument.slice(2).replace(/^=/, '');
  }
  return mode === 'json' || mode === 'ndjson' ? mode : 'text';
}
