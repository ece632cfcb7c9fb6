import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PendingLines } from '../../src/display/pending.js';
import { createTheme } from '../../src/display/theme.js';
import type { Event } from '../../src/model/event.js';

const theme = createTheme('never', false, {});
const event = (message: string): Event => ({ type: 'info', message, progress: null });

function taken(count: number): string[] {
  const pending = new PendingLines(theme);
  pending.addLine('a warning');
  for (let i = 1; i <= count; i++) pending.addEvent(event(`message ${i}`));
  return pending.take().split('\n').slice(0, -1);
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
    const pending = new PendingLines(theme);
    for (let i = 0; i < 5000; i++) pending.addEvent(event('x'));
    pending.take();
    assert.equal(pending.isEmpty, true);
    pending.addEvent(event(`long ${'x'.repeat(5000)}`));
    assert.match(pending.take(), /^info {11}long x+… \(\d+ more characters\)\n$/);
  });
});
