/**
 * What is reported about the connection, in the order in which inputs arrive: at most two lines for a loss.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionReports } from '../../src/display/connection.js';
import type { ConnectionState, Input } from '../../src/model/reducer.js';

type Step = [seconds: number, state: ConnectionState | 'bytes', attempt?: number, reason?: string];

function reported(steps: readonly Step[]): string[] {
  const reports = new ConnectionReports();
  return steps.flatMap(([seconds, state, attempt = 1, reason = null]) => {
    const stamp = { at: seconds * 1000, time: 0 };
    const input: Input =
      state === 'bytes'
        ? { ...stamp, kind: 'bytes' }
        : { ...stamp, kind: 'connection', state, attempt, reason };
    const news = reports.report(input);
    return news === null ? [] : [`${news.isWarning ? '! ' : ''}${news.text}`];
  });
}

const cut = 'the connection was cut';
const refused = 'the connection was refused';

describe('the connection', () => {
  for (const [name, steps, lines] of [
    [
      'is nothing to report while it works',
      [
        [0, 'open'],
        [1, 'bytes'],
      ],
      [],
    ],
    [
      'is reported when it is lost and when it is back, however many attempts that took',
      [
        [0, 'open'],
        [9, 'lost', 1, cut],
        [9, 'retrying', 1, cut],
        [20, 'retrying', 2, refused],
        [60, 'retrying', 3, refused],
        [61, 'resumed', 3],
        [61, 'bytes'],
        [62, 'bytes'],
      ],
      ['! event stream lost: the connection was cut; reconnecting', 'reconnected'],
    ],
    [
      'is reported as back together with what that brings',
      [
        [0, 'open'],
        [9, 'lost', 1, cut],
        [9, 'retrying', 1, cut],
        [10, 'resumed'],
        [10, 'replaced'],
        [10, 'bytes'],
      ],
      [
        '! event stream lost: the connection was cut; reconnecting',
        '! reconnected: a new operation has begun; progress starts over',
      ],
    ],
    [
      'is not reported while a request is retried for a moment',
      [
        [0, 'retrying', 1, refused],
        [2, 'retrying', 2, refused],
        [4.9, 'retrying', 3, refused],
      ],
      [],
    ],
    [
      'is reported once when a request is retried for longer, and when that has helped',
      [
        [0, 'retrying', 1, refused],
        [5, 'retrying', 2, 'HTTP 503'],
        [9, 'retrying', 3, 'HTTP 503'],
        [30, 'open'],
        [30, 'bytes'],
      ],
      ['! retrying: HTTP 503', 'reconnected'],
    ],
    [
      'has another trouble when attempts begin again at 1',
      [
        [0, 'retrying', 1, refused],
        [600, 'retrying', 1, 'HTTP 503'],
        [606, 'retrying', 2, 'HTTP 503'],
        [700, 'retrying', 1, 'HTTP 502'],
        [706, 'retrying', 2, 'HTTP 502'],
      ],
      ['! retrying: HTTP 503', '! retrying: HTTP 502'],
    ],
    [
      'is back silently where a stream had only ended',
      [
        [0, 'open'],
        [1, 'retrying', 1, 'the stream ended before the operation'],
        [2, 'resumed'],
        [2, 'bytes'],
      ],
      [],
    ],
  ] as [string, Step[], string[]][]) {
    it(name, () => {
      assert.deepEqual(reported(steps), lines);
    });
  }
});
