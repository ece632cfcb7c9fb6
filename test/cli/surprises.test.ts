/**
 * What the controller surprises its clients with: the real program against the real simulated controller, driven into
 * each case. Numbers are those of the contract, "What a client must survive".
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answering } from '../support/answering.js';
import { FakeClock } from '../support/clock.js';
import { parseLines, resultOf } from '../support/ndjson.js';
import { event, info, lab, startPeer, stream } from '../support/peer.js';
import { runLab } from '../support/program.js';
import { at, url } from '../support/site.js';

describe('surprises', { concurrency: 4 }, () => {
  it('a `complete` is believed without a request to the lab itself (1)', () =>
    at({ scenario: 'immediate' }, async ({ lab }) => {
      assert.equal((await lab('spawn')).stdout, url);
    }));

  it('200 and only pings: the state is requested (2)', () =>
    at({ scenario: 'ping-only' }, async ({ lab }) => {
      const run = await lab('spawn', '-o', 'ndjson');
      assert.deepEqual([run.code, resultOf(run.stdout).outcome], [0, 'running']);
      assert.equal((await lab('wait')).code, 0);
    }));

  it('a deletion’s stream ends without a terminal event (3)', () =>
    at({ scenario: 'immediate' }, async ({ lab }) => {
      await lab('spawn');
      await lab('stop');
      const events = await lab('events', '-o', 'json');
      assert.deepEqual([events.code, resultOf(events.stdout).outcome], [0, 'ok']);
    }));

  it('an old queue is not taken for the new operation’s (4)', () =>
    at({ scenario: 'create-failure' }, async ({ lab }) => {
      await lab('spawn');
      const again = await lab('spawn', '--tag', 'scenario-immediate', '-o', 'json');
      assert.deepEqual([again.code, resultOf(again.stdout).outcome], [0, 'complete']);
    }));

  it('half an event is not an event (5)', () => {
    // The scenario waits for the program, however late that is.
    const clock = new FakeClock();
    return at({ scenario: 'slow-pull', speed: 1, clock }, async ({ start, controller }) => {
      controller.beginSpawn();
      clock.advance(3_000);
      const watching = start('events', '-o', 'ndjson');
      await watching.seen(/Pulling image/);
      const back = controller.restart({ downMs: 1000 });
      clock.advance(1_000);
      await back;
      clock.advance(60_000);
      const { code, stdout } = await watching.finished;
      const lines = parseLines(stdout);
      assert.equal(code, 0);
      assert.equal(
        lines.some(({ kind }) => kind === 'skipped'),
        false,
      );
      assert.ok(lines.some((line) => line.kind === 'connection' && line.state === 'replaced'));
    });
  });

  it('a failed lab is gone after a restart (6)', () =>
    at({ scenario: 'create-failure' }, async ({ lab, controller }) => {
      await lab('spawn');
      assert.equal((await lab('status')).code, 1);
      await controller.restart({ downMs: 10 });
      assert.deepEqual(
        [(await lab('status')).code, (await lab('events')).code, (await lab('wait')).code],
        [4, 4, 4],
      );
    }));

  it('a failed lab is cleaned up in time (6)', () =>
    at({ scenario: 'create-failure' }, async ({ lab, controller }) => {
      await lab('spawn');
      controller.reconcile();
      assert.equal((await lab('wait', '--for', 'absent')).code, 0);
    }));

  it('a pod that died still reads running, and a create replaces it (7)', () =>
    at({ scenario: 'immediate' }, async ({ lab, controller }) => {
      await lab('spawn');
      controller.killPod();
      assert.equal((await lab('status')).code, 0);
      const again = await lab('spawn', '-o', 'ndjson');
      assert.deepEqual([again.code, resultOf(again.stdout).outcome], [0, 'complete']);
      assert.match(again.stdout, /Deleting existing/);
    }));

  it('a spawn that is deleted meanwhile has failed (8)', () =>
    at({ scenario: 'slow-pull', speed: 1 }, async ({ lab, start }) => {
      const spawning = start('spawn');
      await spawning.seen(/Created Kubernetes objects/);
      assert.equal((await lab('stop')).code, 0);
      const { code, stderr } = await spawning.finished;
      assert.equal(code, 1);
      assert.match(stderr, /Operation cancelled/);
    }));

  it('a create may take its time (9)', () =>
    at({ scenario: 'immediate', speed: 1, faults: { createDelayMs: 700 } }, async ({ lab }) => {
      assert.equal((await lab('spawn')).code, 0);
    }));

  it('a create whose response was lost is not blindly repeated (9)', async () => {
    for (const lost of ['before', 'after'] as const) {
      await at({ scenario: 'immediate', faults: { lostCreates: [lost] } }, async ({ lab }) => {
        const run = await lab('spawn', '-v', '--on-conflict', 'fail');
        assert.deepEqual([run.code, run.stdout], [0, url], run.stderr);
        assert.match(run.stderr, /checking the state before retrying/);
      });
    }
  });

  it('a create with a 500 response may still have been accepted (9)', async () => {
    let creates = 0;
    await using peer = await startPeer({
      create: (response) => {
        creates += 1;
        response.writeHead(500, { 'content-type': 'text/plain' }).end('Internal Server Error');
      },
      state: lab('pending'),
      events: stream('end', info('Pulling', 30), event('complete', 'up')),
    });
    const run = await runLab(['spawn', '-u', 'rachel', '--timeout', '20s', '-o', 'json'], peer.env);
    assert.deepEqual([run.code, resultOf(run.stdout).outcome, creates], [0, 'complete', 1], run.stderr);
  });

  it('a lab that is deleted right after it was accepted never was (10)', async () => {
    await using server = await answering((response, { url: path }) => {
      if (path.endsWith('/create'))
        response.writeHead(201, { 'content-type': 'application/json' }).end('null');
      else if (path.endsWith('/events')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(
          [
            ['Shutting down Kubernetes pod', 25],
            ['Deleting user namespace', 62],
            ['Lab for demo deleted', 100],
          ]
            .map(
              ([message, progress]) =>
                `event: info\r\ndata: ${JSON.stringify({ message, progress })}\r\n\r\n`,
            )
            .join(''),
        );
      } else {
        response.writeHead(404, { 'content-type': 'application/json' });
        response.end('{"detail":[{"msg":"Unknown user demo","type":"unknown_user"}]}');
      }
    });
    const run = await runLab(['spawn', '-u', 'demo'], { LAB_CONTROLLER: server.origin, LAB_TOKEN: 'gt-x' });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /✖ the lab was removed before it ran/);
    assert.doesNotMatch(run.stderr, /100% █/);
  });

  it('is complete if the stream says so, whatever the state was before', async () => {
    const streams = [
      'event: info\ndata: {"message": "x"}\n\n',
      'event: complete\ndata: {"message": "up"}\n\n',
    ];
    const states = ['pending', 'running'];
    await using server = await answering((response, { url: path }) => {
      if (path.endsWith('/create')) {
        response.writeHead(201, { 'content-type': 'application/json' }).end('null');
      } else if (path.endsWith('/events')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(streams.shift());
      } else {
        response.writeHead(200, { 'content-type': 'application/json' });
        // The URL is set while the lab is still pending.
        response.end(JSON.stringify({ status: states.shift() ?? 'failed', internal_url: 'http://x/' }));
      }
    });
    const run = await runLab(['spawn', '-u', 'demo', '-o', 'json'], {
      LAB_CONTROLLER: server.origin,
      LAB_TOKEN: 'gt-x',
    });
    const { outcome, lab } = resultOf(run.stdout);
    assert.deepEqual([outcome, lab?.status, lab?.internal_url], ['complete', 'running', 'http://x/']);
  });

  it('`terminated` is passing through (11)', async () => {
    let asked = 0;
    await using server = await answering((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ status: asked++ === 0 ? 'terminated' : 'running', internal_url: 'http://x/' }),
      );
    });
    const run = await runLab(['status', '-u', 'demo', '--direct'], { LAB_CONTROLLER: server.origin });
    assert.deepEqual([run.code, asked], [0, 2]);
  });
});
