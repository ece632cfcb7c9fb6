/**
 * `lab controller`: serves simulated servers until it is interrupted, or for as long as a command runs.
 *
 * Prints the client's settings as `export` lines, or passes them to the command. The tokens are in files that only
 * this user can read and that are removed at the end.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileProblem } from '../runtime/file-problem.js';
import { UsageError } from '../model/usage-error.js';
import type { Context, EndReason, PassedSignal } from '../runtime/context.js';
import { unlessAborted } from '../runtime/deadline.js';
import { sanitise } from '../model/text.js';
import { signalCodes } from '../model/outcome.js';
import { describeScenarios, startSimulators, type Simulators, type SimulatorSettings } from './simulators.js';

export interface ServeOptions extends SimulatorSettings {
  list: boolean;
  /** The command to run while it serves. Without a command, it serves until a signal arrives. */
  command?: readonly string[];
}

/** Settings that could direct the command to another controller, or give it another identity. */
const realSettings = [
  'LAB_CONTROLLER',
  'LAB_DIRECT',
  'LAB_HUB',
  'LAB_PROFILE',
  'LAB_SERVER_NAME',
  'LAB_TOKEN',
  'LAB_TOKEN_FILE',
  'LAB_USER',
  'EXTERNAL_INSTANCE_URL',
  'NUBLADO_TOKEN',
  'ACCESS_TOKEN',
  'JUPYTERHUB_API_TOKEN',
  'JUPYTERHUB_API_URL',
  'JUPYTERHUB_PUBLIC_HUB_URL',
  'JUPYTERHUB_PUBLIC_URL',
  'JUPYTERHUB_SERVER_NAME',
  'JUPYTERHUB_USER',
];

/** Serves; returns the exit code. Throws a UsageError if it cannot start. */
export async function serve(context: Context, options: ServeOptions): Promise<number> {
  const { out } = context;
  if (options.list) {
    out.write(describeScenarios());
    return 0;
  }
  const { signal } = context;
  const starting = startSimulators(context.clock, options);
  const simulators = await unlessAborted(starting, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
    // Starting may hang in the lookup of the host name. If it succeeds later, the simulator is closed.
    void starting.then((late) => late.close()).catch(() => undefined);
    return null;
  });
  if (simulators === null) return codeOf(signal);
  try {
    return await withTokenFiles(context, simulators, (variables) =>
      options.command === undefined
        ? serveUntilSignal(context, simulators, variables)
        : runCommand(context, options.command, {
            ...context.env,
            ...Object.fromEntries(realSettings.map((name) => [name, undefined])),
            ...variables,
          }),
    );
  } finally {
    await simulators.close();
  }
}

/** What a client needs, by the names of the environment. */
type Variables = Readonly<Record<string, string>>;

/** Creates and removes the files synchronously, because a second signal exits without waiting for anything. */
async function withTokenFiles(
  { tmp, jobs }: Context,
  { token, otherTokens, variables }: Simulators,
  use: (variables: Variables) => Promise<number>,
): Promise<number> {
  const folder = privateFolder(tmp);
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  const unsubscribe = jobs.subscribe({ quit: remove });
  try {
    const write = (name: string, token: string): string => {
      const file = join(folder, name);
      try {
        writeFileSync(file, `${token}\n`, { mode: 0o600 });
      } catch (error) {
        throw new UsageError(`TMPDIR: cannot write ${file}: ${fileProblem(error)}`);
      }
      return file;
    };
    for (const [name, other] of Object.entries(otherTokens)) write(name, other);
    return await use({ ...variables, LAB_TOKEN_FILE: write('token', token) });
  } finally {
    remove();
    unsubscribe();
  }
}

async function serveUntilSignal(
  { out, err, signal, jobs }: Context,
  { scenario }: Simulators,
  variables: Variables,
): Promise<number> {
  const unwatchKeys = jobs.watchKeys();
  try {
    for (const [name, value] of Object.entries(variables)) {
      out.write(`export ${name}=${shellQuote(value)}\n`);
    }
    if (err.isTTY === true) {
      err.write(`Running scenario "${scenario}" until Ctrl-C. Run the lines above in another shell.\n`);
    }
    await aborted(signal);
  } finally {
    unwatchKeys();
  }
  return codeOf(signal);
}

/** Runs the command until it exits, even if signals arrive. Returns the exit code that a shell would return. */
async function runCommand(
  context: Context,
  [file = '', ...args]: readonly string[],
  env: Context['env'],
): Promise<number> {
  const { err, jobs, signal } = context;
  if (signal.aborted) return codeOf(signal);
  let child: ChildProcess;
  let giveBack = (): void => undefined;
  try {
    child = launch(file, args, env);
    // Takes every signal from the start: exiting before the command would leave it orphaned.
    giveBack = jobs.takeSignals((each) => {
      passOn(context, child, each);
    });
    await once(child, 'spawn'); // rejects on 'error'
  } catch (error) {
    giveBack();
    const { code = '' } = error as NodeJS.ErrnoException;
    const missing = code === 'ENOENT';
    const why = missing ? 'command not found' : code === 'EACCES' ? 'permission denied' : code;
    err.write(`lab controller: cannot run ${sanitise(file) || "''"}: ${why}\n`);
    return missing ? 127 : 126;
  }
  const code = await exitCodeOf(child, signal);
  giveBack();
  if (signal.reason instanceof Error) throw signal.reason;
  return code;
}

/** Throws the system's error if the command cannot be run, or emits it as an `error` event. */
function launch(file: string, args: readonly string[], env: Context['env']): ChildProcess {
  // Node rejects an empty name with its own message; a shell reports that the command is not found.
  if (file === '') throw Object.assign(new Error('no name'), { code: 'ENOENT' });
  const child = spawn(file, args, { env, stdio: 'inherit' });
  // A signal that may not be sent (to `sudo`, for example) is also an error, and can be ignored.
  child.on('error', () => undefined);
  return child;
}

async function exitCodeOf(child: ChildProcess, signal: AbortSignal): Promise<number> {
  // Signals are forwarded and do not abort this; only a bug in this program does. Then the command must exit, too.
  const end = (): void => {
    child.kill('SIGTERM');
  };
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  // Not `once`, because it also rejects on the error of a signal that may not be sent.
  const code = await new Promise<number>((resolve) => {
    child.on('exit', (status, killer) => {
      resolve(killer === null ? (status ?? 0) : 128 + constants.signals[killer]);
    });
  });
  signal.removeEventListener('abort', end);
  return code;
}

/** Forwards a signal that this process received to the child. */
function passOn(context: Context, child: ChildProcess, signal: PassedSignal): void {
  // A typed signal has already reached every process at the terminal. Checked only now, because the check opens stdin.
  const typed = signal === 'SIGINT' || signal === 'SIGQUIT';
  if (typed && context.in.isTTY === true) return;
  child.kill(signal);
}

function codeOf(signal: AbortSignal): number {
  const reason = signal.reason as EndReason;
  if (typeof reason === 'string') return signalCodes[reason];
  throw reason;
}

function privateFolder(tmp: string): string {
  try {
    return mkdtempSync(join(tmp, 'nublado-lab-'));
  } catch (error) {
    throw new UsageError(`TMPDIR: cannot create a directory in ${tmp}: ${fileProblem(error)}`);
  }
}

function shellQuote(text: string): string {
  return /^[A-Za-z0-9_./:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}
