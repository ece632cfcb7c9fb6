/**
 * `status` of a `failed` state, which may be an operation in progress: in memory. The real program is in
 * `test/cli/operations.test.ts`.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '../../src/commands/status.js';
import { event } from '../support/peer.js';
import {
  always,
  begun,
  ending,
  lab,
  noLab,
  noStream,
  open,
  play,
  summary,
  type Played,
  type Script,
} from '../support/scripted.js';

describe('status, of a failed state', () => {
  const asks = (script: Script): Promise<Played> => play(script, status, {});

  it('looks at the stream for two seconds at most', async () => {
    const rows: [string, Script, number, RegExp][] = [
      ['an operation in progress', { events: always(open(begun)) }, 8, /an operation is in progress/],
      [
        'a failure, with its reason',
        {
          events: always(
            ending([...begun, [200, event('error', 'why')], [200, event('failed', 'Lab spawn failed')]], 200),
          ),
        },
        1,
        /^Lab spawn failed: why$/,
      ],
      ['no stream', { events: always(noStream) }, 1, /^the lab has failed$/],
      ['an empty stream', { events: always(open([])) }, 1, /^the lab has failed$/],
      ['a stream that ends', { events: always(ending([], 500)) }, 1, /^the lab has failed$/],
      [
        'a stream that cannot be read',
        { events: always({ status: 503 }) },
        1,
        /may be in progress; `lab wait` decides$/,
      ],
      [
        'a stream that is refused',
        { events: always({ status: 403 }) },
        1,
        /may be an operation in progress$/,
      ],
    ];
    for (const [name, script, code, says] of rows) {
      const run = await asks({ state: always(lab('failed')), ...script });
      assert.equal(summary(run)[0], code, name);
      assert.match(run.ending.outcome.message, says, name);
      assert.ok(run.endedAt <= 2_000, `${name}: ${run.endedAt}`);
      assert.deepEqual([run.shown, run.ending.events], [[], 0], name);
    }
  });

  it('reads the state again where the stream has ended', async () => {
    for (const [next, code] of [
      [lab('running'), 0],
      [lab('pending'), 8],
      [lab('terminating'), 8],
      [noLab, 4],
    ] as const) {
      const run = await asks({
        state: (_at, nth) => (nth === 1 ? lab('failed') : next),
        events: always(ending(begun, 100)),
      });
      assert.equal(summary(run)[0], code, JSON.stringify(next));
      const expected =
        typeof next === 'object' && 'lab' in next ? (next.lab?.status ?? undefined) : undefined;
      assert.equal(run.ending.lab?.status, expected);
    }
  });

  it("cannot be sure of another user's lab", async () => {
    const user = { name: 'rachel', given: true, direct: false };
    const run = await play({ who: always({ user: 'admin' }), state: always(lab('failed')) }, status, {
      user,
    });
    assert.equal(summary(run)[0], 1);
    assert.match(run.ending.outcome.message, /may be an operation in progress/);
    assert.equal(run.requests.events.length, 0);
  });
});
