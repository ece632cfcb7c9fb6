/**
 * A token from a command, which runs without a shell for at most ten seconds. Its output is never shown.
 *
 * Owns the child process. Leaves the format of the token to `parse.ts`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { platform } from 'node:os';
import type { Context } from '../runtime/context.js';
import { startDeadline } from '../runtime/deadline.js';
import { fileProblem } from '../runtime/file-problem.js';
import { tokenLimit } from './token.js';
import { UsageError } from '../model/usage-error.js';

const limit = 10_000;

/** POSIX has process groups, so that one signal reaches everything that the command has started. */
const hasGroups = platform() !== 'win32';

/**
 * Returns the output of the command. Throws a UsageError that begins with `source`, or the signal's reason when that aborts.
 */
export async function outputOf(
  command: string,
  args: readonly string[],
  source: string,
  { clock, env }: Context,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const deadline = startDeadline(clock, limit, signal);
  try {
    return await run(command, args, env, deadline.signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const problem = deadline.expired ? 'it did not exit within 10 s' : problemOf(error);
    throw new UsageError(
      `${source}: ${problem}`,
      'Run it by hand to see why; it should print the token and exit.',
    );
  } finally {
    deadline.cancel();
  }
}

class CommandFailed extends Error {}

function problemOf(error: unknown): string {
  if (error instanceof CommandFailed) return error.message;
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return `it cannot be run: ${missing ? 'command not found' : fileProblem(error)}`;
}

function run(
  command: string,
  args: readonly string[],
  env: Context['env'],
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    // Its stderr is dropped: it may contain the secret.
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'ignore'], detached: hasGroups });
    const chunks: Buffer[] = [];
    let length = 0;
    const giveUp = (reason: Error): void => {
      signal.removeEventListener('abort', onAbort);
      kill(child);
      // A process that has left the group may still hold the pipe.
      child.stdout.destroy();
      child.unref();
      reject(reason);
    };
    const onAbort = (): void => {
      giveUp(new CommandFailed('it was stopped'));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > tokenLimit) giveUp(new CommandFailed('its output is too long for a token'));
      else chunks.push(chunk);
    });
    child.on('error', (error) => {
      signal.removeEventListener('abort', onAbort);
      reject(error);
    });
    child.on('close', (code, killer) => {
      signal.removeEventListener('abort', onAbort);
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
      else
        reject(
          new CommandFailed(
            code === null ? `it was killed by ${String(killer)}` : `it exited with status ${code}`,
          ),
        );
    });
  });
}

/** Kills the command and everything that it has started. */
function kill(child: ChildProcess): void {
  const alone = (): void => {
    child.kill('SIGKILL');
  };
  if (!hasGroups || child.pid === undefined) {
    alone();
    return;
  }
  // Node signals a group only through `process`, which this layer does not use; a shell can do it as well.
  const killer = spawn('/bin/sh', ['-c', 'kill -s KILL -- "-$0"', String(child.pid)], { stdio: 'ignore' });
  killer.on('error', alone).on('close', alone).unref();
}
