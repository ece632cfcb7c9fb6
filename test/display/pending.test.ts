import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PendingLines } from '../../src/display/terminal/pending.js';
import { createTheme } from '../../src/display/theme.js';
import type { Event } from '../../src/model/event.js';
import type { EventInput } from '../../src/model/reducer.js';

const theme = createTheme('never', false, {});
const event = (message: string, type: Event['type'] = 'info'): EventInput => ({
  kind: 'event',
  at: 0,
  time: 0,
  event: { type, message, progress: null },
});
const warning = (text: string) => ({ word: '!', text, paint: (all: string) => all });

function taken(count: number): string[] {
  const pending = new PendingLines(theme, 0);
  pending.add(warning('a warning'), null);
  for (let i = 1; i <= count; i++) pending.addEvent(event(`message ${i}`));
  return pending.take(0, 80).split('\n').slice(0, -1);
}

describe('lines above the bar', () => {
  it('are all there, once, in order', () => {
    const lines = taken(2000);
    assert.equal(lines.length, 2001);
    assert.deepEqual([lines[0], lines[1]], ['! a warning', '  0:00        message 1']);
    assert.equal(lines.at(-1), '  0:00        message 2000');
  });

  it('have the time of the event, not that of the drawing', () => {
    const pending = new PendingLines(theme, 10_000);
    pending.addEvent({ ...event('early'), at: 12_345 });
    assert.equal(pending.take(99_000, 80), '  0:02        early\n');
  });

  for (const count of [2001, 3999, 4000, 9001, 1_000_000]) {
    it(`of a flood of ${count} are the last, with what was left out counted, and every warning`, () => {
      const lines = taken(count);
      assert.equal(lines.length, 2002);
      assert.equal(lines[0], `… ${count - 2000} more events, too fast to read`);
      assert.equal(lines[1], '! a warning');
      assert.equal(lines[2], `  0:00        message ${count - 1999}`);
      assert.equal(lines.at(-1), `  0:00        message ${count}`);
    });
  }

  it('begin anew after each drawing', () => {
    const pending = new PendingLines(theme, 0);
    for (let i = 0; i < 5000; i++) pending.addEvent(event('x'));
    pending.take(0, 80);
    assert.equal(pending.isEmpty, true);
    assert.equal(pending.take(1000, 80), '');
    pending.addEvent(event(`long ${'x'.repeat(5000)}`));
    const rows = pending.take(1000, 80).split('\n');
    assert.match(rows[0] ?? '', /^ {2}0:00 {8}long x+$/);
    assert.match(rows.slice(1).join('').replaceAll(' '.repeat(14), ''), /^x+… ?\(3005 ?more ?characters\)$/);
  });

  it('are shortened if there are too many to read', () => {
    for (const [count, shown] of [
      [200, 2000],
      [201, 200],
    ] as const) {
      const pending = new PendingLines(theme, 0);
      for (let i = 0; i < count; i++) pending.addEvent(event('x'.repeat(3000)));
      assert.equal(pending.take(0, 80).match(/x/g)?.length, count * shown);
    }
  });

  it('are two thousand a second, in the long run', () => {
    const pending = new PendingLines(theme, 0);
    let shown = 0;
    for (let now = 0; now <= 10_000; now += 80) {
      for (let i = 0; i < 1000; i++) pending.addEvent(event('x'));
      shown += pending.take(now, 80).match(/ x$/gm)?.length ?? 0;
    }
    assert.equal(shown, 2000 + 10 * 2000);
  });

  it('never leave out how a run ends, and why', () => {
    const pending = new PendingLines(theme, 0);
    for (const type of ['error', 'failed', 'complete'] as const) {
      pending.addEvent(event('reported', type));
      for (let i = 0; i < 5000; i++) pending.addEvent(event('x'));
    }
    assert.deepEqual(pending.take(0, 80).match(/\w+: reported$/gm), [
      'error: reported',
      'failed: reported',
      'complete: reported',
    ]);
  });

  it('of a flood that is not drawn, as in the background, are the last, whatever they are', () => {
    const pending = new PendingLines(theme, 0);
    for (let i = 1; i <= 1_000_000; i++) pending.add(warning(`warning ${i}`), null);
    const lines = pending.take(0, 80).split('\n').slice(0, -1);
    assert.ok(lines.length < 10_000, String(lines.length));
    assert.equal(lines[0], `… ${1_000_000 - lines.length + 1} more events, too fast to read`);
    assert.equal(lines.at(-1), '! warning 1000000');
  });
});
