/**
 * Messages as rows of a terminal: width × message → exactly these rows, and never a row as wide as the terminal.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { rowsOf, type Moment } from '../../src/display/terminal/rows.js';
import { displayWidth, wrap } from '../../src/display/terminal/width.js';
import { createTheme } from '../../src/display/theme.js';
import { sanitise } from '../../src/model/text.js';
import { anyText } from '../support/arbitraries.js';

const theme = createTheme('never', false, {});
const message = (text: string, word = '') => ({ word, text, paint: (all: string) => all });
const scaling = 'Scaling up the cluster: node pool "notebooks" goes from 3 nodes to 4 (of at most 20)';
const probe = 'Readiness probe failed: Get "http://10.24.3.17:8888/nb/user/demo/api": connection refused';

describe('a message at a terminal', () => {
  const at35: Moment = { elapsedMs: 1_900, progress: 35 };
  for (const [columns, text, word, moment, rows] of [
    [
      80,
      scaling,
      '',
      at35,
      [
        '  0:01   35%  Scaling up the cluster: node pool "notebooks" goes from 3 nodes',
        '              to 4 (of at most 20)',
      ],
    ],
    [
      80,
      probe,
      'error:',
      { elapsedMs: 4_000, progress: null },
      [
        '  0:04        error: Readiness probe failed: Get',
        '              "http://10.24.3.17:8888/nb/user/demo/api": connection refused',
      ],
    ],
    [
      40,
      scaling,
      '',
      at35,
      [
        '  0:01   35%  Scaling up the cluster:',
        '              node pool "notebooks"',
        '              goes from 3 nodes to 4',
        '              (of at most 20)',
      ],
    ],
    [
      40,
      'Pulling image "lighthouse.ceres/library/sketchbook:recommended@sha256:5678"',
      '',
      { elapsedMs: 3_725_000, progress: 100 },
      [
        '1:02:05  100%  Pulling image "lighthous',
        '               e.ceres/library/sketchbo',
        '               ok:recommended@sha256:56',
        '               78"',
      ],
    ],
    [20, 'Created container: notebook', '', at35, ['0:01 35% Created', '  container:', '  notebook']],
    [20, 'Created', 'error:', { elapsedMs: 0, progress: null }, ['0:00 error: Created']],
    [80, 'short', '⚠', null, ['⚠ short']],
    [24, 'token file can be read by others', '⚠', null, ['⚠ token file can be', '  read by others']],
    [24, 'What to do about all of it', ' ', null, ['  What to do about all', '  of it']],
    [
      30,
      '漢字漢字漢字 漢字漢字漢字漢字漢字漢字漢字漢字漢字',
      '',
      null,
      ['漢字漢字漢字 漢字漢字漢字漢字', '  漢字漢字漢字漢字漢字'],
    ],
    [1, 'ab', '', null, ['a', '  b']],
  ] as [number, string, string, Moment | null, string[]][]) {
    it(`of ${columns} columns: ${JSON.stringify(`${word} ${text}`.trim().slice(0, 40))}`, () => {
      assert.deepEqual(rowsOf(columns, message(text, word), moment, theme).split('\n').slice(0, -1), rows);
    });
  }

  it('is narrower than the terminal, and complete, whatever it says', () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 120 }), anyText, fc.boolean(), (columns, text, hasMoment) => {
        const moment = hasMoment ? { elapsedMs: 61_000, progress: 7 } : null;
        const rows = rowsOf(columns, message(sanitise(text), 'error:'), moment, theme).split('\n');
        for (const row of rows) assert.ok(displayWidth(row) < columns, row);
        const without = (all: string): string => all.replaceAll(/\s/gu, '');
        assert.ok(without(rows.join('')).endsWith(without(`error:${sanitise(text)}`)));
      }),
      { numRuns: 1000 },
    );
  });

  it('has its word in colour, and nothing else', () => {
    const { color } = createTheme('always', true, {});
    const shown = rowsOf(30, { word: 'error:', text: 'error: twice, and on', paint: color.red }, null, theme);
    assert.equal(shown, '\x1b[31merror:\x1b[39m error: twice, and on\n');
  });
});

describe('wrap', () => {
  for (const [text, columns, first, rows] of [
    ['', 5, 5, ['']],
    ['a bb ccc', 4, 4, ['a bb', 'ccc']],
    ['aaaa bbbb', 4, 4, ['aaaa', 'bbbb']],
    ['a  b', 3, 3, ['a ', 'b']],
    ['abcdefghij kl', 4, 4, ['abcd', 'efgh', 'ij', 'kl']],
    ['x abcdefghij kl', 4, 4, ['x ab', 'cdef', 'ghij', 'kl']],
    ['xyz abcdefg', 4, 4, ['xyz', 'abcd', 'efg']],
    ['漢字 漢字漢字', 5, 5, ['漢字', '漢字', '漢字']],
    ['ab 漢字漢字漢字', 5, 4, ['ab', '漢字', '漢字', '漢字']],
    ['abc def', 10, 3, ['abc', 'def']],
    ['abcdef', 10, 3, ['', 'abcdef']],
    ['e\u0301e\u0301e\u0301', 2, 2, ['e\u0301e\u0301', 'e\u0301']],
    ['👩‍👩‍👧👩‍👩‍👧', 7, 7, ['👩‍👩‍👧', '👩‍👩‍👧']],
    ['漢', 1, 1, ['漢']],
  ] as [string, number, number, string[]][]) {
    it(`breaks ${JSON.stringify(text)} at ${columns} columns, first ${first}`, () => {
      assert.deepEqual(wrap(text, columns, first), rows);
    });
  }
});
