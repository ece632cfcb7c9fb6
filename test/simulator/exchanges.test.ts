/**
 * Every captured exchange, replayed against the simulated controller: status, headers and body, byte for byte.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimulatedController } from '../../src/simulator/server.js';
import { exchangeCapture, exchangeCaptures } from '../support/captures.js';
import { serve, start, type Asked } from './client.js';
import { tokens } from './people.js';

const exchangeNames = exchangeCaptures.map(({ name }) => name);
const replayed = new Set<string>();

/** Sends the captured request; `told` fails unless the response equals the captured one. */
function replay(controller: SimulatedController, name: string): Asked {
  replayed.add(name);
  const { request, status, headers, body } = exchangeCapture(name);
  const contentType = name.endsWith('.no-content-type')
    ? {}
    : {
        'content-type': name.endsWith('.form-encoded')
          ? 'application/x-www-form-urlencoded'
          : 'application/json',
      };
  const asked = start(controller, request.path, {
    method: request.method,
    token: request.token === 'None' ? null : request.token,
    // The captured controller's address, which it repeats in `location`.
    headers: { host: '127.0.0.1:8099', ...contentType },
    body: request.body,
  });
  const told = asked.told.then((answer) => {
    assert.equal(answer.body, body, name);
    assert.equal(answer.status, status, name);
    for (const header of ['content-type', 'content-length', 'www-authenticate', 'allow', 'location']) {
      assert.equal(answer.headers[header], headers[header], `${name}: ${header}`);
    }
    return answer;
  });
  return { ...asked, told };
}

const alone = exchangeNames.filter((name) => /^(10b|12|13|16|20)-/.test(name));
for (const name of alone) {
  test(`${name}: response as captured`, async (t) => {
    const down = name.includes('gafaelfawr-down');
    const { controller } = await serve(t, {
      tokens: down ? { 'gt-rachel': { user: 'rachel', delegated: 'down' } } : tokens,
    });
    await replay(controller, name).told;
  });
}

/** Captures that belong together: replayed in order; a number advances the clock by that many ms. */
const stories: Readonly<Record<string, readonly (string | number)[]>> = {
  immediate: ['01-spawn-immediate.create', '01-spawn-immediate.user-status', '01-spawn-immediate.list'],
  delayed: [
    '02-spawn-delayed.create',
    '02-spawn-delayed.list-pending',
    '02-spawn-delayed.user-status-pending',
    '17a-sigterm-during-spawn.create-while-monitored',
    '14-conflicts.create-in-progress-409',
    2000,
    '14-conflicts.create-exists-409',
  ],
  'create-failure': [
    '03-fail-create-pod.create',
    '03-fail-create-pod.list-failed',
    '03-fail-create-pod.user-status-failed',
    '07-recreate-after-failed.create1',
    2000,
    '07-recreate-after-failed.create2',
  ],
  'spawn-timeout': ['06-spawn-timeout.create'],
  happy: ['17a-sigterm-during-spawn.create'],
  conflict: ['14-conflicts.create-in-progress-409'],
};
for (const [scenario, steps] of Object.entries(stories)) {
  test(`${scenario}: every response on the way is as captured`, async (t) => {
    const { controller, clock } = await serve(t, { scenario });
    for (const step of steps) {
      if (typeof step === 'number') clock.advance(step);
      else await replay(controller, step).told;
    }
  });
}

test('08: deletion of a running lab, with everybody who comes in between', async (t) => {
  const { controller, clock } = await serve(t, { scenario: 'immediate' });
  await replay(controller, '08-delete-running.create').told;
  const first = replay(controller, '08-delete-running.delete');
  await first.arrived;
  const second = replay(controller, '08-delete-running.delete2-during');
  await second.arrived;
  await replay(controller, '08-delete-running.create-during-delete').told;
  clock.advance(5000);
  await first.told;
  await second.told;
  await replay(controller, '08-delete-running.delete3-after').told;
  await replay(controller, '08-delete-running.user-status-after').told;
});

const deletions: readonly (readonly [scenario: string, ...steps: string[]])[] = [
  ['immediate', '08b-watch-opened-before-delete.create', '08b-watch-opened-before-delete.delete'],
  ['delayed', '09-delete-during-spawn.create', '09-delete-during-spawn.delete'],
  [
    'immediate',
    ...['create', 'delete', 'create-2', 'delete-2', 'create-4', 'delete-3'].map(
      (step) => `14-conflicts.${step}`,
    ),
  ],
  [
    'immediate',
    ...['create', 'list', 'user-status', 'create-409', 'delete'].map(
      (step) => `17b-restart-while-running.${step}`,
    ),
  ],
];
for (const [scenario, ...steps] of deletions) {
  test(`${steps[0] ?? ''}, and the deletion after it: response as captured`, async (t) => {
    const { controller, clock } = await serve(t, { scenario });
    for (const step of steps) {
      const asked = replay(controller, step);
      await asked.arrived;
      if (exchangeCapture(step).request.method === 'DELETE') clock.advance(5000);
      await asked.told;
    }
  });
}

test('no capture was left out', () => {
  assert.ok(exchangeNames.length > 80);
  assert.deepEqual(
    exchangeNames.filter((name) => !replayed.has(name)),
    [],
  );
});
