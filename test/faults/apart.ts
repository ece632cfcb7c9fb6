/**
 * Plays a series of stories in a child process. In the test's own process it would take twice as long: the test runner
 * follows every promise there.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Series } from './figures.js';

/** `script`: the module in this folder that plays the series and sends back the figures. */
export async function playSeriesApart<Figures>(script: string, series: Series): Promise<Figures> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), [JSON.stringify(series)], {
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
  });
  const died = once(child, 'exit').then(([code]) =>
    assert.fail(`the child ended first, with ${String(code)}`),
  );
  const [figures] = (await Promise.race([once(child, 'message'), died])) as [Figures];
  return figures;
}
