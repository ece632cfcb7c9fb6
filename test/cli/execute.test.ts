/**
 * One run from its flags to its exit code, with a command that has a bug.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execute } from '../../src/cli/execute.js';
import { connect } from '../../src/http/connect.js';
import { fakeContext } from '../support/context.js';
import { findLeak } from '../support/secrecy.js';
import { recorder } from '../support/streams.js';

test('the message of an unexpected exception contains no secrets', async () => {
  const [out, err] = [recorder(), recorder()];
  const context = fakeContext({ out, err, connect: (settings) => Promise.resolve(connect(settings)) });
  const code = await execute(context, {
    goal: 'events',
    flags: { demo: 'immediate', output: 'json' },
    demoUnderWay: false,
    secrets: ['hunter2hunter2'],
    events: null,
    run: () => Promise.reject(new TypeError('invalid value "hunter2hunter2"')),
  });
  assert.equal(code, 70);
  assert.match(err.text() + out.text(), /internal error: invalid value [\\"]+\[secret\]/);
  assert.equal(findLeak([err.text(), out.text()], ['hunter2hunter2']), null);
});

test('output from before a bug is still printed', async () => {
  const [out, err] = [recorder(), recorder()];
  const context = fakeContext({ out, err, connect: (settings) => Promise.resolve(connect(settings)) });
  const code = await execute(context, {
    goal: 'events',
    flags: { demo: 'immediate' },
    demoUnderWay: false,
    secrets: [],
    events: { timestamps: false, comments: false, types: null, raw: false },
    run: ({ display, state }) => {
      const event = { type: 'info', message: 'the last one', progress: null } as const;
      display.show(state, { at: 0, time: 0, kind: 'event', event });
      throw new Error('a bug');
    },
  });
  assert.equal(code, 70);
  assert.match(err.text(), /a bug/);
  assert.equal(out.text(), 'info           the last one\n');
});
