/**
 * Whether the program runs in a job of a CI system, where nobody watches.
 */
import type { Context } from './context.js';

export function isCi(env: Context['env']): boolean {
  const ci = env['CI'];
  return ci !== undefined && ci !== '' && ci !== '0' && ci !== 'false';
}
