/**
 * Pages designed to keep their reader busy. The content of a real form is tested where `lab images` prints it.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseForm } from '../../../src/backends/nublado/form.js';

const form =
  '<input name="image_list" value="a:b" id="1" checked><label for="1">B</label>' +
  '<input name="size" value="small" id="2"><label for="2">Small (1.0 CPU, 3Gi RAM)</label>';
const choices = {
  images: [{ name: 'B', reference: 'a:b', checked: true }],
  sizes: [{ name: 'small', cpu: 1, memory: 3 * 2 ** 30, default: false }],
};

describe('a lab form', () => {
  it('nested too deeply is not a form', () => {
    assert.equal(
      parseForm(`<h2>${'<b>'.repeat(100_000)}unavailable${'</b>'.repeat(100_000)}</h2>${form}`),
      null,
    );
    assert.deepEqual(parseForm('<b>'.repeat(50) + form + '</b>'.repeat(50)), choices);
  });

  for (const [opening, found] of [
    ['<div>', null],
    ['<option>', null],
    ['<!--', choices],
    ['<![CDATA[', choices],
  ] as const) {
    it(`that opens ${opening} for a megabyte is read once, and not from each of them`, () => {
      assert.deepEqual(parseForm(form + opening.repeat(1_000_000 / opening.length)), found);
    });
  }

  it('may have comments, and one that never ends', () => {
    assert.deepEqual(parseForm(`<!-- one -->${form}<!-- and ${form}`), choices);
  });
});
