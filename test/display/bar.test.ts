import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BarDisplay, barLine, shownPercent, spinnerText } from '../../src/display/terminal/bar.js';
import { displayWidth } from '../../src/display/terminal/width.js';
import { createTheme } from '../../src/display/theme.js';
import { advance, initialRun, type RunState } from '../../src/model/reducer.js';
import { anyText } from '../support/arbitraries.js';
import { FakeClock } from '../support/clock.js';
import { recorder } from '../support/streams.js';

const theme = createTheme('never', false, {});
const jobs = {
  subscribe: () => () => undefined,
  isInForeground: () => true,
  watchKeys: () => () => undefined,
  takeSignals: () => () => undefined,
};

describe('the line of the bar', () => {
  for (const [columns, percent, message, line] of [
    [80, 0, 'Starting', '  0% ░░░░░░░░░░░░░░░░░░░░░░░ 0:12  Starting'],
    [80, 50, 'Pulling', ' 50% ███████████░░░░░░░░░░░░ 0:12  Pulling'],
    [80, 100, 'Done', '100% ███████████████████████ 0:12  Done'],
    [40, 63, 'Pulling image "registry/x"', ' 63% █████░░░░ 0:12  Pulling image "re…'],
    [30, 63, 'Pulling image', ' 63% ███░░░ 0:12  Pulling im…'],
    [20, 63, 'Pulling image', ' 63% █░░ 0:12  Pul…'],
    [12, 63, 'Pulling image', ' 63%  0:12'],
    [30, 63, '漢字漢字漢字', ' 63% ███░░░ 0:12  漢字漢字漢…'],
    [40, 63, 'a\x1b[2Jb', ' 63% █████░░░░ 0:12  a\\x1b[2Jb'],
  ] as const) {
    it(`at ${columns} columns and ${percent} % is ${JSON.stringify(line)}`, () => {
      assert.equal(barLine(columns, { percent, elapsedMs: 12_345, message, color: 'cyan' }, theme), line);
    });
  }

  it('is narrower than the terminal from 20 to 300 columns, whatever the message', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 300 }),
        fc.integer({ min: 0, max: 100 }),
        fc.nat(4e7),
        anyText,
        (columns, percent, elapsedMs, message) => {
          assert.ok(
            displayWidth(barLine(columns, { percent, elapsedMs, message, color: 'cyan' }, theme)) < columns,
          );
          assert.ok(displayWidth(spinnerText(columns, message, elapsedMs, theme)) < columns - 2);
        },
      ),
    );
  });
});

describe('the percentage shown', () => {
  const state = initialRun('spawn', { at: 0, time: 0 });
  const after = (progress: number, type: 'info' | 'complete' | 'failed'): RunState =>
    advance(
      { ...state, percent: progress },
      { at: 1, time: 1, kind: 'event', event: { type, message: '', progress: null } },
    );

  it('is 100 on success only', () => {
    assert.equal(shownPercent(after(73, 'info')), 73);
    assert.equal(shownPercent(after(100, 'info')), 99);
    assert.equal(shownPercent(after(73, 'complete')), 100);
    assert.equal(shownPercent(after(100, 'failed')), 99);
  });
});

describe('the bar display', () => {
  const info = (message: string, progress: number | null) => ({ type: 'info' as const, message, progress });

  it('draws on ticks only, and a bar that looks the same not again', (t) => {
    const out = recorder(80);
    const clock = new FakeClock();
    const display = new BarDisplay(out, theme, clock, jobs);
    t.after(() => {
      display.close(null);
    });
    let state = initialRun('spawn', { at: 0, time: 0 });
    for (let i = 1; i <= 1000; i++) {
      const input = { at: 0, time: 0, kind: 'event' as const, event: info(`message ${i}`, 50) };
      state = advance(state, input);
      display.show(state, input);
    }
    assert.equal(out.text(), '');
    display.tick(state);
    const first = out.text();
    assert.equal(first.match(/ {2}0:00 {3}50% {2}message \d+\n/g)?.length, 1000);
    assert.equal(first.match(/50% █/g)?.length, 1);
    display.tick(state);
    assert.equal(out.text(), first);
    clock.advance(1000);
    display.tick(state);
    assert.equal(out.text().match(/50% █/g)?.length, 2);
  });

  it('is green or red when the run is over, and then disappears', () => {
    for (const [type, code, percent] of [
      ['complete', '32', '100'],
      ['failed', '31', ' 50'],
    ] as const) {
      const out = recorder(80);
      const display = new BarDisplay(out, createTheme('always', true, {}), new FakeClock(), jobs);
      let state = initialRun('spawn', { at: 0, time: 0 });
      for (const event of [info('pulling', 50), { ...info('over', null), type }]) {
        const input = { at: 0, time: 0, kind: 'event' as const, event };
        state = advance(state, input);
        display.show(state, input);
        display.tick(state);
      }
      display.close(state);
      const [, bar = '', after = ''] =
        new RegExp(`${percent}% \\x1b\\[${code}m█+([^]*?0:00[^]*?)\\x1b\\[K([^]*)$`).exec(out.text()) ?? [];
      assert.match(bar, /over/);
      assert.doesNotMatch(after, /[█░]|over/);
    }
  });

  it('shows a terminal event that the end of the run does not mention', () => {
    for (const [message, shown] of [
      ['Lab delete failed', 0],
      ['timed out', 1],
    ] as const) {
      const out = recorder(80);
      const display = new BarDisplay(out, theme, new FakeClock(), jobs);
      const event = { type: 'failed', message: 'Lab delete failed', progress: null } as const;
      const input = { at: 0, time: 0, kind: 'event' as const, event };
      const error = { type: 'failed', message, status: null, hint: null };
      const state = {
        ...initialRun('spawn', { at: 0, time: 0 }),
        outcome: { kind: 'failed' as const, message, error },
      };
      display.show(state, input);
      display.close(state);
      assert.equal(out.text().match(/ {2}0:00 {8}failed: Lab delete failed\n/g)?.length ?? 0, shown);
    }
  });

  it('leaves the cursor visible and draws nothing after it was closed', () => {
    const out = recorder(80);
    const display = new BarDisplay(out, theme, new FakeClock(), jobs);
    const state = initialRun('spawn', { at: 0, time: 0 });
    display.tick(state);
    assert.match(out.text(), /\x1b\[\?25l/);
    display.close(state);
    assert.ok(out.text().endsWith('\x1b[?25h'));
    const closed = out.text();
    display.tick(state);
    display.close(state);
    assert.equal(out.text(), closed);
  });
});
