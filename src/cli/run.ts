/**
 * Runs a command, and loads the modules for that only then: help and version stay fast.
 */
import type { Context } from '../runtime/context.js';
import type { Task } from './execute.js';

/** What the definition of a command needs: the Context, and a callback for the exit code. */
export interface Wiring {
  context: Context;
  done: (code: number) => void;
}

export async function run({ context, done }: Wiring, task: Task): Promise<void> {
  const { execute } = await import('./execute.js');
  done(await execute(context, task));
}
