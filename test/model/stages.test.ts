/**
 * Where the time of a spawn went.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Event } from '../../src/model/event.js';
import type { ConnectionState, Input } from '../../src/model/run-state.js';
import { kindOf, longest, mostStages, Stages, type Stage, type StageKind } from '../../src/model/stages.js';

const event = (at: number, message: string, type: Event['type'] = 'info'): Input => ({
  at,
  time: at,
  kind: 'event',
  event: { type, message, progress: null },
});
const connection = (at: number, state: ConnectionState): Input => ({
  at,
  time: at,
  kind: 'connection',
  state,
  attempt: 1,
  reason: null,
});

function stagesOf(inputs: readonly Input[], { end, own = true }: { end: number; own?: boolean }): string[] {
  const stages = new Stages(0);
  if (own) stages.own();
  for (const input of inputs) stages.take(input);
  return stages.end(end).map(({ kind, text, ms }) => `${kind} ${ms ?? '-'} ${text}`.trim());
}

describe('the stages of a spawn', () => {
  it('last from one event to the next, and to the end', () => {
    assert.deepEqual(
      stagesOf(
        [
          connection(50, 'open'),
          event(60, 'Starting lab creation for ann'),
          event(900, 'Created Kubernetes objects for user lab'),
          event(1_000, 'Pulling image "lab:w_2026_47"'),
          event(63_000, 'quota is low', 'error'),
          event(64_000, 'Container image pulled'),
          event(65_000, 'Lab Kubernetes pod started for ann', 'complete'),
        ],
        { end: 70_000 },
      ),
      [
        'request 60',
        'create 840 Starting lab creation for ann',
        'schedule 100 Created Kubernetes objects for user lab',
        'pull 63000 Pulling image "lab:w_2026_47"',
        'start 1000 Container image pulled',
        'ready 5000 Lab Kubernetes pod started for ann',
      ],
    );
  });

  it('have no time for what had happened before the stream was opened', () => {
    assert.deepEqual(
      stagesOf(
        [
          connection(500, 'open'),
          event(510, 'Starting lab creation for ann'),
          event(510, 'Pulling image "x"'),
          event(9_000, 'Container image pulled'),
        ],
        { end: 10_000, own: false },
      ),
      [
        'request -',
        'create - Starting lab creation for ann',
        'pull - Pulling image "x"',
        'start 1000 Container image pulled',
      ],
    );
  });

  it('are interrupted while there is no connection', () => {
    assert.deepEqual(
      stagesOf(
        [
          event(100, 'Pulling image "x"'),
          connection(5_000, 'lost'),
          connection(5_500, 'retrying'),
          connection(8_000, 'resumed'),
          event(8_001, 'Container image pulled'),
          event(9_000, 'Started container notebook'),
        ],
        { end: 9_500 },
      ),
      [
        'request 100',
        'pull 4900 Pulling image "x"',
        'gap 3000',
        'pull 1 Pulling image "x"',
        'start - Container image pulled',
        'ready 500 Started container notebook',
      ],
    );
  });

  it('are at most a hundred: the longest, and the sum of the others', () => {
    const stages = new Stages(0);
    stages.own();
    let at = 0;
    for (let i = 0; i < 5_000; i++) stages.take(event((at += i % 50 === 0 ? 1_000 : 10), `step ${i}`));
    const found = stages.end(at);
    assert.equal(found.length, mostStages);
    assert.deepEqual(found.at(-1), { kind: 'other', text: '', ms: found.at(-1)?.ms });
    const total = found.reduce((sum, { ms }) => sum + (ms ?? 0), 0);
    assert.equal(total, at);
    assert.equal(found.filter(({ ms }) => ms === 1_000).length, 99);
  });

  it('keep only the beginning of a long message', () => {
    const stages = new Stages(0);
    stages.take(event(1, `${'x'.repeat(199)}\u{1F600}${'y'.repeat(1 << 20)}`));
    const text = stages.end(2)[1]?.text ?? '';
    assert.ok(text.length <= 200);
    assert.doesNotThrow(() => encodeURIComponent(text));
  });
});

describe('the kind of a stage', () => {
  const captures = new URL('../captures/', import.meta.url);
  /** A message, and the capture that it was observed in; null for one that is known from Kubernetes alone. */
  const messages: readonly (readonly [string, StageKind, string | null])[] = [
    ['Starting lab creation for rachel', 'create', 'streams/01-spawn-immediate.W1.json'],
    ['Created Kubernetes objects for user lab', 'schedule', 'streams/01-spawn-immediate.W1.json'],
    ['Autoscaling cluster for reasons', 'scale_up', 'streams/02-spawn-delayed.W1.json'],
    ['Mounting all the things', 'mount', 'streams/02-spawn-delayed.W1.json'],
    ['Pulling image', 'pull', 'streams/02-spawn-delayed.W1.json'],
    ['Shutting down Kubernetes pod', 'delete', 'streams/08-delete-running.W1-during.json'],
    ['Deleting user namespace', 'delete', 'streams/08-delete-running.W1-during.json'],
    ['0/3 nodes are available: 3 Insufficient nvidia.com/gpu', 'schedule', null],
    ["pod didn't trigger scale-up: 1 max node group size reached", 'schedule', null],
    ['pod triggered scale-up: [{default-pool 1->2 (max: 3)}]', 'scale_up', null],
    ['Successfully pulled image "x" in 1m2s', 'start', null],
    ['Created container notebook', 'start', null],
    ['Started container notebook', 'ready', null],
    ['Unable to attach or mount volumes: timed out', 'mount', null],
    ['[info] Pulling image "x"', 'pull', null],
    ['[warning] Deleting existing orphaned lab', 'delete', null],
    ['2026-11-30T10:00:00Z [Warning] 0/3 nodes are available', 'schedule', null],
    ['step 1 of 11', 'other', null],
    ['', 'other', null],
  ];
  for (const [message, kind, capture] of messages) {
    it(`of ${JSON.stringify(message)} is ${kind}`, () => {
      assert.equal(kindOf(message), kind);
      if (capture !== null) assert.ok(readFileSync(new URL(capture, captures), 'utf8').includes(message));
    });
  }

  it('is that of the reason of a Kubernetes event, if there is one', () => {
    assert.equal(kindOf('anything', 'Pulling'), 'pull');
    assert.equal(kindOf('Pulling image "x"', 'NoSuchReason'), 'pull');
    assert.equal(kindOf('x', 'constructor'), 'other');
  });
});

describe('what took most of the time', () => {
  const pull = (ms: number): Stage => ({ kind: 'pull', text: '', ms });

  it('is a kind of stage, summed, that stands out', () => {
    assert.deepEqual(
      longest([pull(30_000), { kind: 'other', text: '', ms: 90_000 }, pull(32_000)], 152_000),
      {
        ms: 62_000,
        doing: 'pulling the image',
      },
    );
  });

  it('is not worth a mention if it is short, or a small part', () => {
    assert.equal(longest([pull(4_000)], 5_000), null);
    assert.equal(longest([pull(20_000)], 100_000), null);
    assert.equal(longest([{ kind: 'pull', text: '', ms: null }], 100_000), null);
  });
});
