/**
 * Loads what runs a command only when one runs, so that help and version stay fast.
 */
import type { Context } from '../runtime/context.js';
import type { Task } from './execute.js';

/** What a command's definition needs: the world, and where its exit code goes. */
export interface Wiring {
  context: Context;
  done: (code: number) => void;
}

export async function run({ context, done }: Wiring, task: Task): Promise<void> {
  const { execute } = await import('./execute.js');
  done(await execute(context, task));
}
