/**
 * `lab controller`: serves the embedded controller until it is interrupted.
 *
 * Prints what a client needs as lines to export. The token goes into a file of its own that only this user
 * can read, and that is gone when the command ends.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isLoopback } from '../config/target.js';
import { UsageError } from '../config/usage-error.js';
import type { Context, EndReason } from '../context.js';
import { scenarios } from '../embedded/scenarios.js';
import { startController, type EmbeddedController } from '../embedded/server.js';
import { signalCodes } from '../model/outcome.js';

export interface ServeOptions {
  port: number;
  host: string;
  yesExpose: boolean;
  scenario: string;
  speed: number;
  /** Seconds. */
  ping: number;
  list: boolean;
}

/** Serves; returns the exit code. Throws a UsageError where it cannot. */
export async function serve(context: Context, options: ServeOptions): Promise<number> {
  const { out, signal } = context;
  if (options.list) {
    const width = Math.max(...Object.keys(scenarios).map((name) => name.length));
    for (const [name, { summary }] of Object.entries(scenarios)) {
      out.write(`${name.padEnd(width)}  ${summary}\n`);
    }
    return 0;
  }
  const controller = await start(context, options);
  const unwatchKeys = context.jobs.watchKeys();
  let folder: string | null = null;
  try {
    folder = await privateFolder(context.tmp);
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, `${controller.token}\n`, { mode: 0o600 });
    out.write(`export LAB_CONTROLLER=${controller.url}\n`);
    out.write(`export LAB_TOKEN_FILE=${shellQuote(tokenFile)}\n`);
    if (context.err.isTTY === true) {
      context.err.write(
        `Playing "${options.scenario}" until Ctrl-C. The lines above are for another shell.\n`,
      );
    }
    await aborted(signal);
  } finally {
    unwatchKeys();
    if (folder !== null) await rm(folder, { recursive: true, force: true });
    await controller.close();
  }
  const reason = signal.reason as EndReason;
  if (typeof reason === 'string') return signalCodes[reason];
  throw reason;
}

async function start(context: Context, options: ServeOptions): Promise<EmbeddedController> {
  const { host, port, scenario, speed, ping } = options;
  if (!Object.hasOwn(scenarios, scenario)) {
    throw new UsageError(`--scenario: there is no scenario "${scenario}"`, 'See `lab controller --list`.');
  }
  if (!isLoopback(host) && host !== '::1' && !options.yesExpose) {
    throw new UsageError(
      `--host: ${host} can be reached from other machines`,
      'If that is what you want, add --yes-expose.',
    );
  }
  const { clock } = context;
  try {
    return await startController({ clock, scenario, speed, pingSeconds: ping, host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new UsageError(`--port: ${port} is in use`);
    if (code === 'EACCES') throw new UsageError(`--port: ${port} needs more rights than this user has`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new UsageError(`--host: ${host} is no address of this machine`);
    }
    throw error;
  }
}

async function privateFolder(tmp: string): Promise<string> {
  try {
    return await mkdtemp(join(tmp, 'nublado-lab-'));
  } catch (error) {
    throw new UsageError(
      `TMPDIR: cannot make a folder in ${tmp}: ${(error as NodeJS.ErrnoException).code ?? ''}`,
    );
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
