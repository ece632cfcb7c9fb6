/**
 * How often the real program sends requests when it gets the same useless response again and again.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { info, lab, startPeer, stream, type Peer, type Route } from '../support/peer.js';
import { runLab } from '../support/program.js';

/** At most one a second: counted over the time in which they arrived, plus one for the latency of each. */
function assertOneASecond(peer: Peer, route: Route): void {
  const times = peer.on(route).map(({ at }) => at);
  const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000;
  assert.ok(times.length > 2, `only ${times.length} requests`);
  assert.ok(times.length <= Math.floor(seconds) + 2, `${times.length} requests in ${seconds} s`);
}

describe('at most one state request a second goes out', { concurrency: 3 }, () => {
  it('while streams open, ping and end: none of them is a success', async () => {
    await using peer = await startPeer({
      state: lab('pending'),
      events: (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': ping\n\n');
      },
    });
    const { code } = await runLab(['wait', '--timeout', '5s'], peer.env);
    assert.equal(code, 124);
    assertOneASecond(peer, 'state');
    assertOneASecond(peer, 'events');
  });

  for (const args of [['wait'], ['wait', '--for', 'absent']]) {
    it(`while a deletion is followed whose stream ends at once (${args.join(' ')})`, async () => {
      await using peer = await startPeer({
        state: lab('terminating'),
        events: stream('end', info('Shutting down', 25)),
      });
      const { code } = await runLab([...args, '--timeout', '5s'], peer.env);
      assert.equal(code, 124);
      assertOneASecond(peer, 'state');
    });
  }

  it('while the lab passes through `terminated`, and the state is all that there is', async () => {
    await using peer = await startPeer({ state: lab('terminated') });
    await runLab(['status', '--timeout', '4s'], peer.env);
    assertOneASecond(peer, 'state');
  });

  it('while the URL is looked for', async () => {
    await using peer = await startPeer({ state: lab('running', null) });
    const { code, stderr } = await runLab(['wait'], peer.env);
    assert.equal(code, 0);
    assert.match(stderr, /did not report the lab's URL/);
    assertOneASecond(peer, 'state');
  });
});
