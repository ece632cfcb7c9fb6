import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redacting } from '../../src/display/redact.js';
import { recorder } from '../support/streams.js';

describe('a stream that keeps secrets', () => {
  it('replaces them, wherever they stand', () => {
    const out = recorder();
    redacting(out, new Set(['gt-secret-token'])).write(
      `${'x'.repeat(65_530)}gt-secret-token|gt-secret-token`,
    );
    assert.equal(out.text(), `${'x'.repeat(65_530)}[secret]|[secret]`);
  });

  it('hands on long text unharmed, wherever a character of two units stands', () => {
    for (const before of [0, 1]) {
      const out = recorder();
      const text = 'x'.repeat(before) + '🚀'.repeat(100_000);
      redacting(out, new Set()).write(text);
      assert.equal(out.text(), text);
    }
  });
});
