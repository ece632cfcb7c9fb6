/**
 * The line that reports how a run ended: on a terminal, and in a log.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EndingDisplay } from '../../src/display/human.js';
import { createTheme } from '../../src/display/theme.js';
import { rowsOf } from '../../src/display/terminal/rows.js';
import type { Outcome } from '../../src/model/outcome.js';
import { initialRun } from '../../src/model/reducer.js';
import { FakeClock } from '../support/clock.js';
import { recorder } from '../support/streams.js';

const theme = createTheme('never', false, {});

interface Case {
  command?: string;
  outcome: Outcome;
  /** Messages of events: `error` and then `info`. */
  error?: string;
  info?: string;
  isInText?: boolean;
}

function ended(
  where: 'terminal' | 'log',
  { command = 'spawn', outcome, error, info, isInText = false }: Case,
): string {
  const err = recorder();
  const clock = new FakeClock();
  const display = new EndingDisplay(err, theme, clock, {
    errorsOnly: false,
    isTextOnStdout: true,
    layOut: where === 'terminal' ? (message) => rowsOf(60, message, null, theme) : null,
  });
  const address = { controller: 'http://x', hub: null, name: null };
  display.start({ command, user: 'demo', address, request: null });
  const state = initialRun('spawn', { at: 0, time: 0 });
  for (const [type, message] of [
    ['error', error],
    ['info', info],
  ] as const) {
    if (message === undefined) continue;
    display.show(state, { at: 0, time: 0, kind: 'event', event: { type, message, progress: null } });
  }
  clock.advance(107_000);
  display.finish({ outcome, events: 0, lab: null, text: ['status  running'], isInText });
  return err.text();
}

function failure(
  kind: 'failed' | 'unknown' | 'not-found' | 'timeout',
  message: string,
  hint: string | null = null,
): Outcome {
  return { kind, message, error: { type: kind, message, status: null, hint } };
}

const complete: Outcome = { kind: 'complete', message: 'Lab Kubernetes pod started for demo' };
const noPull = 'Pod x: ImagePullBackOff';

describe('the end of a run', () => {
  for (const [name, what, atTerminal, inLog = atTerminal] of [
    ['says once that the lab is running, with the total', { outcome: complete }, '✔ Lab is running (1:47)\n'],
    [
      'does not say of an old stream that the lab is running',
      { command: 'events', outcome: complete },
      '✔ Operation complete (1:47)\n',
    ],
    [
      'is a sentence, with the total of what took time',
      { command: 'stop', outcome: { kind: 'absent', message: 'the lab is gone' } },
      '✔ Lab is gone (1:47)\n',
    ],
    [
      'has no total where nothing was followed',
      { command: 'status', outcome: { kind: 'running', message: 'the lab is running' } },
      '✔ Lab is running\n',
    ],
    [
      'does not tick off a count',
      { command: 'images', outcome: { kind: 'ok', message: '5 images' } },
      '5 images\n',
    ],
    [
      'does not tick off what is not over',
      { command: 'status', outcome: { kind: 'pending', message: 'the lab is pending' } },
      'the lab is pending\n',
    ],
    [
      'is nothing where the result says the same',
      { command: 'status', outcome: { kind: 'pending', message: 'the lab is pending' }, isInText: true },
      '',
    ],
    [
      'does not repeat the error just above, but a log has it in one line',
      { outcome: failure('failed', `Lab spawn failed: ${noPull}`), error: noPull },
      '✖ Lab spawn failed (1:47)\n',
      `✖ Lab spawn failed: ${noPull}\n`,
    ],
    [
      'repeats an error that is further above',
      { outcome: failure('failed', `Lab spawn failed: ${noPull}`), error: noPull, info: 'more' },
      `✖ Lab spawn failed: ${noPull} (1:47)\n`,
      `✖ Lab spawn failed: ${noPull}\n`,
    ],
    [
      'is wrapped at a terminal only, and so is its hint',
      {
        command: 'status',
        outcome: failure(
          'unknown',
          'could not look up the user of this token: the connection was refused',
          'Check it.',
        ),
      },
      '✖ could not look up the user of this token: the connection\n  was refused\n  Check it.\n',
      '✖ could not look up the user of this token: the connection was refused\n  Check it.\n',
    ],
  ] as [string, Case, string, string?][]) {
    it(name, () => {
      assert.equal(ended('terminal', what), atTerminal);
      assert.equal(ended('log', what), inLog);
    });
  }
});
