import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BarDisplay } from '../../src/display/terminal/bar.js';
import { healthText } from '../../src/display/messages.js';
import { createTheme } from '../../src/display/theme.js';
import { advance, initialRun, type Input, type RunState } from '../../src/model/reducer.js';
import { FakeClock } from '../support/clock.js';
import { fakeContext } from '../support/context.js';
import { recorder } from '../support/streams.js';

type Fact = Input extends infer I ? (I extends Input ? Omit<I, 'time'> : never) : never;

function after(...facts: Fact[]): RunState {
  return facts.reduce<RunState>(
    (state, fact) => advance(state, { time: 0, ...fact }),
    initialRun('spawn', { at: 0, time: 0 }),
  );
}

const open: Fact = { at: 0, kind: 'connection', state: 'open', attempt: 1, reason: null };
const event: Fact = { at: 1000, kind: 'event', event: { type: 'info', message: 'pulling', progress: 30 } };
const ping = (at: number): Fact => ({ at, kind: 'heartbeat', comment: 'ping' });
const retrying: Fact = { at: 2000, kind: 'connection', state: 'retrying', attempt: 2, reason: 'cut' };
const resumed: Fact = { at: 3000, kind: 'connection', state: 'resumed', attempt: 2, reason: null };

describe('what the display says of the connection', () => {
  for (const [name, state, now, text] of [
    ['nothing while events come', after(open, event), 10_999, null],
    [
      'the last ping, where only pings come',
      after(open, event, ping(16_000)),
      20_900,
      'no events; last ping 4 s ago',
    ],
    ['the silence, where not even pings come', after(open, event), 25_000, 'no data for 24 s'],
    ['the attempt, where something is retried', after(open, event, retrying), 2_100, 'retrying, attempt 2'],
    ['nothing any more once that was successful', after(open, event, retrying, resumed), 3_100, null],
    ['nothing before the controller was heard', after(), 60_000, null],
  ] as const) {
    it(name, () => {
      assert.equal(healthText(state, now), text);
    });
  }

  it('stands in the bar before the last message', () => {
    const out = recorder(80);
    const clock = new FakeClock();
    const jobs = fakeContext().jobs;
    const display = new BarDisplay(out, createTheme('never', false, {}), clock, jobs);
    const facts = [open, event, retrying];
    let state = initialRun('spawn', { at: 0, time: 0 });
    for (const fact of facts) {
      const input = { time: 0, ...fact };
      state = advance(state, input);
      display.show(state, input);
    }
    clock.advance(2_500);
    display.tick(state);
    assert.match(out.text(), / 30% █+░+ 0:02 {2}retrying, attempt 2; pulling/);
    display.close(state);
  });
});
