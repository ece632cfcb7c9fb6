/**
 * One run from its flags to its exit code, with a command that has a bug.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execute } from '../../src/cli/execute.js';
import { connect } from '../../src/connect.js';
import { fakeContext } from '../support/context.js';
import { recorder } from '../support/streams.js';

test('what was shown before a bug is still told', async () => {
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
