import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RawFrame } from '../../src/model/frame.js';
import { Seen } from '../../src/stream/seen.js';

const frame = (data: string, event: string | null = 'info'): RawFrame => ({ event, data });
const judge = (seen: Seen, ...texts: string[]): string =>
  texts.map((text) => ({ new: 'N', repeated: 'r', replaced: 'X' })[seen.judge(frame(text))]).join('');

describe('what was seen', () => {
  it('is repeated by a new connection, and continues after that', () => {
    const seen = new Seen();
    assert.equal(judge(seen, 'a', 'b', 'a'), 'NNN');
    seen.rewind();
    assert.equal(judge(seen, 'a', 'b', 'a', 'c'), 'rrrN');
  });

  it('is replaced where another frame stands in its place, and then forgotten', () => {
    const seen = new Seen();
    judge(seen, 'a', 'b', 'c');
    seen.rewind();
    assert.equal(judge(seen, 'a', 'x', 'c'), 'rXN');
    seen.rewind();
    assert.equal(judge(seen, 'a', 'x', 'c', 'd'), 'rrrN');
  });

  it('is identified by name and data, and a frame too large to keep has a position too', () => {
    const seen = new Seen();
    assert.equal(seen.judge(frame('a', 'info')), 'new');
    assert.equal(seen.judge(null), 'new');
    seen.rewind();
    assert.equal(seen.judge(frame('a', 'error')), 'replaced');
    assert.equal(seen.judge(frame('info\na', null)), 'new');
    seen.rewind();
    seen.judge(frame('a', 'error'));
    assert.equal(seen.judge(frame('a', 'info\n')), 'replaced');
  });

  it('is right for any two queues', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (first, second) => {
        const seen = new Seen();
        judge(seen, ...first);
        seen.rewind();
        const common = second.findIndex((text, i) => text !== first[i]);
        const same = common === -1 ? second.length : common;
        const other = same < first.length ? 'X' : 'N';
        const expected = second.map((_, i) => (i < same ? 'r' : i === same ? other : 'N')).join('');
        assert.equal(judge(seen, ...second), expected);
      }),
    );
  });

  it('takes four bytes for a frame', () => {
    const seen = new Seen();
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 1_000_000; i++) seen.judge(frame(`event ${i}`));
    const bytes = process.memoryUsage().arrayBuffers - before;
    assert.ok(bytes < 5_000_000, `${bytes} bytes`);
  });
});
