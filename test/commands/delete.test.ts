/**
 * A deletion whose responses are lost for minutes: in memory. The real program is in `test/cli`.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { stop } from '../../src/commands/stop.js';
import { lab, noLab, noStream, play } from '../support/scripted.js';

it('the state of a deletion in progress is requested at the same rate, however long it takes', async () => {
  const until = 240_000;
  const run = await play(
    {
      // An ingress gives up on every DELETE at once.
      remove: (at) => (at < until ? { status: 504 } : 'done'),
      state: (at) => (at < until ? lab('terminating') : noLab),
      events: () => noStream,
    },
    (session) => stop(session, { detach: false }),
  );
  assert.equal(run.ending.outcome.kind, 'absent');
  assert.ok(run.endedAt < until + 3_000, String(run.endedAt));
  const gaps = run.requests.remove.slice(1).map((at, i) => at - (run.requests.remove[i] ?? 0));
  assert.ok(Math.max(...gaps) <= 2_000, gaps.join(' '));
});
