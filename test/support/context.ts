/**
 * A Context for tests: a stopped clock, streams that record, its own environment.
 */
import { PassThrough } from 'node:stream';
import type { Context } from '../../src/runtime/context.js';
import { FakeClock } from './clock.js';
import { recorder } from './streams.js';

export function fakeContext(over: Partial<Context> = {}): Context {
  const input = new PassThrough();
  input.end();
  return {
    argv: [],
    in: input,
    out: recorder(),
    err: recorder(),
    env: {},
    home: '/nonexistent',
    uid: process.getuid?.() ?? null,
    tmp: '/nonexistent',
    clock: new FakeClock(),
    turn: () => Promise.resolve(),
    random: () => 0.5,
    connect: () => Promise.reject(new Error('this test connects to nothing')),
    openBrowser: () => Promise.reject(new Error('this test opens no browser')),
    signal: new AbortController().signal,
    jobs: {
      subscribe: () => () => undefined,
      isInForeground: () => true,
      watchKeys: () => () => undefined,
      takeSignals: () => () => undefined,
    },
    takeWarnings: () => undefined,
    timeUp: () => undefined,
    trace: () => undefined,
    ...over,
  };
}
