/**
 * Every command in every scenario of the simulated Hub that does not depend on whether the server itself responds: its exit
 * code, its message, and what it sent.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { events } from '../../../src/commands/events.js';
import type { Session } from '../../../src/commands/session/session.js';
import { status } from '../../../src/commands/status.js';
import { stop } from '../../../src/commands/stop.js';
import { wait } from '../../../src/commands/wait.js';
import type { Ending } from '../../../src/display/display.js';
import type { HubVersion } from '../../../src/simulator/jupyterhub/hub.js';
import { playAtHub, spawnAtHub, type HubPlay, type HubPlayed } from '../../support/hub.js';

const commands = {
  spawn: spawnAtHub(),
  wait: (session: Session) => wait(session, 'running'),
  absent: (session: Session) => wait(session, 'absent'),
  stop: (session: Session) => stop(session, { detach: false }),
  status: (session: Session) => status(session),
  events: (session: Session) => events(session, { strict: false, follow: false, onBytes: null }),
} satisfies Record<string, (session: Session) => Promise<Ending>>;

/** `begun`: another client's spawn is in progress already. */
type Row = [
  command: keyof typeof commands,
  scenario: string,
  expected: {
    code: number;
    says?: RegExp;
    posts?: number;
    deletes?: number;
    begun?: true;
    only?: HubVersion[];
  },
];

const lost = /^the Hub has lost the spawn: it was restarted, or the lab was stopped/;
const pulled = /^Spawn failed: pod jupyter-demo did not start: ImagePullBackOff/;
const noReason = /^Spawn failed: no reason given \(start timeout\?\)$/;
const before = /^Spawn failed: the failure of another spawn$/;
const nothing = /^demo has no (lab|server)/;

const rows: Row[] = [
  ['spawn', 'hub-slow', { code: 0, posts: 1 }],
  ['spawn', 'hub-silent', { code: 0, posts: 1 }],
  ['spawn', 'hub-fail', { code: 1, says: pulled, posts: 1 }],
  ['spawn', 'hub-fail-slow', { code: 1, says: pulled, posts: 1 }],
  ['spawn', 'hub-no-reason', { code: 1, says: noReason, posts: 1, only: [6, 5] }],
  ['spawn', 'hub-no-reason', { code: 1, says: /^Spawn failed: Timeout$/, posts: 1, only: [4] }],
  ['spawn', 'hub-failed-midway', { code: 0, posts: 1 }],
  ['spawn', 'hub-no-end', { code: 0, posts: 1 }],
  ['spawn', 'hub-no-end-fail', { code: 1, says: pulled, posts: 1 }],
  ['spawn', 'hub-odd', { code: 0, posts: 1 }],
  ['spawn', 'hub-hostile', { code: 0, posts: 1 }],
  ['spawn', 'hub-killed', { code: 1, says: lost, posts: 1 }],
  ['spawn', 'hub-adopted', { code: 0, posts: 1 }],
  ['spawn', 'hub-stop-slow', { code: 0, posts: 1 }],
  ['spawn', 'hub-burst', { code: 0, posts: 1 }],

  ['wait', 'hub-slow', { code: 0, begun: true }],
  ['wait', 'hub-slow', { code: 4, says: nothing }],
  ['wait', 'hub-fail', { code: 1, says: pulled, begun: true }],
  ['wait', 'hub-no-end-fail', { code: 1, says: pulled, begun: true }],
  ['wait', 'hub-killed', { code: 1, says: lost, begun: true }],
  ['wait', 'hub-failed-before', { code: 1, says: before }],
  ['wait', 'hub-running', { code: 0 }],
  ['wait', 'hub-pending', { code: 0 }],
  ['wait', 'hub-stopping', { code: 4, says: nothing }],
  ['wait', 'hub-away', { code: 4, says: nothing }],

  ['absent', 'hub-slow', { code: 0, says: /^there is no lab$/ }],
  ['absent', 'hub-failed-before', { code: 0, says: /^there is no lab$/ }],
  ['absent', 'hub-stopping', { code: 0 }],
  ['absent', 'hub-running', { code: 124, says: /the lab is running, and is not being deleted/ }],

  ['stop', 'hub-slow', { code: 4, says: nothing }],
  ['stop', 'hub-failed-before', { code: 4, says: nothing }],
  ['stop', 'hub-slow', { code: 0, begun: true, deletes: 1, only: [6, 5] }],
  ['stop', 'hub', { code: 0, begun: true, deletes: 2, only: [4] }],
  ['stop', 'hub-running', { code: 0, deletes: 1 }],
  ['stop', 'hub-was-dead', { code: 0, deletes: 1 }],
  ['stop', 'hub-stopping', { code: 0, deletes: 1 }],
  ['stop', 'hub-cancelled-stuck', { code: 1, says: /HTTP 500/, begun: true, deletes: 1, only: [6, 5] }],

  ['status', 'hub-slow', { code: 4, says: nothing }],
  ['status', 'hub-failed-before', { code: 1, says: before }],
  ['status', 'hub-pending', { code: 8 }],
  ['status', 'hub-stopping', { code: 8 }],

  ['events', 'hub-slow', { code: 4, says: /could not read the progress of the server of demo/ }],
  ['events', 'hub-stopping', { code: 4, says: /is not starting/ }],
  ['events', 'hub-slow', { code: 0, begun: true }],
  ['events', 'hub-fail', { code: 1, says: pulled, begun: true }],
  ['events', 'hub-failed-before', { code: 1, says: before }],
  ['events', 'hub-running', { code: 0 }],
];

for (const version of [6, 5, 4] as const) {
  describe(`with a JupyterHub of version ${version}`, () => {
    for (const [command, scenario, { code, says = /./, posts = 0, deletes = 0, begun, only }] of rows) {
      if (only?.includes(version) === false) continue;
      it(`${command} ends with ${code} in ${scenario}${begun === true ? ', begun already' : ''}`, async () => {
        const start: HubPlay['before'] = ({ hub }) => {
          if (begun === true) hub.beginSpawn();
        };
        const hub = { scenario, version };
        const played = await playAtHub({ hub, timeout: 120_000, before: start }, commands[command]);
        assert.deepEqual(
          { code: played.code, posts: played.posts, deletes: played.deletes },
          { code, posts, deletes },
          played.message,
        );
        assert.match(played.message, says);
      });
    }
  });
}

describe('a stream of a Hub', () => {
  const progress = ({ requests }: HubPlayed): number[] =>
    requests.filter(({ url }) => url.endsWith('/progress')).map(({ at }) => at);

  it('that ends twice without an outcome is not reopened; the state is followed', async () => {
    const play = {
      hub: { scenario: 'hub-no-end' },
      settings: { userOptions: { story: 'progress-raises', arg: 50 } },
    };
    const played = await playAtHub(play, spawnAtHub());
    assert.equal(played.code, 0);
    // One before the POST, and two streams.
    assert.equal(progress(played).length, 3);
    const states = played.requests.filter(({ url }) => url.endsWith('/users/demo')).length;
    assert.ok(states > 20 && states < 40, String(states));
  });

  it('that is silent for 20 s is lost, unless another limit was given', async () => {
    const hub = { scenario: 'hub-killed' };
    const begin: HubPlay = {
      hub,
      before: ({ hub: site }) => {
        site.beginSpawn();
      },
      timeout: 300_000,
    };
    const reopened = async (play: HubPlay): Promise<number> => {
      const { inputs } = await playAtHub({ ...begin, ...play }, commands.events);
      const loss = inputs.find((input) => input.kind === 'connection' && input.state === 'lost');
      return loss?.kind === 'connection' ? loss.at : NaN;
    };
    const isAbout = (at: number, expected: number): void => {
      assert.ok(at >= expected && at < expected + 3_000, String(at));
    };
    isAbout(await reopened({}), 20_000);
    isAbout(await reopened({ idleTimeout: 60_000, isIdleTimeoutGiven: true }), 60_000);
  });

  it('shows an error of the last spawn once', async () => {
    const { message } = await playAtHub(
      { hub: { scenario: 'hub-failed-midway' }, settings: { userOptions: { story: 'fail-slow' } } },
      spawnAtHub(),
    );
    assert.match(message, /^Spawn failed: boom after a while/);
  });
});

describe('the absence of a server', () => {
  it('is confirmed by a second request three seconds later', async () => {
    const played = await playAtHub({ hub: { scenario: 'hub-killed' } }, spawnAtHub());
    const [last = 0, previous = 0] = played.requests
      .filter(({ url }) => url.endsWith('/users/demo'))
      .map(({ at }) => at)
      .reverse();
    assert.equal(last - previous, 3_000);
  });

  it('after a stop needs no confirmation', async () => {
    const { endedAt } = await playAtHub({ hub: { scenario: 'hub-stopping' } }, commands.absent);
    assert.ok(endedAt < 8_000, String(endedAt));
  });
});
