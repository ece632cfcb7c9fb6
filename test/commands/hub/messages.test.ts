/**
 * Commands at the simulated Hub name the right server in their messages.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stop } from '../../../src/commands/stop.js';
import { wait } from '../../../src/commands/wait.js';
import { playAtHub, spawnAtHub } from '../../support/hub.js';

const text = ({ message, warnings }: { message: string; warnings: string[] }): string =>
  [message, ...warnings].join('\n');

describe('messages at a Hub', () => {
  const interrupted = (ms: number) =>
    ({
      at: [
        [
          ms,
          ({ interrupt }: { interrupt: () => void }) => {
            interrupt();
          },
        ],
      ],
    }) as const;

  it('name the Hub where a spawn is left', async () => {
    const rows = [
      [await playAtHub({}, spawnAtHub({ detach: true })), /^the Hub is creating the lab; `lab wait`/],
      [
        await playAtHub({ ...interrupted(2_000) }, spawnAtHub()),
        /^detached; the spawn continues in the Hub$/,
      ],
      [
        await playAtHub(
          { ...interrupted(100), hub: { faults: { away: 5 } }, user: { name: 'demo', given: true } },
          spawnAtHub(),
        ),
        /^interrupted; the Hub has not accepted the request for a lab$/,
      ],
      [await playAtHub({ timeout: 2_500 }, spawnAtHub()), /^timed out; the operation continues in the Hub$/],
    ] as const;
    for (const [played, pattern] of rows) assert.match(text(played), pattern);
  });

  it('name the Hub where a deletion or a wait is left', async () => {
    const hub = { scenario: 'hub-stopping' };
    const stopping = (detach: boolean) =>
      playAtHub({ ...interrupted(2_000), hub, goal: 'delete' }, (session) => stop(session, { detach }));
    assert.match(
      text(await stopping(true)),
      /^the Hub is deleting the lab; `lab wait --for absent` follows it$/,
    );
    assert.match(text(await stopping(false)), /^detached; the deletion continues in the Hub$/);
    const waited = await playAtHub({ timeout: 2_500, hub: { scenario: 'hub-pending' } }, (session) =>
      wait(session, 'running'),
    );
    assert.match(text(waited), /^timed out; the operation continues in the Hub$/);
  });
});
