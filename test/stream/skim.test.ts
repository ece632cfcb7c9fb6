import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { skim } from '../../src/stream/skim.js';

describe('skim', () => {
  const key = fc.oneof(
    fc.constantFrom('message', 'progress', 'more', '__proto__', 'a:b', '{', '"', '\\'),
    fc.string(),
  );
  const object = fc.array(fc.tuple(key, fc.oneof(fc.string(), fc.json({ maxDepth: 3 }), fc.double())));

  it('finds what JSON.parse finds, of duplicates the last', () => {
    fc.assert(
      fc.property(object, fc.constantFrom('', ' ', '\n\t'), (members, space) => {
        const parts = members.map(
          ([name, value]) =>
            `${space}${JSON.stringify(name)}${space}:${space}${typeof value === 'string' && isJson(value) ? value : JSON.stringify(value)}${space}`,
        );
        const json = `${space}{${parts.join(',') || space}}${space}`;
        const whole = JSON.parse(json) as Record<string, unknown>;
        const skimmed = skim(json, ['message', 'progress']);
        for (const name of ['message', 'progress'] as const) {
          assert.deepEqual(skimmed[name], emptied(whole[name]), json);
        }
      }),
      { numRuns: 2000 },
    );
  });

  for (const [name, json] of [
    ['nothing', ''],
    ['an array', '["message", "m"]'],
    ['text', '"message"'],
    ['a number', '7'],
    ['half an object', '{"message": "m"'],
    ['half a string', '{"message": "m}'],
    ['something behind the object', '{"message": "m"}}'],
    ['something before it', 'x{"message": "m"}'],
    ['a message that is no JSON', '{"message": \'m\'}'],
    ['no number', '{"progress": NaN}'],
    ['too many quotes', '{"message": "m" "n"}'],
  ] as const) {
    it(`says that ${name} is not one object`, () => {
      assert.throws(() => skim(json, ['message', 'progress']), SyntaxError);
    });
  }

  it('never throws anything else', () => {
    const text = fc
      .array(fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', 'message', '1', ' '))
      .map((all) => all.join(''));
    fc.assert(
      fc.property(text, (json) => {
        try {
          skim(json, ['message', 'progress']);
        } catch (error) {
          assert.ok(error instanceof SyntaxError, json);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A nested value is reported only as nested. */
function emptied(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? [] : {};
}
