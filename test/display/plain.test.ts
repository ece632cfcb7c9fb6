import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BarDisplay } from '../../src/display/terminal/bar.js';
import { WarningDisplay } from '../../src/display/human.js';
import { PlainDisplay } from '../../src/display/lines/plain.js';
import { createTheme } from '../../src/display/theme.js';
import { initialRun } from '../../src/model/reducer.js';
import { FakeClock } from '../support/clock.js';
import { fakeContext } from '../support/context.js';
import { recorder } from '../support/streams.js';

describe('plain progress', () => {
  it('is a line for each event, and a sign of life every 30 s of silence', () => {
    const out = recorder();
    const clock = new FakeClock(Date.UTC(2026, 10, 24, 3, 0, 0));
    const display = new PlainDisplay(out, createTheme('auto', false, {}), clock);
    const state = { ...initialRun('spawn', { at: 0, time: 0 }), reachable: true, lastContactAt: 0 };
    clock.advance(5_000);
    display.show(state, {
      at: 0,
      time: 0,
      kind: 'event',
      event: { type: 'info', message: 'a\nb', progress: 5 },
    });
    for (let second = 0; second < 65; second++) {
      clock.advance(1_000);
      display.tick({ ...state, lastContactAt: clock.monotonic() - 4_000 });
    }
    assert.equal(
      out.text(),
      '2026-11-24T03:00:05Z   0:05    5%  a\\nb\n' +
        '2026-11-24T03:00:35Z   0:35        waiting: no event for 30 s; last contact with the controller 4 s ago\n' +
        '2026-11-24T03:01:05Z   1:05        waiting: no event for 1m 0s; last contact with the controller 4 s ago\n',
    );
  });

  it('cuts a note that repeats too much of what a server said', () => {
    const clock = new FakeClock();
    const theme = createTheme('never', false, {});
    const out = [recorder(), recorder(), recorder(80)] as const;
    const displays = [
      new PlainDisplay(out[0], theme, clock),
      new WarningDisplay(out[1], theme),
      new BarDisplay(out[2], theme, clock, fakeContext().jobs),
    ];
    for (const [i, display] of displays.entries()) {
      display.note('x'.repeat(5000));
      display.close(null);
      // A terminal gets it in rows.
      assert.match(
        (out[i]?.text() ?? '').replaceAll('\n  ', ' '),
        /x… \(3000 more characters\)\n/,
        display.constructor.name,
      );
    }
  });

  it('has colours only when they are forced', () => {
    for (const [mode, env, colored] of [
      ['auto', {}, false],
      ['always', {}, true],
      ['auto', { FORCE_COLOR: '1' }, true],
      ['auto', { FORCE_COLOR: '0' }, false],
      ['never', { FORCE_COLOR: '1' }, false],
      ['never', { CLICOLOR_FORCE: '1' }, false],
      ['always', { NO_COLOR: '1', CLICOLOR: '0' }, true],
      ['auto', { CLICOLOR_FORCE: '1' }, true],
      ['auto', { CLICOLOR_FORCE: '1', CLICOLOR: '0' }, true],
      ['auto', { CLICOLOR_FORCE: '0' }, false],
      ['auto', { CLICOLOR_FORCE: '1', NO_COLOR: '1' }, false],
      ['auto', { CLICOLOR_FORCE: '1', FORCE_COLOR: '0' }, false],
      ['auto', { CLICOLOR: '1' }, false],
    ] as const) {
      assert.equal(
        createTheme(mode, false, env).color.red('x') !== 'x',
        colored,
        JSON.stringify({ mode, env }),
      );
    }
    for (const [env, colored] of [
      [{}, true],
      [{ NO_COLOR: '1' }, false],
      [{ NO_COLOR: '' }, true],
      [{ FORCE_COLOR: '', NO_COLOR: '1' }, false],
      [{ TERM: 'dumb' }, false],
      [{ CLICOLOR: '0' }, false],
      [{ CLICOLOR: '1' }, true],
      [{ CLICOLOR: '' }, true],
      [{ CLICOLOR: '0', FORCE_COLOR: '1' }, true],
    ] as const) {
      assert.equal(createTheme('auto', true, env).color.red('x') !== 'x', colored, JSON.stringify(env));
    }
  });
});
