import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PendingLines } from '../../src/display/terminal/pending.js';
import { createTheme } from '../../src/display/theme.js';
import type { Event } from '../../src/model/event.js';

const theme = createTheme('never', false, {});
const event = (message: string): Event => ({ type: 'info', message, progress: null });

function taken(count: number): string[] {
  const pending = new PendingLines(theme, 0);
  pending.addLine('a warning');
  for (let i = 1; i <= count; i++) pending.addEvent(event(`message ${i}`));
  return pending.take(0).split('\n').slice(0, -1);
}

describe('lines above the bar', () => {
  it('are all there, once, in order', () => {
    const lines = taken(2000);
    assert.equal(lines.length, 2001);
    assert.deepEqual([lines[0], lines[1]], ['a warning', 'info           message 1']);
    assert.equal(lines.at(-1), 'info           message 2000');
  });

  for (const count of [2001, 3999, 4000, 9001, 1_000_000]) {
    it(`of a flood of ${count} are the last, with what was left out counted, and every warning`, () => {
      const lines = taken(count);
      assert.equal(lines.length, 2002);
      assert.equal(lines[0], `… ${count - 2000} events more, too fast to be read`);
      assert.equal(lines[1], 'a warning');
      assert.equal(lines[2], `info           message ${count - 1999}`);
      assert.equal(lines.at(-1), `info           message ${count}`);
    });
  }

  it('begin anew after each drawing', () => {
    const pending = new PendingLines(theme, 0);
    for (let i = 0; i < 5000; i++) pending.addEvent(event('x'));
    pending.take(0);
    assert.equal(pending.isEmpty, true);
    assert.equal(pending.take(1000), '');
    pending.addEvent(event(`long ${'x'.repeat(5000)}`));
    assert.match(pending.take(1000), /^info {11}long x+… \(\d+ more characters\)\n$/);
  });

  it('are two thousand a second, in the long run', () => {
    const pending = new PendingLines(theme, 0);
    let shown = 0;
    for (let now = 0; now <= 10_000; now += 80) {
      for (let i = 0; i < 1000; i++) pending.addEvent(event('x'));
      shown += pending.take(now).match(/^info/gm)?.length ?? 0;
    }
    assert.equal(shown, 2000 + 10 * 2000);
  });

  it('never leave out how it ends, and why', () => {
    const pending = new PendingLines(theme, 0);
    for (const type of ['error', 'failed', 'complete'] as const) {
      pending.addEvent({ type, message: 'told', progress: null });
      for (let i = 0; i < 5000; i++) pending.addEvent(event('x'));
    }
    assert.deepEqual(pending.take(0).match(/^\w+ +told$/gm)?.length, 3);
  });

  it('of a flood that is not drawn, as in the background, are the last, whatever they are', () => {
    const pending = new PendingLines(theme, 0);
    for (let i = 1; i <= 1_000_000; i++) pending.addLine(`warning ${i}`);
    const lines = pending.take(0).split('\n').slice(0, -1);
    assert.ok(lines.length < 10_000, String(lines.length));
    assert.equal(lines[0], `… ${1_000_000 - lines.length + 1} events more, too fast to be read`);
    assert.equal(lines.at(-1), 'warning 1000000');
  });
});
