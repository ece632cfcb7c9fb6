/**
 * Observed behaviour of a real controller when operations overlap: the real program against scripted responses. Tests
 * that take minutes are in `test/commands`.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toSse, type Event } from '../../src/model/event.js';
import { parseLines, resultOf } from '../support/ndjson.js';
import {
  accepted,
  event,
  info,
  inTurn,
  lab,
  noLab,
  silence,
  startPeer,
  status,
  stream,
  type Answer,
} from '../support/peer.js';
import { runLab } from '../support/program.js';

const refused =
  (code: number, type: string): Answer =>
  (response) => {
    response.writeHead(code, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ detail: [{ msg: `said: ${type}`, type }] }));
  };

/** An operation that takes a while from the first request on, and then ends its stream with these events. */
function operation(begin: readonly Event[], end: readonly Event[]) {
  let isOver = false;
  let over: Promise<void> | null = null;
  const begun = (): Promise<void> =>
    (over ??= new Promise((resolve) => {
      setTimeout(() => {
        isOver = true;
        resolve();
      }, 1_500);
    }));
  const events: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(begin.map(toSse).join(''));
    void begun().then(() => response.end(end.map(toSse).join('')));
  };
  /** One response while it is in progress, another one after it. */
  const meanwhile =
    (during: Answer, after: Answer): Answer =>
    (...request) => {
      void begun();
      (isOver ? after : during)(...request);
    };
  return { events, meanwhile };
}

const spawn = () =>
  operation([info('Starting lab creation', 1), info('Created objects', 30)], [event('complete', 'up')]);
const deletion = () =>
  operation(
    [info('Shutting down', 25), info('Deleting namespace', 62)],
    [info('Lab for rachel deleted', 100)],
  );

describe('a spawn whose state says failed meanwhile', { concurrency: 2 }, () => {
  it('is followed by `wait`, and comes up', async () => {
    const { events, meanwhile } = spawn();
    await using peer = await startPeer({ events, state: meanwhile(lab('failed'), lab('running')) });
    const run = await runLab(['wait', '-o', 'ndjson'], peer.env);
    assert.deepEqual([run.code, resultOf(run.stdout).events], [0, 3], run.stderr);
  });

  it('is an operation in progress to `status`, which shows none of it', async () => {
    await using peer = await startPeer({
      state: lab('failed'),
      events: stream('open', info('Starting lab creation', 1)),
    });
    const json = await runLab(['status', '-o', 'json'], peer.env);
    const { outcome, lab: shown, events } = resultOf(json.stdout);
    assert.deepEqual([json.code, outcome, shown?.status, events], [8, 'pending', 'failed', 0]);
    const text = await runLab(['status'], peer.env);
    assert.match(text.stdout, /^status {2}failed$/m);
    assert.equal(text.stderr, 'an operation is in progress; until it ends, the state is failed\n');
  });
});

describe('a deletion whose state says failed meanwhile', { concurrency: 2 }, () => {
  for (const policy of ['attach', 'replace']) {
    it(`is waited for by spawn, and the create is sent once more (${policy})`, async () => {
      const { events, meanwhile } = deletion();
      const conflict = refused(409, 'operation_in_progress');
      let isAccepted = false;
      await using peer = await startPeer({
        create: meanwhile(conflict, (response, nth) => {
          isAccepted = true;
          accepted(response, nth);
        }),
        remove: conflict,
        state: meanwhile(lab('failed'), (response, nth) => {
          (isAccepted ? lab('running') : noLab)(response, nth);
        }),
        events: meanwhile(events, stream('end', info('Starting lab creation', 1), event('complete', 'up'))),
      });
      const run = await runLab(['spawn', '-u', 'rachel', '--on-conflict', policy, '-o', 'json'], peer.env);
      assert.deepEqual([run.code, resultOf(run.stdout).outcome], [0, 'complete'], run.stdout);
      assert.equal(peer.on('create').length, 2);
    });
  }

  it('ends `wait` with 4, `wait --for absent` and `stop` with 0', async () => {
    for (const [args, code, outcome] of [
      [['wait'], 4, 'not-found'],
      [['wait', '--for', 'absent'], 0, 'absent'],
    ] as const) {
      const { events, meanwhile } = deletion();
      await using peer = await startPeer({ events, state: meanwhile(lab('failed'), noLab) });
      const run = await runLab([...args, '-o', 'ndjson'], peer.env);
      const result = resultOf(run.stdout);
      assert.deepEqual([run.code, result.outcome, result.events], [code, outcome, 3], run.stderr);
    }
    await using peer = await startPeer({
      remove: refused(409, 'operation_in_progress'),
      state: inTurn(lab('failed'), lab('failed'), lab('failed'), noLab),
    });
    assert.equal((await runLab(['stop'], peer.env)).code, 0);
  });
});

describe('a DELETE with a 500 response', { concurrency: 2 }, () => {
  const failing = [
    info('Shutting down', 25),
    event('error', 'etcd timed out'),
    event('failed', 'Lab delete failed'),
  ];

  it('has the reason of the stream in its result, which may be read only then', async () => {
    await using peer = await startPeer({
      remove: refused(500, 'delete_failed'),
      state: lab('running'),
      events: stream('end', ...failing),
    });
    const run = await runLab(['stop', '-o', 'ndjson'], peer.env);
    const { message, events } = resultOf(run.stdout);
    assert.deepEqual([run.code, events], [1, 3]);
    assert.match(message, /could not delete rachel's lab: said: delete_failed.*: etcd timed out$/);
  });

  it('waits for no stream that does not open', async () => {
    await using peer = await startPeer({
      remove: refused(500, 'delete_failed'),
      state: lab('running'),
      events: silence,
    });
    const run = await runLab(['stop', '-o', 'json'], peer.env);
    assert.equal(run.code, 1);
    assert.match(resultOf(run.stdout).message, /^could not delete rachel's lab: said: delete_failed/);
  });
});

describe("a user without a way to look up the token's user", { concurrency: 2 }, () => {
  const of =
    (username: string | null): Answer =>
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          status: 'running',
          internal_url: 'http://lab/',
          user: username === null ? null : { username },
        }),
      );
    };
  const who = status(404);
  const forbidden = status(403);

  for (const [name, state, code, paths] of [
    ['has a lab that an administrator sees', of('otto'), 0, ['labs/otto']],
    ['has none, which an administrator sees', noLab, 4, ['labs/otto']],
    ['is the own one', inTurn(forbidden, of('otto')), 0, ['labs/otto', 'user-status']],
    ['is not named in the state', inTurn(forbidden, of(null)), 0, ['labs/otto', 'user-status']],
    ['is another one', inTurn(forbidden, of('rachel')), 3, ['labs/otto', 'user-status']],
    ['cannot be looked at at all', status(401), 3, ['labs/otto']],
  ] as const) {
    it(`${name}: ${code}`, async () => {
      await using peer = await startPeer({ who, state });
      const run = await runLab(['status', '-u', 'otto', '-o', 'json'], peer.env);
      assert.equal(run.code, code, run.stdout);
      const asked = peer.asked
        .map(({ url }) => url.replace(/^.*spawner\/v1\//, ''))
        .filter((url) => !url.includes('auth'));
      assert.deepEqual(asked, paths);
      if (paths.length === 2 && code === 3) {
        assert.match(resultOf(run.stdout).message, /^the token belongs to rachel, not to otto$/);
      }
    });
  }

  it('is compared wherever the own state is read', async () => {
    await using peer = await startPeer({ state: of('rachel'), create: refused(409, 'lab_exists') });
    for (const args of [['spawn'], ['wait', '--direct'], ['status', '--direct']]) {
      const run = await runLab([...args, '-u', 'otto', '-o', 'json'], peer.env);
      assert.equal(run.code, args.includes('--direct') ? 7 : 3, args.join(' '));
      assert.match(resultOf(run.stdout).message, /rachel.*otto/);
    }
  });
});

describe('messages', { concurrency: 2 }, () => {
  it('show no check mark for an operation in progress', async () => {
    await using peer = await startPeer({ state: lab('hibernated') });
    const run = await runLab(['status'], peer.env);
    assert.deepEqual([run.code, run.stderr], [8, '']);
    assert.match(run.stdout, /^status +hibernated$/m);
  });

  it('name the controller if it has not responded by the deadline', async () => {
    await using peer = await startPeer({ state: silence });
    const run = await runLab(['wait', '--timeout', '3s', '--direct', '-u', 'rachel', '-o', 'json'], peer.env);
    const { message } = resultOf(run.stdout);
    assert.deepEqual([run.code, message.includes(`${peer.origin}/nublado`)], [7, true], message);
  });

  it('do not repeat an unchanged state', async () => {
    await using peer = await startPeer({
      state: inTurn(lab('running'), lab('running'), lab('running'), noLab),
    });
    const run = await runLab(['wait', '--for', 'absent', '-o', 'ndjson'], peer.env);
    const states = parseLines(run.stdout).flatMap((line) =>
      line.kind === 'state' ? [line.state?.status ?? null] : [],
    );
    assert.deepEqual([run.code, states, peer.on('state').length], [0, ['running', null], 4]);
  });
});
