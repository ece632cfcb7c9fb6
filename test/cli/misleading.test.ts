/**
 * States that mislead: the real program against the real simulated controller. Numbers are those of the contract, "What
 * a client must survive"; test/simulator/misleading.test.ts holds the controller to them.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resultOf } from '../support/ndjson.js';
import { at, url } from '../support/site.js';

describe('states that mislead', { concurrency: 4 }, () => {
  it('`failed` during a spawn is not an outcome: for spawn, wait and status (12)', () =>
    at({ scenario: 'failed-state', speed: 2 }, async ({ lab, start }) => {
      const spawning = start('spawn');
      await spawning.seen(/Starting lab creation/);
      const waiting = start('wait');
      await waiting.seen(/Starting lab creation/);
      const asked = await lab('status');
      assert.match(asked.stdout, /failed|pending/);
      assert.equal(asked.code, 8);
      for (const run of [await spawning.finished, await waiting.finished]) {
        assert.deepEqual([run.code, run.stdout], [0, url], run.stderr);
      }
    }));

  for (const policy of ['attach', 'replace']) {
    it(`a deletion whose state says \`failed\` is waited for by spawn --on-conflict ${policy} (12)`, () =>
      at({ scenario: 'deleting-failed', speed: 1 }, async ({ lab }) => {
        const run = await lab('spawn', '--on-conflict', policy);
        assert.deepEqual([run.code, run.stdout], [0, url], run.stderr);
      }));
  }

  it('a deletion whose state says `failed` is followed by wait --for absent (12)', () =>
    at({ scenario: 'deleting-failed', speed: 2 }, async ({ lab }) => {
      assert.equal((await lab('wait', '--for', 'absent')).code, 0);
    }));

  it('`complete` of a dead pod is success, and the next spawn replaces it (1)', () =>
    at({ scenario: 'dead-pod' }, async ({ lab }) => {
      assert.deepEqual([(await lab('spawn')).code, (await lab('status')).code], [0, 0]);
      const again = await lab('spawn', '-o', 'ndjson', '--tag', 'scenario-immediate');
      assert.deepEqual([again.code, resultOf(again.stdout).outcome], [0, 'complete']);
      assert.match(again.stdout, /Deleting existing/);
    }));

  it('`running` of the old lab after a lost create is not taken for the new one’s (13)', () =>
    at({ scenario: 'recreate-lost', speed: 1 }, async ({ lab }) => {
      const run = await lab('spawn', '-vv');
      assert.equal(run.code, 0, run.stderr);
      // The delay before the create is repeated is random: it finds the old lab, the new one's start, or the new lab.
      assert.match(run.stderr, /< 504 to POST[^]*> (POST|GET \S+\/events)/);
    }));

  it('the reason of a failure outlives the restart that forgets the lab (6)', () =>
    at({ scenario: 'failure-forgotten', speed: 2 }, async ({ lab }) => {
      const run = await lab('spawn');
      assert.equal(run.code, 1);
      assert.match(run.stderr, /✖ .*exceeded quota: pods=1/);
    }));

  it('stop retries a deletion that a restart forgets (6)', () =>
    at({ scenario: 'deletion-forgotten', speed: 2 }, async ({ lab }) => {
      assert.equal((await lab('spawn')).code, 0);
      assert.equal((await lab('stop')).code, 0);
      assert.equal((await lab('status')).code, 4);
    }));

  it('a deletion that a restart forgets leaves a lab that runs, which wait finds (6)', () =>
    at({ scenario: 'deletion-forgotten', speed: 2 }, async ({ lab, start }) => {
      assert.equal((await lab('spawn')).code, 0);
      assert.equal((await lab('stop', '--detach')).code, 0);
      const waiting = start('wait');
      const { code, stdout, stderr } = await waiting.finished;
      assert.deepEqual([code, stdout], [0, url], stderr);
    }));

  it('a pod that a restart finds still pending is waited for, though its spawn had timed out (6)', () =>
    at({ scenario: 'spawn-timeout' }, async ({ lab, controller }) => {
      assert.equal((await lab('spawn')).code, 1);
      await controller.restart({ downMs: 10 });
      assert.equal((await lab('wait')).code, 0);
    }));
});
