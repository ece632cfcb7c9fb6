/**
 * Compares the options of a server that is there already with those that were requested.
 *
 * Only the keys that were requested count: a Spawner adds others. Both sides are compared without secrets.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Lab } from '../../model/lab.js';
import type { Redact } from '../../model/redactor.js';
import type { UserOptions } from '../../model/lab-request.js';
import { redactDeep } from './state.js';

export function differentOptions({ phase, raw }: Lab, wanted: UserOptions, redact: Redact): string[] {
  const { user_options: options } = raw;
  if (wanted === 'reuse' || typeof options !== 'object' || options === null) return [];
  const whose = `the ${phase === 'running' ? 'running' : 'existing'} lab's`;
  return Object.entries(wanted).flatMap(([key, value]) => {
    const has: unknown = Object.hasOwn(options, key) ? (options as Record<string, unknown>)[key] : undefined;
    const asked = redactDeep(value, redact);
    if (isDeepStrictEqual(single(has), single(asked))) return [];
    const is = has === undefined ? 'not set' : JSON.stringify(has);
    return [`${whose} option ${key} is ${is}, not ${JSON.stringify(asked)}`];
  });
}

/** The form on the Hub's spawn page sends every value as a list of one. */
function single(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? (value as unknown[])[0] : value;
}
