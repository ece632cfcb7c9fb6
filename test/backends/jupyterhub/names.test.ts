import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { problemOfName, segment } from '../../../src/backends/jupyterhub/names.js';

describe('a name in a path', () => {
  for (const name of [
    '',
    '.',
    '..',
    '%2e',
    '%2E%2e',
    '.%2E',
    'a/b',
    'a%2Fb',
    '/',
    'a\nb',
    '\0',
    '\x7f',
    '\x9b',
    '\ud800',
  ]) {
    it(`cannot be ${JSON.stringify(name)}`, () => {
      assert.notEqual(problemOfName(name), null);
      assert.throws(() => segment(name), RangeError);
    });
  }

  for (const [name, encoded] of [
    ['ann', 'ann'],
    ['a@b.org', 'a%40b.org'],
    ['a b', 'a%20b'],
    ['üna', '%C3%BCna'],
    ['...', '...'],
    ['q?#', 'q%3F%23'],
    ['\\', '%5C'],
    ['100%', '100%25'],
  ] as const) {
    it(`can be ${name}`, () => {
      assert.equal(segment(name), encoded);
    });
  }

  it('is one segment, whatever a URL parser makes of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        if (problemOfName(name) !== null) return;
        const { pathname, search, hash } = new URL(`http://h/a/${segment(name)}/b`);
        assert.equal(pathname.split('/').length, 4);
        assert.equal(decodeURIComponent(pathname.split('/')[2] ?? ''), name);
        assert.equal(search + hash, '');
      }),
    );
  });
});
