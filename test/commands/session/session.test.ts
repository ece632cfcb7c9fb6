/**
 * What one command knows across the streams that it follows: the real Session and client, against scripted responses.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Session } from '../../../src/commands/session/session.js';
import { wait } from '../../../src/commands/wait.js';
import { connect } from '../../../src/http/connect.js';
import { createNublado } from '../../../src/backends/nublado/backend.js';
import { startDeadline } from '../../../src/runtime/deadline.js';
import { SilentDisplay } from '../../../src/display/display.js';
import { noSecrets } from '../../../src/model/redactor.js';
import type { Input, RunState } from '../../../src/model/reducer.js';
import { realClock } from '../../support/clock.js';
import { fakeContext } from '../../support/context.js';
import { info, inTurn, lab, noLab, startPeer, stream, type Peer } from '../../support/peer.js';

/** Remembers the percent that a bar would have stood at with each input. */
class Percents extends SilentDisplay {
  readonly seen: (number | null)[] = [];

  override show({ percent }: RunState, _input: Input): void {
    this.seen.push(percent);
  }
}

async function sessionAt(peer: Peer, display: Percents, use: (session: Session) => Promise<void>) {
  const context = fakeContext({ clock: realClock });
  const dispatcher = await connect({ certificates: [], proxy: null });
  const deadline = startDeadline(realClock, null, context.signal);
  const backend = createNublado({
    base: new URL(`${peer.origin}/nublado`),
    credentials: { kind: 'bearer', token: 'gt-peer' },
    dispatcher,
    clock: realClock,
    redact: noSecrets.redact,
  });
  const session = new Session(
    {
      context,
      display,
      backend,
      freshBackend: () => Promise.resolve(backend),
      redactor: noSecrets,
      address: { controller: peer.origin, hub: null, name: null },
      user: { name: 'rachel', given: false },
      demo: false,
      limits: { timeout: null, idleTimeout: 45_000 },
      deadline,
    },
    'spawn',
  );
  try {
    await use(session);
  } finally {
    session.close();
    deadline.cancel();
    await dispatcher.destroy();
  }
}

describe('a stream that is followed again', () => {
  it('continues where its progress was: a bar does not move back within an operation', async () => {
    const begun = [info('Shutting down', 25), info('Deleting namespace', 62)];
    await using peer = await startPeer({
      state: inTurn(lab('terminating'), lab('terminating'), lab('terminating'), noLab),
      // Twice, it ends before the deletion has.
      events: inTurn(
        stream('end', ...begun),
        stream('end', ...begun),
        stream('end', ...begun, info('Gone', 100)),
      ),
    });
    const display = new Percents();
    await sessionAt(peer, display, async (session) => {
      const { outcome } = await wait(session, 'absent');
      assert.equal(outcome.kind, 'absent');
    });
    assert.ok(peer.on('events').length > 1);
    const known = display.seen.slice(display.seen.indexOf(62));
    assert.ok(known.length > 2);
    assert.deepEqual(
      known.filter((percent) => percent === null || percent < 62),
      [],
    );
  });
});
