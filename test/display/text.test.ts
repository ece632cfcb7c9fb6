import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { elapsed, sanitise, inWords, logText } from '../../src/model/text.js';
import { cut, displayWidth } from '../../src/display/terminal/width.js';
import { anyText } from '../support/arbitraries.js';

describe('sanitise', () => {
  for (const [text, shown] of [
    ['plain text', 'plain text'],
    ['é 漢字 😀 👩‍👩‍👧', 'é 漢字 😀 👩‍👩‍👧'],
    ['a\nb\r\nc\td', 'a\\nb\\r\\nc\\td'],
    ['\x1b[2J', '\\x1b[2J'],
    ['\x1b]0;title\x07', '\\x1b]0;title\\x07'],
    ['\x9b2J\x7f\x00', '\\x9b2J\\x7f\\x00'],
    ['a\u202eb\u2066c', 'a\\u202eb\\u2066c'],
    ['a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['a\u200bb\ufeffc', 'a\\u200bb\\ufeffc'],
    ['\ud800x', '\\ud800x'],
    ['\u{e0041}', '\\u{e0041}'],
    ['a\u00adb\u180ec\u3164', 'a\\xadb\\u180ec\\u3164'],
    ['❤\ufe0f', '❤\ufe0f'],
    ['a ##[add-mask]e ###[group]', 'a \\x23#[add-mask]e #\\x23#[group]'],
    ['##vso[task.setvariable] ##VSO[x]', '\\x23#vso[task.setvariable] \\x23#VSO[x]'],
    ['#[x] ## [x] ##vs[x] #vso[x]', '#[x] ## [x] ##vs[x] #vso[x]'],
  ] as const) {
    it(`shows ${JSON.stringify(text)} as ${JSON.stringify(shown)}`, () => {
      assert.equal(sanitise(text), shown);
    });
  }

  it('leaves nothing that could act on a terminal in any text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        assert.doesNotMatch(sanitise(text), /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('cut', () => {
  for (const [text, columns, shown] of [
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['漢字漢字', 8, '漢字漢字'],
    ['漢字漢字', 7, '漢字漢…'],
    ['漢字漢字', 6, '漢字…'],
    ['漢', 1, '…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
    ['abc', 0, ''],
    ['abc', -5, ''],
  ] as const) {
    it(`gives ${JSON.stringify(shown)} for ${JSON.stringify(text)} in ${columns} columns`, () => {
      assert.equal(cut(text, columns), shown);
    });
  }

  it('assumes the wider drawing of joined emoji', () => {
    assert.equal(displayWidth('👩‍👩‍👧'), 6);
    assert.equal(cut('👩‍👩‍👧 family', 6), '…');
  });

  it('is never wider than asked, for any text', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 0, max: 50 }), (text, columns) => {
        assert.ok(displayWidth(cut(sanitise(text), columns)) <= columns);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('logText', () => {
  it('cuts long text and says how much is missing', () => {
    assert.equal(logText('x'.repeat(12), 10), `${'x'.repeat(10)}… (2 more characters)`);
  });
});

describe('durations', () => {
  it('are shown as clock time', () => {
    assert.deepEqual([0, 999, 61_000, 3_600_000, 36_061_000].map(elapsed), [
      '0:00',
      '0:00',
      '1:01',
      '1:00:00',
      '10:01:01',
    ]);
  });

  it('are shown in words', () => {
    assert.deepEqual([4_200, 30_000, 61_000, 3_661_000].map(inWords), ['4.2 s', '30 s', '1m 1s', '1h 1m 1s']);
  });
});
