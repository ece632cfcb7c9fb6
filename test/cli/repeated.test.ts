/**
 * What a controller repeats, and what is lost when it stops: the real program against scripted responses. A
 * repeated event is shown and counted once, but still decides the outcome.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseLines, resultOf } from '../support/ndjson.js';
import { event, info, inTurn, lab, noLab, startPeer, stream, accepted } from '../support/peer.js';
import { runLab } from '../support/program.js';

const deletion = [info('Shutting down', 25), info('Deleting namespace', 62)];
const failure = [event('error', 'namespace is stuck'), event('failed', 'Lab delete failed')];

describe('an event that is repeated', { concurrency: 2 }, () => {
  for (const args of [['wait'], ['wait', '--for', 'absent']]) {
    it(`is shown and counted once, when a deletion fails (${args.join(' ')})`, async () => {
      await using peer = await startPeer({
        state: inTurn(lab('terminating'), lab('failed')),
        events: stream('end', ...deletion, ...failure),
      });
      const { code, stdout } = await runLab([...args, '-o', 'ndjson'], peer.env);
      const shown = parseLines(stdout).flatMap((line) => (line.kind === 'event' ? [line.event.message] : []));
      assert.deepEqual(shown, [
        'Shutting down',
        'Deleting namespace',
        'namespace is stuck',
        'Lab delete failed',
      ]);
      const { events, message } = resultOf(stdout);
      assert.deepEqual([code, events, message], [1, 4, 'Lab delete failed: namespace is stuck']);
    });
  }
});

describe('the reason that an `error` gave', { concurrency: 2 }, () => {
  for (const [name, state] of [
    ['there is no lab', noLab],
    ['the lab has failed', lab('failed')],
  ] as const) {
    for (const [command, events] of [
      [['spawn'], inTurn(stream('cut', info('Pulling', 30), event('error', 'no such image')), noLab)],
      [['wait'], inTurn(stream('cut', info('Pulling', 30), event('error', 'no such image')), noLab)],
    ] as const) {
      it(`is in the result, when the stream was cut and ${name} (${command[0]})`, async () => {
        await using peer = await startPeer({
          create: accepted,
          events,
          state: command[0] === 'wait' ? inTurn(lab('pending'), state) : state,
        });
        const { code, stdout } = await runLab([...command, '-o', 'json'], peer.env);
        assert.equal(code, 1, stdout);
        assert.match(resultOf(stdout).message, /no such image/);
        assert.match(resultOf(stdout).error?.message ?? '', /no such image/);
      });
    }
  }

  it('is in the result of `events`, when the stream was cut and is gone', async () => {
    await using peer = await startPeer({
      events: inTurn(stream('cut', info('Pulling', 30), event('error', 'no such image')), noLab),
    });
    const { code, stdout } = await runLab(['events', '-u', 'rachel', '-o', 'json'], peer.env);
    assert.equal(code, 4);
    assert.match(resultOf(stdout).message, /Unknown user rachel.*the last error was: no such image$/);
  });
});

describe('a deadline', { concurrency: 2 }, () => {
  const args = ['wait', '--timeout', '6s'];

  it('names the event that came last', async () => {
    await using peer = await startPeer({
      state: lab('pending'),
      events: stream('open', info('Pulling\x1b[31m', 30), event('error', 'Back-off pulling')),
    });
    const [json, text] = await Promise.all([
      runLab([...args, '-o', 'json', '-q'], peer.env),
      runLab(args, peer.env),
    ]);
    const { outcome, last_event, elapsed_ms, time } = resultOf(json.stdout);
    assert.deepEqual(
      [outcome, last_event?.type, last_event?.message],
      ['timeout', 'error', 'Back-off pulling'],
    );
    assert.ok(last_event && last_event.elapsed_ms < elapsed_ms && last_event.time < time);
    assert.match(json.stderr, /\n {2}last event, at 0:0[0-5]: error: Back-off pulling\n$/);
    assert.match(text.stderr, /\n {2}last event, at 0:0[0-5]: error: Back-off pulling\n$/);
  });

  it('says that there was none', async () => {
    await using peer = await startPeer({ state: lab('pending'), events: stream('open') });
    const { stdout, stderr } = await runLab([...args, '-o', 'json'], peer.env);
    assert.equal(resultOf(stdout).last_event, null);
    assert.doesNotMatch(stderr, /last event/);
  });

  it('is the only ending that does', async () => {
    await using peer = await startPeer({
      state: lab('pending'),
      events: stream('end', info('Pulling', 30), event('failed', 'no')),
    });
    const { stdout } = await runLab(['wait', '-o', 'json'], peer.env);
    assert.equal('last_event' in resultOf(stdout), false);
  });
});
