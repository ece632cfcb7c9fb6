/**
 * Opens a URL in the user's browser: the one in BROWSER, otherwise that of the system.
 *
 * Owns the child process: it is independent of this one, and outlives it. The package `open` knows how each system starts
 * its browser.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { browserCommand } from './browser-command.js';

/** A browser that starts in the background ends soon; one that does not end in this time has started (ms). */
const patience = 1_000;

/** Resolves when the browser has the URL, as far as can be seen. Rejects with an Error that says for people why not. */
export async function openBrowser(url: string, env: NodeJS.ProcessEnv): Promise<void> {
  const command = browserCommand(env['BROWSER'] ?? '', url);
  let child: ChildProcess;
  try {
    if (command === null) {
      const { default: open } = await import('open');
      child = await open(url);
    } else {
      child = spawn(command.program, command.args, { detached: true, stdio: 'ignore' });
      child.unref();
      await once(child, 'spawn');
    }
  } catch (error) {
    throw new Error(explain(error), { cause: error });
  }
  await noEarlyFailure(child);
}

function explain(error: unknown): string {
  const { code, path, message }: NodeJS.ErrnoException =
    error instanceof Error ? error : new Error(String(error));
  const program = path ?? 'the browser';
  if (code === 'ENOENT') return `${program} was not found`;
  if (code === 'EACCES') return `${program} is not executable`;
  return message;
}

/** Rejects if the process fails within a moment. */
function noEarlyFailure(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, patience);
    const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
      clearTimeout(timer);
      const how = signal === null ? `exited with ${code ?? 'no code'}` : `was ended by ${signal}`;
      if (code === 0) resolve();
      else reject(new Error(`${child.spawnfile} ${how}`));
    };
    if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode, child.signalCode);
    else child.once('exit', onExit);
  });
}
