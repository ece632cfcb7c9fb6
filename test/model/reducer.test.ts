import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  exitCode,
  exitCodeTable,
  failureKinds,
  signalCodes,
  successKinds,
  type Outcome,
} from '../../src/model/outcome.js';
import {
  advance,
  initialRun,
  type Fact,
  type Goal,
  type Input,
  type RunState,
} from '../../src/model/reducer.js';
import { operationShownBy } from '../../src/backends/nublado/operation.js';
import type { Failure } from '../../src/model/result.js';
import type { Event } from '../../src/model/event.js';
import { testLab } from '../support/lab.js';

const event = (type: Event['type'], message: string, progress: number | null = null): Fact => {
  const operation = operationShownBy({ type, message, progress });
  const shown = operation === null ? {} : { operation };
  return { kind: 'event', event: { type, message, progress }, ...shown };
};
const lab = (status: string): Fact => ({ kind: 'state', lab: testLab(status) });
const noLab: Fact = { kind: 'state', lab: null };
const cleanEnd: Fact = { kind: 'ended', clean: true, reason: null };
const lost: Fact = { kind: 'ended', clean: false, reason: 'cut' };
const broken = (type: Event['type'] | null): Fact => ({
  kind: 'skipped',
  reason: 'not JSON',
  frame: { event: type, data: '' },
  type,
});

function run(goal: Goal, ...facts: Fact[]): RunState {
  return facts.reduce<RunState>(
    (state, fact, i) => advance(state, { at: i, time: i, ...fact }),
    initialRun(goal, { at: 0, time: 0 }),
  );
}

const ending = (goal: Goal, ...facts: Fact[]): [string, string] | null => {
  const { outcome } = run(goal, ...facts);
  return outcome === null ? null : [outcome.kind, outcome.message];
};

describe('a spawn', () => {
  it('is complete with `complete` and failed with `failed`', () => {
    assert.deepEqual(ending('spawn', event('complete', 'up')), ['complete', 'up']);
    assert.deepEqual(ending('spawn', event('failed', 'no')), ['failed', 'no']);
  });

  it('continues after `error`, and uses it as the reason of the failure', () => {
    assert.equal(ending('spawn', event('error', 'why')), null);
    assert.deepEqual(ending('spawn', event('error', 'why'), event('failed', 'no')), ['failed', 'no: why']);
  });

  it('is recognised only by what its backend says that an event shows', () => {
    const first = { kind: 'event', event: { type: 'info', message: '', progress: 25 } } as const;
    assert.equal(run('spawn', first).operation, null);
    assert.equal(run('spawn', { ...first, operation: 'deletion' }).operation, 'deletion');
    assert.equal(run('spawn', first, { ...first, operation: 'deletion' }).operation, null);
  });

  it('holds a `complete` back that still has to be confirmed', () => {
    const following = (goal: Goal, mayBeOld = false): Fact => ({
      kind: 'following',
      goal,
      again: false,
      known: { isProvisional: true, mayBeOld },
    });
    const info = event('info', 'pulling', 10);
    const up = event('complete', 'up', 100);
    const held = run('spawn', following('spawn'), info, up);
    // It ends the stream, but is neither counted nor the last event.
    assert.equal(held.outcome?.kind, 'complete');
    assert.deepEqual(
      [held.events, held.lastEvent?.event.message, held.held?.event.message],
      [1, 'pulling', 'up'],
    );
    assert.equal(held.lastByteAt, 2);
    const checked = run('spawn', following('spawn'), info, up, { kind: 'checking' });
    assert.deepEqual([checked.outcome, checked.held?.event.message], [null, 'up']);
    const confirmed = run(
      'spawn',
      following('spawn'),
      info,
      up,
      { kind: 'checking' },
      { kind: 'confirmed' },
      up,
    );
    assert.deepEqual([confirmed.outcome?.kind, confirmed.events, confirmed.percent], ['complete', 2, 10]);
    // Followed again, the old claim does not count any more.
    assert.equal(run('spawn', following('spawn'), up, { kind: 'checking' }, following('spawn')).held, null);
    // One that may be old is still left to the state, and may be confirmed.
    const old = [following('spawn', true), up];
    assert.deepEqual([run('spawn', ...old).outcome, run('spawn', ...old).completeInDoubt], [null, true]);
    assert.equal(run('spawn', ...old, lab('running'), { kind: 'confirmed' }, up).outcome?.kind, 'complete');
    // A repeated one is held back as well.
    const frame = { at: 5, time: 5, ...up } as Input & { kind: 'event' };
    const repeated = run('spawn', following('spawn'), { kind: 'repeated', frame });
    assert.deepEqual([repeated.events, repeated.held?.event.message], [0, 'up']);
  });

  it('never moves back', () => {
    const percents = [30, 75, 35, 80].map(
      (_, i, all) =>
        run('spawn', ...all.slice(0, i + 1).map((percent) => event('info', '', percent))).percent,
    );
    assert.deepEqual(percents, [30, 75, 75, 80]);
  });

  it('keeps what it knows of the stream that is followed again, and of no other', () => {
    const before = [event('info', 'a', 62), event('error', 'why'), event('failed', 'no')];
    const after = (again: boolean): RunState =>
      run('delete', ...before, { kind: 'following', goal: 'delete', again });
    assert.deepEqual([after(true).percent, after(true).reason], [62, 'why']);
    assert.deepEqual([after(false).percent, after(false).reason], [null, null]);
    for (const { events, outcome, lastEvent } of [after(true), after(false)]) {
      assert.deepEqual([events, outcome, lastEvent?.event.message], [3, null, 'no']);
    }
  });

  it('is decided by an event that is repeated, which is not counted again', () => {
    const repeated = (fact: Fact): Fact => {
      const frame = { at: 9, time: 9, ...fact };
      assert.ok(frame.kind === 'event' || frame.kind === 'skipped');
      return { kind: 'repeated', frame };
    };
    const state = run(
      'spawn',
      event('info', 'a', 30),
      repeated(event('error', 'why')),
      repeated(event('failed', 'no')),
    );
    assert.deepEqual([state.outcome?.kind, state.outcome?.message], ['failed', 'no: why']);
    assert.deepEqual([state.events, state.lastEvent?.event.message, state.lastEventAt], [1, 'a', 0]);
    assert.equal(ending('spawn', repeated(broken('failed')))?.[0], 'failed');
    assert.equal(ending('spawn', repeated(broken('complete')), cleanEnd, lab('running'))?.[0], 'running');
  });

  it('starts over when another operation has replaced it', () => {
    const replaced: Fact = { kind: 'connection', state: 'replaced', attempt: 1, reason: null };
    assert.equal(run('spawn', event('info', '', 75), replaced).percent, null);
  });

  it('is not over when the stream ends', () => {
    assert.equal(ending('spawn', cleanEnd), null);
    assert.equal(ending('spawn', lost), null);
  });

  it('is what the state says it is', () => {
    assert.equal(ending('spawn', lab('running'))?.[0], 'running');
    assert.deepEqual(ending('spawn', noLab), ['failed', 'the lab was removed before it ran']);
    for (const status of ['pending', 'failed', 'terminating', 'terminated', 'something-new']) {
      assert.equal(ending('spawn', lab(status)), null, status);
    }
  });

  it('has failed by its state only without a stream or with an empty one', () => {
    const opened: Fact = { kind: 'connection', state: 'open', attempt: 1, reason: null };
    const retrying: Fact = { ...opened, state: 'retrying' };
    const failed = ['failed', 'the lab has failed'];
    assert.equal(ending('spawn', opened, event('info', 'x', 1), lab('failed')), null);
    assert.deepEqual(ending('spawn', opened, cleanEnd, lab('failed')), failed);
    assert.equal(ending('spawn', opened, lost, lab('failed')), null);
    assert.equal(ending('spawn', opened, cleanEnd, retrying, lab('failed')), null);
    assert.deepEqual(ending('spawn', opened, { ...lab('failed'), emptyFor: 30_000 } as Fact), failed);
    assert.equal(ending('spawn', opened, { ...lab('failed'), emptyFor: 29_999 } as Fact), null);
    const deleted = [event('info', 'Shutting down', 25), event('info', 'Deleted', 100), cleanEnd];
    assert.equal(ending('spawn', ...deleted, lab('failed')), null);
  });

  it('was removed when its stream turns out to be a deletion', () => {
    assert.deepEqual(ending('spawn', cleanEnd, lab('terminating')), [
      'failed',
      'the lab was removed before it ran',
    ]);
    assert.equal(ending('spawn', lost, lab('terminating')), null);
  });

  it('fails with a broken `failed`, and leaves a broken `complete` to the state', () => {
    assert.equal(ending('spawn', event('error', 'why'), broken('failed'))?.[0], 'failed');
    assert.equal(ending('spawn', broken('complete')), null);
    assert.equal(ending('spawn', broken('complete'), cleanEnd, lab('running'))?.[0], 'running');
    assert.equal(ending('spawn', broken('complete'), cleanEnd, lab('failed'))?.[0], 'failed');
  });

  it('passes over other broken frames', () => {
    for (const type of ['info', 'error', null] as const) assert.equal(ending('spawn', broken(type)), null);
  });

  it('is reachable, or in trouble, by what comes of requests', () => {
    const failure = (from: Failure['from'], retry: Failure['retry']): Failure => ({
      kind: 'unknown',
      error: { type: 't', message: 'why', status: null, hint: null },
      retry,
      effect: 'none',
      from,
    });
    const response = (from: 'server' | 'other', failed: Failure | null): Fact => ({
      kind: 'response',
      from,
      failure: failed,
    });
    const retrying: Fact = { kind: 'connection', state: 'retrying', attempt: 2, reason: 'cut' };
    const after = (...facts: Fact[]) => {
      const { reachable, retrying: attempt, trouble, lastContactAt } = run('spawn', retrying, ...facts);
      return [reachable, attempt, trouble?.message, lastContactAt];
    };
    assert.deepEqual(after(response('server', null)), [true, null, 'cut', 1]);
    assert.deepEqual(after(response('server', failure('server', 'never'))), [true, null, 'why', 0]);
    assert.deepEqual(after(response('server', failure('nobody', 'later'))), [false, 2, 'why', 0]);
    assert.deepEqual(after(response('other', null)), [false, null, 'cut', 0]);
    assert.deepEqual(after(response('other', failure('server', 'never'))), [false, 2, 'why', 0]);
  });

  it('takes the decisions of its command, which may go on after an outcome', () => {
    const decided: Fact = { kind: 'decided', outcome: { kind: 'absent', message: 'gone' } };
    assert.deepEqual(ending('spawn', event('complete', 'up'), decided), ['absent', 'gone']);
    const { outcome, lab: known } = run('spawn', decided, { kind: 'lab', lab: testLab('running') });
    assert.equal(outcome?.kind, 'absent');
    assert.equal(known?.phase, 'running');
    assert.equal(ending('events', cleanEnd, { kind: 'polling' }), null);
    assert.equal(ending('spawn', { kind: 'lab', lab: null }), null);
  });

  it('is reachable or not', () => {
    const connection = (state: 'open' | 'lost' | 'retrying' | 'resumed', attempt = 1): Fact => ({
      kind: 'connection',
      state,
      attempt,
      reason: null,
    });
    assert.equal(run('spawn').reachable, false);
    assert.equal(run('spawn', connection('open')).reachable, true);
    assert.equal(run('spawn', connection('open'), connection('lost')).reachable, false);
    assert.equal(run('spawn', connection('lost'), connection('resumed')).reachable, true);
    assert.equal(run('spawn', connection('lost'), lab('pending')).reachable, true);
    // A report of the state counts as reachable, until the next attempt to open the stream.
    const told = [connection('lost'), connection('retrying'), lab('pending')];
    assert.equal(run('spawn', ...told).reachable, true);
    assert.equal(run('spawn', ...told, connection('retrying', 2)).reachable, false);
    // Reopening a stream that ended normally is not trouble, unless the reopening fails.
    const ended = [connection('open'), cleanEnd, connection('retrying')];
    assert.equal(run('spawn', ...ended).reachable, true);
    assert.equal(run('spawn', ...ended, connection('retrying', 2)).reachable, false);
    assert.equal(
      run('spawn', ...ended, connection('resumed'), cleanEnd, connection('retrying', 2)).reachable,
      true,
    );
  });

  it('is not gone because its stream is refused: the state decides', () => {
    const refused = (kind: 'not-found' | 'unauthorized' | 'unknown', retry: 'never' | 'later'): Fact => ({
      kind: 'refused',
      failure: {
        kind,
        error: { type: 't', message: 'no', status: 404, hint: null },
        retry,
        effect: 'none',
        from: 'server',
      },
    });
    assert.equal(ending('spawn', refused('not-found', 'never')), null);
    assert.equal(ending('spawn', refused('not-found', 'never'), lab('running'))?.[0], 'running');
    assert.deepEqual(ending('spawn', refused('not-found', 'never'), noLab), [
      'failed',
      'the lab was removed before it ran',
    ]);
    // The caller that reports such a refusal has stopped retrying.
    assert.equal(ending('spawn', refused('unknown', 'later'))?.[0], 'unknown');
    assert.equal(ending('spawn', refused('unauthorized', 'never'))?.[0], 'unauthorized');
    assert.equal(ending('events', refused('not-found', 'never'))?.[0], 'not-found');
    assert.equal(ending('events', refused('unknown', 'later'))?.[0], 'unknown');
  });

  it('fails with a message even if the controller sends none', () => {
    assert.deepEqual(ending('spawn', event('error', ''), event('failed', '')), [
      'failed',
      'the operation failed',
    ]);
  });

  it('keeps its first outcome', () => {
    assert.equal(ending('spawn', event('complete', 'up'), event('failed', 'no'))?.[0], 'complete');
  });
});

describe('a deletion', () => {
  it('is over when the state says so, or when it fails', () => {
    assert.equal(ending('delete', event('info', 'gone', 100), cleanEnd), null);
    assert.equal(ending('delete', noLab)?.[0], 'absent');
    assert.deepEqual(ending('delete', event('error', 'why'), event('failed', 'no')), ['failed', 'no: why']);
    assert.equal(ending('delete', lab('terminating')), null);
    assert.equal(ending('delete', event('info', 'Starting', 1), event('failed', 'Lab spawn failed')), null);
    assert.equal(ending('delete', event('complete', 'up')), null);
    assert.equal(ending('delete', cleanEnd, lab('failed')), null);
    const begun = event('info', 'Shutting down', 25);
    assert.deepEqual(ending('delete', begun, cleanEnd, lab('failed')), ['failed', 'the deletion failed']);
  });
});

describe('the event stream', () => {
  it('may simply end', () => {
    assert.equal(ending('events', event('info', 'gone', 100), cleanEnd)?.[0], 'ok');
    assert.equal(ending('events', lost), null);
    assert.equal(ending('events', lost, lab('running')), null);
  });

  it('leaves a broken `complete` to the state', () => {
    assert.equal(ending('events', broken('complete'), cleanEnd), null);
    assert.equal(ending('events', broken('complete'), cleanEnd, lab('running'))?.[0], 'running');
    assert.equal(ending('events', broken('complete'), cleanEnd, lab('failed'))?.[0], 'failed');
    assert.equal(ending('events', broken('complete'), cleanEnd, noLab)?.[0], 'ok');
  });
});

describe('exit codes', () => {
  const error = { type: 't', message: 'm', status: null, hint: null };
  const outcomes: Outcome[] = [
    ...successKinds.map((kind) => ({ kind, message: 'm' })),
    ...failureKinds.map((kind) => ({ kind, message: 'm', error })),
    ...(Object.keys(signalCodes) as (keyof typeof signalCodes)[]).map((signal) => ({
      kind: 'interrupted' as const,
      signal,
      message: 'm',
      error,
    })),
  ];

  it('are as promised', () => {
    const codes = outcomes.map((outcome) => [
      outcome.kind === 'interrupted' ? outcome.signal : outcome.kind,
      exitCode(outcome),
    ]);
    assert.deepEqual(Object.fromEntries(codes), {
      ok: 0,
      complete: 0,
      running: 0,
      detached: 0,
      absent: 0,
      pending: 8,
      failed: 1,
      timeout: 124,
      refused: 6,
      unauthorized: 3,
      'not-found': 4,
      conflict: 5,
      unknown: 7,
      usage: 2,
      bug: 70,
      SIGHUP: 129,
      SIGINT: 130,
      SIGPIPE: 141,
      SIGTERM: 143,
    });
  });

  it('are all in the table of the help page, and the table has no others', () => {
    assert.deepEqual(
      [...new Set(outcomes.map(exitCode))].sort((a, b) => a - b),
      exitCodeTable.map(([code]) => code),
    );
  });
});
