/**
 * How the process ends once everything is done.
 *
 * Owns exits without delay. libuv joins its threads when a process exits, so a pending name lookup (getaddrinfo) would delay
 * an ordinary exit for as long as the resolver takes.
 */
import { accessSync, constants as files } from 'node:fs';
import { constants } from 'node:os';
import { restoreBlocking } from './stdio.js';

/** `process.execve`, added in Node 22.15 and 23.11. */
type Execve = (file: string, args: readonly string[], env: Record<string, string>) => never;

const { execve } = process as { execve?: Execve };

const shell = '/bin/sh';

/** Whether this process can be replaced by another program, which ends all of its threads. */
export function canBeReplaced(): boolean {
  if (execve === undefined) return false;
  try {
    // Node up to 24 aborts if the file does not exist.
    accessSync(shell, files.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Ends the process now, with this exit code. */
export function exitNow(code: number): never {
  if (process.getActiveResourcesInfo().includes('GetAddrInfoReqWrap') && canBeReplaced()) {
    restoreBlocking();
    try {
      execve?.call(process, shell, ['sh', '-c', `exit ${code}`], {});
    } catch {
      // Node's permission model may forbid it.
    }
  }
  process.exit(code);
}

/**
 * Ends the process by a signal's default action, as if nobody had handled it: a shell reports 128 and the signal's
 * number, and after a Ctrl-C ends its script as well.
 */
export function dieOf(signal: NodeJS.Signals): void {
  const code = 128 + constants.signals[signal];
  // Windows has no signals, and would report 1.
  if (process.platform === 'win32') exitNow(code);
  restoreBlocking();
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // Process 1 of a container has no default action for signals.
  setTimeout(() => exitNow(code), 100);
}
