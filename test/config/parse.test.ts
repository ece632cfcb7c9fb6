import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDuration } from '../../src/config/parse.js';
import { UsageError } from '../../src/model/usage-error.js';

const usage = (pattern: RegExp) => (error: unknown) =>
  error instanceof UsageError && pattern.test(error.message) && !error.message.includes('\n');

describe('a duration', () => {
  for (const [text, ms] of [
    ['0', 0],
    ['90s', 90_000],
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['250ms', 250],
    ['1h1m1s1ms', 3_661_001],
  ] as const) {
    it(`${text} is ${ms} ms`, () => {
      assert.equal(parseDuration(text, '--timeout'), ms);
    });
  }
  for (const text of [
    '',
    '5',
    '5 parsecs',
    '5parsecs',
    '-5s',
    's',
    '5s ',
    '1e3s',
    'Infinity',
    '5s5',
    '5m5m',
    '1m1h',
  ]) {
    it(`${JSON.stringify(text)} is invalid`, () => {
      assert.throws(() => parseDuration(text, '--timeout'), usage(/^--timeout: .* is not a duration$/));
    });
  }
});
