/**
 * `followEvents` with a source of another form than the Nublado controller's: its own decoder, and a word that needs to be
 * confirmed. On a clock of its own, so that the times are exact.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  followEvents,
  toSse,
  type EventSource,
  type Failure,
  type FollowEventsOptions,
  type LabState,
  type Phase,
  type Result,
  type Update,
} from '../../src/index.js';
import { FakeClock } from '../support/clock.js';
import { busy, settled } from '../support/hand-fed.js';

/** The response to the nth request for the state; the last one is repeated. */
type States = readonly (Phase | 'none' | Failure)[];

interface Followed {
  shown: string[];
  /** Why connections were lost. */
  reasons: (string | null)[];
  /** When the state was requested, in milliseconds. */
  asked: number[];
}

/** What a stream contains: an event per line, as `TYPE MESSAGE`. `open`: it does not end after that. */
interface Script {
  streams: readonly { lines: readonly string[]; open?: boolean }[];
  states: States;
  isProvisional?: boolean;
}

function result(state: States[number]): Result<LabState | null> {
  if (typeof state === 'object') return { ok: false, failure: state };
  return { ok: true, value: state === 'none' ? null : { status: `hub-${state}`, phase: state } };
}

async function* bodyOf(text: string, open: boolean, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
  if (!open) return;
  await new Promise<void>((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('aborted'));
    });
  });
}

function show(update: Update): string {
  switch (update.kind) {
    case 'event':
      return `${update.event.type} ${update.event.message}`;
    case 'outcome':
      return `outcome ${update.outcome.kind}: ${update.outcome.message}`;
    case 'state':
      return `state ${update.lab === null ? 'none' : String(update.lab['phase'])}`;
    case 'skipped':
      return `skipped ${update.reason}`;
    default:
      return update.kind === 'connection' ? update.state : update.kind;
  }
}

async function play(script: Script, options: FollowEventsOptions = {}): Promise<Followed> {
  const clock = new FakeClock();
  const asked: number[] = [];
  let opened = 0;
  const source: EventSource = {
    events(signal) {
      const { lines, open = false } = script.streams[opened++] ?? { lines: [] };
      const text = lines.map((line) => `data: ${line}\n\n`).join('');
      return Promise.resolve({
        ok: true,
        value: {
          body: bodyOf(text, open, signal),
          decode({ data }) {
            const [, type = '', message = ''] = /^(\S+) (.*)$/.exec(data) ?? [];
            if (type !== 'info' && type !== 'complete' && type !== 'failed')
              return { kind: 'invalid', reason: 'odd', type: null };
            return { kind: 'event', event: { type, message, progress: null } };
          },
          replay: 'unknown',
          heartbeat: 'bytes',
          idleTimeout: 20_000,
        },
      });
    },
    state() {
      asked.push(clock.monotonic());
      const { states } = script;
      return Promise.resolve(result(states[asked.length - 1] ?? states.at(-1) ?? 'none'));
    },
    redact: (text) => text.replaceAll('hunter2', '[secret]'),
    rules: {
      interpret: (state) => ({ phase: state['phase'] as Phase }),
      isProvisional: script.isProvisional ?? true,
    },
  };
  const shown: string[] = [];
  const reasons: (string | null)[] = [];
  const updates = followEvents(source, { clock, random: () => 0.5, ...options });
  const next = async (): Promise<Update | null> => {
    const { value } = await updates.next();
    return value ?? null;
  };
  for (;;) {
    const got: { update?: Update | null } = {};
    const pending = next().then((update) => {
      got.update = update;
    });
    await settled();
    while (!('update' in got)) {
      assert.ok(clock.nextDue !== null && clock.monotonic() < 600_000, `no end: ${shown.join(', ')}`);
      clock.advance(clock.nextDue - clock.monotonic());
      await settled();
    }
    await pending;
    if (got.update === null) break;
    shown.push(show(got.update));
    if (got.update.kind === 'connection' && got.update.state === 'lost') reasons.push(got.update.reason);
  }
  assert.equal(clock.pending, 0);
  return { shown, reasons, asked };
}

const ready = { lines: ['info pulling', 'complete ready at /user/ann/'] };

describe('a `complete` that may be false', () => {
  it('is yielded with the outcome, once two states 2 s apart say that the lab runs', async () => {
    const { shown, asked } = await play({ streams: [ready], states: ['running'] });
    assert.deepEqual(shown, [
      'open',
      'info pulling',
      'state running',
      'complete ready at /user/ann/',
      'outcome complete: ready at /user/ann/',
    ]);
    assert.deepEqual(asked, [0, 2000]);
  });

  it('is not yielded if the lab is gone then, which is confirmed after 3 s', async () => {
    const { shown, asked } = await play({ streams: [ready], states: ['running', 'none', 'none'] });
    assert.deepEqual(shown, [
      'open',
      'info pulling',
      'state none',
      'outcome failed: the lab was removed before it ran',
    ]);
    assert.deepEqual(asked, [0, 2000, 5000]);
  });

  it('waits for a server that is away meanwhile', async () => {
    const states: States = ['running', busy, busy, 'running', busy, 'running', 'running'];
    const { shown } = await play({ streams: [ready, ready, ready, ready, ready], states });
    assert.equal(shown.at(-1), 'outcome complete: ready at /user/ann/');
    assert.equal(shown.filter((line) => line.startsWith('complete')).length, 1);
    assert.ok(shown.includes('retrying'));
  });

  it('is checked at once, also if the stream stays open', async () => {
    const streams = [{ ...ready, open: true }];
    const { shown, asked } = await play({ streams, states: ['running'] }, { quiet: null, idleTimeout: null });
    assert.deepEqual(asked, [0, 2000]);
    assert.equal(shown.at(-1), 'outcome complete: ready at /user/ann/');
    assert.ok(!shown.includes('ended'));
  });

  it('is kept while the lab still starts', async () => {
    const streams = [{ ...ready, open: true }];
    const { shown, asked } = await play({ streams, states: ['starting', 'running'] }, { idleTimeout: null });
    assert.deepEqual(shown.slice(2), [
      'state starting',
      'state running',
      'complete ready at /user/ann/',
      'outcome complete: ready at /user/ann/',
    ]);
    assert.deepEqual(asked, [0, 10_000, 12_000]);
  });

  it('contains no secrets', async () => {
    const streams = [{ lines: ['complete ready, hunter2'] }];
    const { shown } = await play({ streams, states: ['running'] });
    assert.deepEqual(shown.slice(-2), ['complete ready, [secret]', 'outcome complete: ready, [secret]']);
  });

  it('is confirmed for the goal `events` as well', async () => {
    const { shown } = await play({ streams: [ready], states: ['running'] }, { goal: 'events' });
    assert.equal(shown.at(-1), 'outcome complete: ready at /user/ann/');
    const gone = await play({ streams: [ready], states: ['running', 'none'] }, { goal: 'events' });
    assert.deepEqual(gone.shown.slice(-2), ['state none', 'outcome ok: the stream ended']);
  });
});

describe('without a `complete`', () => {
  const cutShort = { lines: ['info pulling'] };

  it('two states decide alone', async () => {
    const streams = [cutShort, cutShort];
    const { shown, asked } = await play({ streams, states: ['starting', 'running'] });
    assert.deepEqual(shown.slice(-2), ['state running', 'outcome running: the lab is running']);
    assert.equal((asked[2] ?? 0) - (asked[1] ?? 0), 2000);
  });

  it('a lab that is missing only for a moment is not gone', async () => {
    const streams = [cutShort, ready];
    const { shown } = await play({ streams, states: ['none', 'starting', 'running'] });
    assert.equal(shown.at(-1), 'outcome complete: ready at /user/ann/');
    assert.ok(!shown.includes('state none'));
  });

  it('a `failed` is the outcome at once', async () => {
    const { shown, asked } = await play({ streams: [{ lines: ['failed no quota'] }], states: ['none'] });
    assert.deepEqual(shown, ['open', 'failed no quota', 'outcome failed: no quota']);
    assert.deepEqual(asked, []);
  });
});

describe('a source with its own decoder, whose word counts', () => {
  it('ends with its `complete`, and no state is requested', async () => {
    const { shown, asked } = await play({ streams: [ready], states: ['none'], isProvisional: false });
    assert.deepEqual(shown.slice(-2), [
      'complete ready at /user/ann/',
      'outcome complete: ready at /user/ann/',
    ]);
    assert.deepEqual(asked, []);
  });

  it('reconnects after its own idle timeout, unless another one is given', async () => {
    const streams = [{ lines: ['info pulling'], open: true }, ready];
    const follow = async (options: FollowEventsOptions): Promise<string | null | undefined> => {
      const script: Script = { streams, states: ['starting'], isProvisional: false };
      const { reasons, shown } = await play(script, { quiet: null, ...options });
      assert.ok(shown.includes('complete ready at /user/ann/'));
      return reasons[0];
    };
    assert.equal(await follow({}), 'no byte for 20 s');
    assert.equal(await follow({ idleTimeout: 7_000 }), 'no byte for 7 s');
  });

  it('may say why a lab failed, and that nothing is left of it', async () => {
    const source: EventSource = {
      events: (signal) => Promise.resolve({ ok: true, value: bodyOf(': ping\n\n', true, signal) }),
      state: () => Promise.resolve({ ok: true, value: { status: 'no quota' } }),
      rules: { interpret: ({ status }) => ({ phase: 'failed', reason: status, gone: true }) },
    };
    const shown: string[] = [];
    for await (const update of followEvents(source, { quiet: 1 })) shown.push(show(update));
    assert.equal(shown.at(-1), 'outcome failed: no quota');
  });
});

describe('a source of bytes', () => {
  it('is read in the form of the Nublado controller', async () => {
    const text = toSse({ type: 'complete', message: 'up', progress: null });
    const shown: string[] = [];
    const source: EventSource = {
      events: (signal) => Promise.resolve({ ok: true, value: bodyOf(text, false, signal) }),
      state: () => Promise.resolve({ ok: true, value: null }),
    };
    for await (const update of followEvents(source)) shown.push(show(update));
    assert.deepEqual(shown, ['open', 'complete up', 'outcome complete: up']);
  });
});
