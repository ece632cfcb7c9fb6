/**
 * Text on its way to the output: no line of it is a command to a CI system, and nothing else is changed.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { textOutput } from '../../src/display/text-output.js';
import { toOutputJson } from '../../src/model/json.js';
import { anyText } from '../support/arbitraries.js';
import { recorder } from '../support/streams.js';

function written(...texts: string[]): string {
  const out = recorder();
  const stream = textOutput(out);
  for (const text of texts) stream.write(text);
  return out.text();
}

describe('text on its way out', () => {
  for (const [text, shown] of [
    ['::add-mask::e\n', '\\x3a:add-mask::e\n'],
    ['one\n::error file=x::y\r\n::notice::z\n', 'one\n\\x3a:error file=x::y\r\n\\x3a:notice::z\n'],
    ['  \t\u00a0\u3000::debug::x', '  \t\u00a0\u3000\\x3a:debug::x'],
    ['\x1b[2m::debug::x\x1b[22m', '\x1b[2m\\x3a:debug::x\x1b[22m'],
    ['\r\x1b[J::debug::x', '\r\x1b[J\\x3a:debug::x'],
    [':::debug::x\n', ':::debug::x\n'],
    ['::1\n::1/128 is loopback\n', '::1\n::1/128 is loopback\n'],
    ['info ::debug::x\n', 'info ::debug::x\n'],
    [' ##[add-mask]e\n##vso[x]y', ' \\x23#[add-mask]e\n\\x23#vso[x]y'],
    ['# #[x] ## [x] : :a\n', '# #[x] ## [x] : :a\n'],
  ] as const) {
    it(`shows ${JSON.stringify(text)} as ${JSON.stringify(shown)}`, () => {
      assert.equal(written(text), shown);
    });
  }

  it('knows where a line begins, however it is written', () => {
    assert.equal(written('a\n', '::debug::x'), 'a\n\\x3a:debug::x');
    assert.equal(written('a', '::debug::x'), 'a::debug::x');
    assert.equal(written('a\n  ', ' ', '::debug::x'), 'a\n   \\x3a:debug::x');
    assert.equal(written('a', '  ', '::debug::x\n', '::debug::y'), 'a  ::debug::x\n\\x3a:debug::y');
  });

  it('leaves bytes as they are', () => {
    const out = recorder();
    textOutput(out).write(Buffer.from('##[x]\n::debug::x'));
    assert.equal(out.text(), '##[x]\n::debug::x');
  });

  it('is whole, wherever a character of two units stands', () => {
    for (const before of [0, 1]) {
      const text = 'x'.repeat(before) + '🚀'.repeat(100_000);
      assert.equal(written(text), text);
    }
  });

  it('has no command in it, whatever the text', () => {
    const made = fc.array(
      fc.constantFrom('#', '##', '[', 'vso', ':', '::', 'a', '1', ' ', '\n', '\r', '\x1b[0m'),
    );
    const pieces = fc.array(
      fc.oneof(
        made.map((parts) => parts.join('')),
        anyText,
      ),
    );
    fc.assert(
      fc.property(pieces, (texts) => {
        // A form that may occur anywhere is searched for in the text of a single write.
        const shown = written(...texts.map((text) => `${text}|`));
        assert.doesNotMatch(shown, /##(?:\[|vso\[)/i);
        assert.doesNotMatch(shown, /^\s*::[a-z]/im);
        const unescaped = (text: string): string => text.replaceAll('\\x23', '#').replaceAll('\\x3a', ':');
        // A stream writes half a character as a replacement character.
        const all = Buffer.from(texts.map((text) => `${text}|`).join('')).toString();
        assert.equal(unescaped(shown), unescaped(all));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('JSON as output', () => {
  it('has no command in it, and is read as it was', () => {
    for (const text of ['##[add-mask]e', '#[', '###vso[x]', '#VSO[', '# [ #v', `${'#'.repeat(20_000)}vso[`]) {
      const json = toOutputJson({ [text]: [text, '#', ['x']] });
      assert.doesNotMatch(json, /#(?:\[|vso\[)/i);
      assert.deepEqual(JSON.parse(json), { [text]: [text, '#', ['x']] });
    }
    assert.equal(toOutputJson('a ##[x] #1'), '"a #\\u0023[x] #1"');
  });

  it('has none wherever a long text is cut', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 16_370, max: 16_400 }),
        fc.constantFrom('##[', '##vso['),
        (length, command) => {
          const text = `${'x'.repeat(length)}${command}`;
          const json = toOutputJson(text);
          assert.doesNotMatch(json, /#(?:\[|vso\[)/i);
          assert.equal(JSON.parse(json), text);
        },
      ),
    );
  });
});
